"""The ledger of deliveries as an asset of the Dagster UI: what came into the inbox, and what became of it."""

from collections import Counter

import dagster as dg

from assets.lib.presentation import shown_table
from catalog.deliveries.table import delivery_rows
from shelfspace.hashing import fingerprint
from shelfspace.workspace import Workspace

__all__ = ["DELIVERIES", "ledger_event"]

DELIVERIES = dg.AssetSpec(
    "deliveries",
    description="What came into the inbox and what became of it: arriving, waiting, held, taken, in which "
    "release, refused and why. The inbox sensor keeps it up to date; no run makes it.",
    group_name="collection",
    owners=["team:catalogue"],
)
NEWEST = 200
"""Deliveries that the page shows."""


def ledger_event(
    workspace: Workspace, quiet_seconds: float, before: str | None
) -> tuple[dg.AssetMaterialization | None, str]:
    """The ledger as the asset's page shows it; None where nothing has changed.

    Args:
        quiet_seconds: `collection.quiet_seconds`.
        before: what the last look gave.

    Returns:
        the event, and what identifies what it shows.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    # Dagster stores plain text, and no kind of it such as a state.
    rows = [
        {name: str(said) for name, said in row.items()} for row in delivery_rows(workspace, quiet_seconds)
    ]
    seen = fingerprint(rows)
    if seen == before or not rows:
        return None, seen
    states = Counter(row["state"].partition(":")[0].partition(" release")[0] for row in rows)
    table = shown_table(list(rows[0]), [list(row.values()) for row in rows[:NEWEST]])
    counts = {name.replace(" ", "_"): count for name, count in states.items()}
    return dg.AssetMaterialization(
        "deliveries", metadata={"dagster/row_count": len(rows), "deliveries": table, **counts}
    ), seen
