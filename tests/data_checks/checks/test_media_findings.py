"""Media findings: how many may be refused."""

from pathlib import Path

import pandas as pd
import pytest

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
