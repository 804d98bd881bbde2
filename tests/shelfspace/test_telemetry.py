"""The room loads without its heavy libraries, and keeps their telemetry off."""

import subprocess
import sys

import pytest

from shelfspace.telemetry import QUIET, quiet_telemetry


def test_the_modules_load_no_heavy_library() -> None:
    code = (
        "import sys, data_checks.validation.validate, data_checks.checks.media, data_checks.checks.balance,"
        "data_checks.drift.report,"
        "data_checks.drift.reference, data_checks.drift.dashboard\n"
        "heavy = ('great_expectations', 'evidently', 'sklearn', 'torch', 'dagster')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_telemetry_is_off_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "0")
    quiet_telemetry()
    import os

    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["BENTOML_DO_NOT_TRACK"].lower() == "true"
    assert os.environ["DVC_NO_ANALYTICS"] == "0"
