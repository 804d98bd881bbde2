"""The gate's and the drift report's verdicts as checks: seen, never in the way, quiet without a judgement."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from assets.evaluation import gate_check
from assets.lib.presentation import table_fact
from assets.monitoring import drift
from releases.champion import note_verdict
from releases.gate import Verdict, decide
from releases.gate.pictures import lines_table
from shelfspace.files import read_json, write_json
from shelfspace.settings import Gate
from shelfspace.workspace import Workspace
from tests.releases.gate_tables import judged, outcomes, worse

WARN = dg.AssetCheckSeverity.WARN


def test_a_refused_challenger_warns_with_the_reason() -> None:
    verdict = Verdict(
        False, ["accuracy is low", "F1 is fine", "no prices"], ["accuracy is low"], ["no prices"]
    )
    said = gate_check(verdict, verdict.reasons)
    assert (said.passed, said.severity) == (False, WARN)
    assert said.description == "Refused: accuracy is low"
    assert {name: value.value for name, value in said.metadata.items()} == {"refusals": 1, "judged": 2}


def test_a_promoted_challenger_passes_and_says_by_what() -> None:
    said = gate_check(Verdict(True, ["accuracy is fine"]), ["accuracy is fine"])
    assert said.passed
    assert said.description == "Promoted: accuracy is fine"


def test_the_check_and_the_workspace_show_what_was_compared(tmp_path: Path) -> None:
    champion = outcomes()
    verdict = decide(judged(worse(champion, 0.2, "Rugs")), judged(champion), Gate())
    workspace = Workspace(tmp_path / "shop", "shop")
    sentences = note_verdict(workspace, verdict, "fp")
    table = lines_table(verdict.lines)
    said = gate_check(verdict, sentences, {"compared": table_fact(table)["table"]["rows"]})
    assert said.metadata["compared"].value[0][0] == "accuracy"
    assert table["verdict"].tolist()[:3] == ["worse", "not worse", "veto"]  # then the nearest to their margin
    assert table["figure"][2] == "recall of Rugs (100 products)"
    kept = read_json(workspace.evaluation / "gate" / "verdict.json")
    assert (kept["promoted"], kept["undecided"]) == (False, False)
    assert len(kept["compared"]) == len(verdict.lines)
    assert (workspace.evaluation / "gate" / "forest.png").read_bytes().startswith(b"\x89PNG")


def test_the_champion_is_not_judged_against_itself() -> None:
    said = gate_check(None, [])
    assert said.passed
    assert "Nothing was judged" in str(said.description)


MOVED = {"drifted": True, "judged": True}
QUIET = {"drifted": False, "judged": True}
UNKNOWN = {"drifted": False, "judged": False}


@pytest.mark.parametrize(
    ("compared", "action", "passed", "said"),
    [
        ({"catalogue": MOVED, "traffic search": UNKNOWN}, "retrain", False, "retrain: price moved"),
        ({"catalogue": QUIET, "traffic search": UNKNOWN}, "none", True, "No drift in catalogue."),
        ({"traffic search": UNKNOWN}, "none", True, "Nothing was judged: too few rows."),
        ({"traffic search": QUIET}, "alert", True, "alert: price moved"),
    ],
)
def test_drift_warns_with_what_follows_and_why(
    tmp_path: Path, compared: dict[str, Any], action: str, passed: bool, said: str
) -> None:
    reason = "price moved" if action != "none" else "nothing has moved"
    write_json(
        tmp_path / "verdict.json",
        {
            "champion": "c",
            "drifted": not passed,
            "decision": {"action": action, "reason": reason},
            "compared": compared,
        },
    )
    answer = drift(SimpleNamespace(folder=lambda asset: tmp_path))
    assert isinstance(answer, dg.AssetCheckResult)
    assert (answer.passed, answer.severity, answer.description) == (passed, WARN, said)
    assert answer.metadata["decision"].value == action
