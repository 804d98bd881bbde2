"""The map of vectors is drawn when enough of them changed, and kept until then."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.evaluation import map_kept, pictures
from models.evaluation.map_kept import MAP, draw_or_keep


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []

    def draw(vectors: np.ndarray, labels: np.ndarray) -> bytes:
        calls.append(len(vectors))
        return b"map %d" % len(calls)

    monkeypatch.setattr(pictures, "embedding_map", draw)
    return calls


def test_few_changes_keep_it_and_small_ones_add_up(tmp_path: Path, drawn: list[int]) -> None:
    table = pd.DataFrame({"product_id": [str(i) for i in range(20)], "label": "Shoes"})
    vectors = np.eye(20, dtype=np.float32)
    before = tmp_path / "none"
    for step, (model, changed, kept) in enumerate(
        [
            ("m", 0, False),
            ("m", 0, True),
            ("m", 1, True),
            ("m", 2, False),
            ("m", 0, True),
            ("other", 0, False),
        ]
    ):
        vectors = vectors.copy()
        vectors[:changed] *= 2
        folder = tmp_path / str(step)
        folder.mkdir()
        said = draw_or_keep(before, table, vectors, model, 0.1, folder)
        assert bool(said) is kept, step
        assert (folder / MAP).read_bytes() == b"map %d" % len(drawn)
        before = folder
    assert len(drawn) == 3
    assert map_kept.DRAWN in {p.name for p in before.iterdir()}
