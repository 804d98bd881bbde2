"""docs/notebook.md: its blocks are run as they stand, on a small catalogue."""

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from catalog.sample import build_sample
from tests.conftest import PROJECT

SMALL = {
    "training": {"epochs": 2, "patience": 2, "device": "cpu"},
    "model": {"width": 32, "dim": 32},
    "preprocessing": {"image_size": 32, "vocabulary": 300, "sound_seconds": 1.0},
    "evaluation": {"bootstrap": 20},
}
PAGE = "docs/notebook.md"
STAGES = "## Each stage by itself"


def blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def run(part: str, names: dict[str, Any]) -> list[pd.DataFrame]:
    """Run the blocks of a part in order; gives the tables that they would show."""
    shown: list[pd.DataFrame] = []
    for block in blocks(part):
        for node in ast.parse(block).body:
            if isinstance(node, ast.Expr):
                value = eval(compile(ast.Expression(node.value), PAGE, "eval"), names)
                shown += [value] if isinstance(value, pd.DataFrame) else []
            else:
                exec(compile(ast.Module([node], []), PAGE, "exec"), names)
    return shown


@pytest.mark.slow
def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROJECT / PAGE).read_text()
    use, stages = text.split(STAGES)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(SMALL))
    build_sample(tmp_path / "notebook" / "catalog" / "sample", products=150)
    names: dict[str, Any] = {}
    run(stages, names)
    assert names["vectors"].shape == (len(names["products"]), 32)
    assert len(names["cleaned"].quarantine) > 0
    assert 0 <= names["figures"]["overall"]["accuracy"] <= 1
    assert len(names["mine"].search("mug", k=3)) == 3

    (tmp_path / "sample").symlink_to(tmp_path / "notebook")
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path))
    names = {}
    tables = run(use, names)
    assert len(tables) == 7
    assert all(len(table) for table in tables)
    assert names["vectors"].shape == (2, 32)
    np.testing.assert_allclose(np.linalg.norm(names["vectors"], axis=1), 1, atol=1e-4)
