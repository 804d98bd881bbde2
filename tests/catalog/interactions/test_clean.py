"""What of the service's events is kept, and what of them joins the sales log."""

import time
from pathlib import Path

import pandas as pd

from catalog.contract import EVENT_COLUMNS, INTERACTION_COLUMNS, QUARANTINE_COLUMNS
from catalog.interactions.clean import CleanedInteractions, clean_interactions, shopper_events
from catalog.interactions.log import InteractionLog
from catalog.interactions.reading import read_interactions
from catalog.interactions.table import RefusedEvent
from data_checks.suites import Surroundings, suite_named
from shelfspace.settings import Settings
from tests.catalog.interactions.test_log import seen

NOW = pd.Timestamp("2026-05-01T10:00:00Z")
LOG = pd.DataFrame(
    [["u1", "P1", "purchase", 2, 5.0, NOW, "o1"], ["u1", "P2", "purchase", 1, 5.0, NOW, "o1"]],
    columns=list(EVENT_COLUMNS),
).astype({"time": "datetime64[us, UTC]"})


def cleaned(folder: Path, *events: dict, refused: tuple[RefusedEvent, ...] = ()) -> CleanedInteractions:
    log = InteractionLog(folder / "interactions.db", days=10_000)
    told = {"time": NOW.timestamp()}
    log.add([seen(n, **{**told, **one}) for n, one in enumerate(events)], refused)
    log.close()
    return clean_interactions(*read_interactions(folder), ("P1", "P2"))


def broken(table: pd.DataFrame, suite: str = "interactions") -> set[str]:
    """Rules of the suite that some row breaks."""
    rules = suite_named(suite).rules(Settings(), Surroundings(product_ids={"P1", "P2"}))
    asked = [rule for rule in rules if rule.holds is not None and rule.applies(table)]
    assert len(asked) >= 4
    return {rule.name for rule in asked if not rule.mask(table).all()}


def test_nothing_gives_empty_tables_of_the_same_columns(tmp_path: Path) -> None:
    found = clean_interactions(*read_interactions(tmp_path), ("P1",))
    assert tuple(found.kept) == INTERACTION_COLUMNS
    assert tuple(found.refused) == QUARANTINE_COLUMNS
    assert not len(found.kept) + len(found.refused)
    assert shopper_events(LOG, found.kept)[0] is LOG
    assert not broken(found.kept)


def test_what_is_refused_later_says_why_and_names_no_shopper(tmp_path: Path) -> None:
    found = cleaned(
        tmp_path,
        {"position": 3},
        {"product_id": "gone", "user_id": "u1", "session": "s9"},
        {"time": time.time() + 9e6},
        refused=(RefusedEvent("e9", "click", "position", "0", "count from 1"),),
    )
    assert found.kept["event_id"].tolist() == ["e0"]
    assert found.kept["position"].tolist() == [3]
    assert found.refused["id"].tolist() == ["e9", "e1", "e2"]
    assert found.refused["field"].tolist() == ["position", "product_id", "time"]
    assert found.refused["reason"].ne("").all()
    assert "u1" not in found.refused.to_json()
    assert "s9" not in found.refused.to_json()
    assert not broken(found.kept)
    assert not broken(found.refused, "quarantine")


def test_the_suite_finds_what_cleaning_would_never_leave(tmp_path: Path) -> None:
    kept = cleaned(tmp_path, {}, {"kind": "purchase", "keyed": True}, {}, {"position": 2}).kept
    twice = pd.concat([kept, kept.head(1)], ignore_index=True)
    assert broken(twice) == {"event_once"}
    for rule, change in {
        "keyed_sales": {"keyed": False},
        "position_from_1": {"position": 0},
        "interaction_kind": {"kind": "wish"},
        "interaction_past": {"time": NOW + pd.Timedelta("9000D")},
        "product_known": {"product_id": "P9"},
    }.items():
        assert broken(kept.assign(**change)) == {rule}


def test_a_purchase_that_the_sales_log_has_counts_once(tmp_path: Path) -> None:
    bought = {"kind": "purchase", "keyed": True, "user_id": "u1"}
    found = cleaned(
        tmp_path,
        {**bought, "order_id": "o1"},  # in the log
        {**bought, "product_id": "P2"},  # in the log, by shopper and day
        {**bought, "order_id": "o2", "quantity": 3, "unit_price": 4.0},
        {**bought, "time": NOW.timestamp() + 86_400},
    )
    events, both = shopper_events(LOG, found.kept)
    assert both == 2
    assert len(events) == 4
    assert tuple(events) == EVENT_COLUMNS
    assert events["quantity"].tolist() == [2, 1, 3, 1]
    assert events.dtypes.equals(LOG.dtypes)


def test_a_visit_counts_once_for_a_product_and_nobody_s_clicks_are_no_events(tmp_path: Path) -> None:
    clicks = [{"user_id": "u2"}] * 50
    found = cleaned(
        tmp_path,
        *clicks,
        {"kind": "impression", "user_id": "u2"},
        *[{}] * 50,
        *[{"kind": "cart", "keyed": True}] * 3,
    )
    events, _ = shopper_events(LOG, found.kept)
    page = events[~events["user_id"].eq("u1")]
    assert page["event"].tolist() == ["view", "cart"]
    assert page["user_id"].iloc[1].startswith("visit-")
