"""How much of ours one warm search by words runs: modules that it enters, and Python calls."""

import json
import os
import subprocess
import sys

import pytest

from shelfspace.workspace import PROJECT
from tests.bentos.shop import Shop

COUNTER = PROJECT / "benchmarks" / "serving" / "calls.py"
MODULES, CALLS = 42, 217
"""Of a query that was asked before; counted: 38 and 202, eight of the modules for what shoppers mean by their
words: typing errors, prices, marks, colours, floors. An index that is not exact adds two modules."""
NEW_MODULES, NEW_CALLS = 61, 325
"""Of a query that the service encodes, by eager PyTorch."""


@pytest.fixture(scope="module")
def counted(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("counted")
    settings = folder / "params.yaml"
    settings.write_text(json.dumps({"service": {"encoder": "eager"}}))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHELFSPACE_", "BENTOML_"))}
    told = {**kept, "SHELFSPACE_SETTINGS": str(settings), "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-P", str(COUNTER), "--workspace", str(shop.workspace.root)]
    found = folder / "found.json"
    subprocess.run([*command, "--text", "blue shoe", "--json", str(found)], env=told, check=True, timeout=300)
    return json.loads(found.read_text())


def test_a_query_asked_before_runs_little(counted: dict) -> None:
    assert counted["modules"] <= MODULES, counted["by_file"]
    assert counted["calls"] <= CALLS, counted["by_function"]
    encoding = [file for file in counted["by_file"] if file.startswith("models/")]
    assert encoding == []


def test_a_new_query_runs_the_encoder_and_little_else(counted: dict) -> None:
    new = counted["new_query"]
    assert new["modules"] <= NEW_MODULES, new["by_file"]
    assert new["calls"] <= NEW_CALLS, new["by_function"]
    assert "models/inference/product_encoder.py" in new["by_file"]
