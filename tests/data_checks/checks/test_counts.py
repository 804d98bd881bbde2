"""Media findings and the balance of counts."""

from pathlib import Path

import pandas as pd
import pytest

from data_checks.checks.balance import TableCounts, check_balance, count_tables
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


def _quarantine(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"table": ["products"] * rows, "reason": ["price cannot be read"] * rows})


def test_counts_that_add_up_pass() -> None:
    counts = count_tables({"products": 100, "events": 5}, {"products": 92, "events": 5}, _quarantine(8))
    assert counts["products"] == TableCounts(100, 92, 8)
    report = check_balance(counts, SETTINGS, quarantine=_quarantine(8))
    assert report.passed
    assert report.extra["reasons"] == {"products: price cannot be read": 8}


@pytest.mark.parametrize(("clean", "word"), [(91, "1 lost"), (93, "1 too many")])
def test_a_row_lost_or_counted_twice_stops_the_chain(clean: int, word: str) -> None:
    report = check_balance(count_tables({"products": 100}, {"products": clean}, _quarantine(8)), SETTINGS)
    assert not report.passed
    assert word in report.cause


def test_too_many_refused_products_stop_and_events_only_warn() -> None:
    products = check_balance({"products": TableCounts(100, 85, 15)}, SETTINGS)
    assert not products.passed
    assert "15.0% refused" in products.cause
    events = check_balance({"events": TableCounts(100, 85, 15)}, SETTINGS)
    assert events.passed
    assert events.statistics["failed_warnings"] == 1
