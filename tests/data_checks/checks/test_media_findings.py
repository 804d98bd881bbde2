"""Media findings: how many may be refused."""

from pathlib import Path

import pandas as pd
import pytest

from catalog.media.addresses import NOT_FETCHED
from data_checks.checks.media import check_media
from shelfspace.settings import Settings

SETTINGS = Settings()


def _findings(photos: int, bad: int) -> pd.DataFrame:
    table = pd.DataFrame(
        {"key": [f"{i}.jpg" for i in range(photos)], "kind": "photo", "ok": True, "reason": "", "field": "",
         "value": ""}
    )  # fmt: skip
    table.loc[: bad - 1, ["ok", "reason", "value"]] = [False, "the file ends early", "12 bytes"]
    return table


@pytest.mark.parametrize(("bad", "passed", "warnings"), [(0, True, 0), (10, True, 1), (11, False, 1)])
def test_media_beyond_the_share_stop_the_chain(bad: int, passed: bool, warnings: int) -> None:
    report = check_media(_findings(100, bad), SETTINGS)
    assert report.passed is passed
    assert report.statistics["failed_warnings"] == warnings
    assert report.statistics["failing_rows"] == len(report.failures) == bad
    if bad:
        assert report.extra["reasons"] == {"the file ends early": bad}
        assert f"{bad} of 100 fail" in report.cause


def test_a_catalogue_without_media_passes(tmp_path: Path) -> None:
    report = check_media(_findings(0, 0), SETTINGS, tmp_path)
    assert report.passed
    assert 'id="media"' in (tmp_path / "index.html").read_text()


def test_web_addresses_are_told_and_stop_nothing() -> None:
    findings = _findings(60, 60)
    findings["reason"] = NOT_FETCHED
    report = check_media(findings, SETTINGS)
    assert report.passed
    assert "60 photos are web addresses; none is fetched" in report.cause
    assert "shelfspace fetch-media" in report.cause
    assert set(report.failures["rule"]) == {"photo_addresses"}


def test_broken_files_beside_addresses_are_judged_by_themselves() -> None:
    findings = _findings(100, 12)
    findings.loc[20:, ["ok", "reason"]] = [False, NOT_FETCHED]  # 20 files, of which 12 are broken
    report = check_media(findings, SETTINGS)
    assert not report.passed
    assert "12 of 20 fail (60.0%)" in report.cause
    assert "80 photos are web addresses" in report.cause
