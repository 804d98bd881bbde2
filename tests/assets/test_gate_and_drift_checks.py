"""The gate's and the drift report's verdicts as checks: seen, never in the way, quiet without a judgement."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from assets.evaluation import gate_check
from assets.monitoring import drift
from releases.gate import Verdict
from shelfspace.files import write_json

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


def test_the_champion_is_not_judged_against_itself() -> None:
    said = gate_check(None, [])
    assert said.passed
    assert "Nothing was judged" in str(said.description)


def found(drifted: bool, judged: bool) -> dict[str, Any]:
    return {"drifted": drifted, "judged": judged, "cause": "price moved" if drifted else ""}


@pytest.mark.parametrize(
    ("compared", "passed", "said"),
    [
        ({"catalogue": found(True, True), "traffic": found(False, False)}, False, "catalogue: price moved"),
        ({"catalogue": found(False, True)}, True, "No drift in catalogue."),
        ({"traffic": found(False, False)}, True, "Nothing was judged: too few rows."),
    ],
)
def test_drift_warns_with_its_cause(tmp_path: Path, compared: dict, passed: bool, said: str) -> None:
    cause = "; ".join(f"{name}: {each['cause']}" for name, each in compared.items() if each["drifted"])
    write_json(
        tmp_path / "verdict.json",
        {"champion": "c", "drifted": bool(cause), "cause": cause, "compared": compared},
    )
    answer = drift(SimpleNamespace(folder=lambda asset: tmp_path))
    assert isinstance(answer, dg.AssetCheckResult)
    assert (answer.passed, answer.severity, answer.description) == (passed, WARN, said)
