"""The audit step: it fails on what is known, and does not call well what it could not look up."""

import json
import runpy
import subprocess
import types
from pathlib import Path

import pytest

from tests.conftest import PROJECT

KNOWN = {"id": "X-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}


@pytest.fixture
def audit() -> dict:
    return runpy.run_path(str(PROJECT / ".ci" / "audit.py"))


def answering(packages: list[dict] | None, said: str = "") -> types.SimpleNamespace:
    """A stand-in for the subprocess module whose pip-audit reports these packages."""

    def run(command: list[str], **_: object) -> object:
        if packages is not None:
            Path(command[-1]).write_text(json.dumps({"dependencies": packages}))
        return types.SimpleNamespace(stderr=said)

    return types.SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 packages looked up, 0 not, 0 vulner"),
        ([{"name": "a", "version": "1", "vulns": [KNOWN]}], 1, "a 1: X-1, fixed in 2.0"),
        ([{"name": "a", "skip_reason": "unknown"}], 0, "NOT DONE"),
        ([], 0, "NOT DONE"),
        (None, 0, "NOT DONE"),
    ],
)
def test_what_it_says(
    audit: dict, capsys: pytest.CaptureFixture, packages: list | None, status: int, words: str
) -> None:
    audit["main"].__globals__["subprocess"] = answering(packages, "no route to host")
    assert audit["main"]() == status
    assert words in capsys.readouterr().out


def test_it_does_not_hang(audit: dict, capsys: pytest.CaptureFixture) -> None:
    assert audit["main"](seconds=0.05) == 0
    assert "no answer within" in capsys.readouterr().out
