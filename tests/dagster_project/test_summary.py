"""What a run ends with: what to type next, and why there is nothing to serve."""

from pathlib import Path

import pytest

from dagster_project.summary import next_steps
from shelfspace.files import write_json
from shelfspace.workspace import Workspace


@pytest.mark.parametrize("promoted", [None, True])
def test_without_a_release_and_without_a_refusal_the_chain_is_named(
    tmp_path: Path, promoted: bool | None
) -> None:
    workspace = Workspace.open("tiny", tmp_path)
    if promoted is not None:
        write_json(workspace.evaluation / "gate" / "verdict.json", {"promoted": promoted, "reasons": []})
    said = next_steps(workspace)
    assert said == "Nothing is released yet in workspace tiny; run: make demo CATALOG=tiny"


def test_a_refused_first_model_ends_in_what_to_change(tmp_path: Path) -> None:
    workspace = Workspace.open("tiny", tmp_path)
    write_json(workspace.evaluation / "gate" / "verdict.json", {"promoted": False, "reasons": ["too low"]})
    said = next_steps(workspace)
    assert "the gate refused its first model" in said
    for word in ("label_level", "training.epochs", "make tune CATALOG=tiny", "gate.min_lift", "make demo"):
        assert word in said
