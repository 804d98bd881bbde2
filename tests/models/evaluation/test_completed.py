"""A completed modality is compared with the mean on rows that lack one, and the model is left as it was."""

import numpy as np
import pytest

from models.evaluation.completed import completion_compared
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of

ROWS = 120
SEEN = ("audio", "tabular")


def trained(folder, completion: str, missing: float) -> tuple:
    table, labels, log_price = features_table(ROWS, SEEN, missing=missing)
    settings = quick_settings(model={"completion": completion}, training={"epochs": 1})
    train(
        table, labels, list(CLASSES), log_price, splits_of(ROWS), settings,
        featurizer_dir=None, out=folder / "model", scratch=folder / "scratch", progress=False, settle=False,
    )  # fmt: skip
    return ProductEncoder.load(folder / "model"), table, labels


@pytest.mark.parametrize(
    ("completion", "missing", "said"),
    [("token", 0.3, "makes no vectors up"), ("nearest", 0.0, "has all modalities"), ("nearest", 0.4, None)],
)
def test_what_is_made_up_is_compared_with_the_mean(tmp_path, completion, missing, said):
    encoder, table, labels = trained(tmp_path, completion, missing)
    sides, own = splits_of(ROWS), encoder.network.completion
    before = encoder.embed_features(table)
    learnt, judged = (np.flatnonzero(sides == name) for name in ("train", "test"))
    found = completion_compared(encoder, table, labels, learnt, judged)
    if said is not None:
        assert said in found
        return
    lacking = ~np.stack([part.present for part in table.modalities.values()], axis=1).all(axis=1)
    assert found["rows"] == lacking[judged].sum() > 0
    assert set(found["rivals"]) == {"mean"}
    assert encoder.network.completion is own
    assert np.array_equal(encoder.embed_features(table), before)
