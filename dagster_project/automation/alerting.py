"""The alert sensor: looks at what is wrong, tells people, and shows it as an asset of the Dagster UI."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import dagster as dg

from assets.lib.presentation import shown_table
from assets.lib.shop import Shop
from dagster_project.automation.alarms import present_alerts
from dagster_project.automation.ledger_page import judged
from shelfspace.alerts import (
    PAGE,
    Alert,
    Book,
    alert_rows,
    post,
    read_book,
    tell,
    webhook_address,
    write_book,
    write_page,
)
from shelfspace.errors import ArtifactError, SettingsError
from shelfspace.hashing import fingerprint
from shelfspace.settings.alerts import Alerts
from shelfspace.workspace import Workspace

__all__ = ["ALERTS", "ALL_IS_WELL", "alert_events"]

ALERTS = dg.AssetSpec(
    "alerts",
    description="What is wrong now and what was: failed runs, deliveries that wait, refused releases, drift, "
    "stale data, failing sensors, a full disk. The alert sensor keeps it up to date; no run makes it.",
    group_name="monitoring",
    owners=["team:serving"],
)
SHOWN = 50
COLUMNS = ("state", "said", "since")
"""Of the asset's page, which is narrow; alerts.html has them all."""


def verdict_on(book: Book) -> dict[str, Any]:
    """The verdict on what is open."""
    return judged([alert.said for alert in book.open.values()], "Nothing is wrong.")


@dg.asset_check(asset=ALERTS.key, description="No alert is open. It stops nothing.")
def all_is_well(shop: Shop) -> dg.AssetCheckResult:
    """What the alert sensor found at its last look."""
    return dg.AssetCheckResult(**verdict_on(read_book(shop.workspace.state)))


ALL_IS_WELL = all_is_well


def alert_events(
    instance: dg.DagsterInstance, workspace: Workspace, settings: Alerts, before: str | None
) -> tuple[list[dg.AssetMaterialization | dg.AssetCheckEvaluation], str, str]:
    """Look at what is wrong, tell it, and write the book and the page.

    A book that is damaged, or a webhook's file that is not usable, is one more thing that is wrong.

    Args:
        before: what the last look gave.

    Returns:
        the events of the asset, [] where nothing changed; what identifies what they show; a sentence for
        the tick.
    """
    now = datetime.now(UTC)
    present = present_alerts(instance, workspace, settings, now)
    known, address = Book(), None
    try:
        address = webhook_address(settings, workspace.state)
    except SettingsError as error:
        present.append(Alert("webhook", "address", str(error)))
    try:
        known = read_book(workspace.state)
    except ArtifactError as error:
        present.append(Alert("look", "alerts", f"{error}; what is open is told once more"))
    book = known.look(present, now, timedelta(seconds=settings.settle_seconds))
    send = partial(post, address) if address else None
    book = tell(book, workspace.name, now, settings, send)
    book = book.watched(now, timedelta(seconds=settings.interval_seconds))
    write_book(workspace.state, book)
    write_page(workspace.root, book)
    said = f"{len(book.open)} open" if book.open else "nothing is wrong"
    rows = alert_rows(book)
    seen = fingerprint(rows)
    if seen == before or not (rows or before):
        return [], seen, said
    table = shown_table(list(COLUMNS), [[row[name] for name in COLUMNS] for row in rows[:SHOWN]])
    page: dict[str, Any] = {"open": len(book.open), "alerts": table, "page": str(workspace.root / PAGE)}
    verdict = dg.AssetCheckEvaluation(
        asset_key=ALERTS.key, check_name=ALL_IS_WELL.check_key.name, blocking=False, **verdict_on(book)
    )
    return [dg.AssetMaterialization("alerts", metadata=page), verdict], seen, said
