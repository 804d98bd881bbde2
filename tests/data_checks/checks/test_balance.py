"""Rows that must add up, and how many of a table may be refused."""

from pathlib import Path

import pytest

from catalog.cleaning.losses import Reason, TableLoss
from data_checks.checks.balance import check_balance
from shelfspace.settings import Settings

SETTINGS = Settings()
UNREAD = Reason("price", "price cannot be read", 8, "p1", "about 12")


def test_counts_that_add_up_pass() -> None:
    report = check_balance(
        [TableLoss("products", 100, 92, 8, (UNREAD,)), TableLoss("events", 5, 5, 0)], SETTINGS
    )
    assert report.passed
    assert report.extra["reasons"] == {"products: price cannot be read": 8}
    assert report.extra["tables"] == {"products": [100, 92, 8], "events": [5, 5, 0]}


@pytest.mark.parametrize(("clean", "word"), [(91, "1 lost"), (93, "1 too many")])
def test_a_row_lost_or_counted_twice_stops_the_chain(clean: int, word: str) -> None:
    report = check_balance([TableLoss("products", 100, clean, 8)], SETTINGS)
    assert not report.passed
    assert word in report.cause


def test_too_many_refused_products_stop_and_events_only_warn() -> None:
    products = check_balance([TableLoss("products", 100, 85, 15)], SETTINGS)
    assert not products.passed
    assert "15 of 100 refused (15.0%)" in products.cause
    events = check_balance([TableLoss("events", 100, 85, 15)], SETTINGS)
    assert events.passed
    assert events.statistics["failed_warnings"] == 1


@pytest.mark.parametrize("table", ["events", "stock"])
def test_most_of_a_table_refused_stops_the_chain_with_the_reason_and_the_remedy(table: str) -> None:
    reason = Reason("time", "not a time; give ISO 8601", 400, "p7", "31/01/2026")
    assert check_balance([TableLoss(table, 400, 200, 200, (reason,))], SETTINGS).passed
    report = check_balance([TableLoss(table, 400, 0, 400, (reason,))], SETTINGS)
    assert not report.passed
    for word in (
        "400 of 400 refused (100.0%)",
        "not a time",
        "'31/01/2026' of p7",
        "validation.max_refused_share",
    ):
        assert word in report.cause
    allowed = Settings(validation={"max_refused_share": 1.0})  # type: ignore[arg-type]
    assert check_balance([TableLoss(table, 400, 0, 400, (reason,))], allowed).passed


def test_the_page_shows_what_is_refused(tmp_path: Path) -> None:
    check_balance([TableLoss("products", 100, 85, 15, (UNREAD,))], SETTINGS, tmp_path)
    assert "about 12" in (tmp_path / "index.html").read_text()
