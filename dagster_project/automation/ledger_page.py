"""The ledger of deliveries as an asset of the Dagster UI: what came into the inbox, and what became of it."""

from collections import Counter
from typing import Any

import dagster as dg

from assets.lib.presentation import shown_table
from assets.lib.shop import Shop
from catalog.deliveries.attention import attention
from catalog.deliveries.table import delivery_rows
from releases.waiting import waits_for_a_person
from shelfspace.hashing import fingerprint
from shelfspace.workspace import Workspace

__all__ = ["ATTENTION", "DELIVERIES", "judged", "ledger_events"]

DELIVERIES = dg.AssetSpec(
    "deliveries",
    description="What came into the inbox and what became of it: arriving, waiting, held, taken, in which "
    "release, refused and why. The inbox sensor keeps it up to date; no run makes it.",
    group_name="collection",
    owners=["team:catalogue"],
)
NEWEST = 200
"""Deliveries that the page shows."""
COLUMNS = ("state", "name", "said", "rows", "kind", "no.", "arrived")
"""Of the page, which is narrow: what became of a file and why stands where it is seen."""


def judged(said: list[str], otherwise: str = "Nothing waits for a person.") -> dict[str, Any]:
    """The verdict of a check on what somebody should see: a warning, which stops nothing.

    Args:
        said: a sentence each.
        otherwise: what is said where there is none.
    """
    return {
        "passed": not said,
        "severity": dg.AssetCheckSeverity.WARN,
        "description": "\n".join(f"- {sentence}" for sentence in said) or otherwise,
        "metadata": {"waiting": len(said)},
    }


@dg.asset_check(
    asset=DELIVERIES.key,
    description="No release waits; nothing is held, refused and not mended, not read, or given up.",
)
def nothing_waits_for_a_person(shop: Shop) -> dg.AssetCheckResult:
    """Look at the ledger now; the inbox sensor does it at each change."""
    return dg.AssetCheckResult(**judged([*waits_for_a_person(shop.workspace), *attention(shop.workspace)]))


ATTENTION = nothing_waits_for_a_person


def ledger_events(
    workspace: Workspace, quiet_seconds: float, before: str | None, given_up: list[str]
) -> tuple[list[dg.AssetMaterialization | dg.AssetCheckEvaluation], str]:
    """The ledger as the asset's page shows it, and what of it waits for a person; [] where nothing changed.

    Args:
        quiet_seconds: `collection.quiet_seconds`.
        before: what the last look gave.
        given_up: what the sensor no longer asks for, as sentences.

    Returns:
        the events, and what identifies what they show.

    Raises:
        ArtifactError: the ledger is damaged.
    """
    # Dagster stores plain text, and no kind of it such as a state.
    rows = [{name: str(row[name]) for name in COLUMNS} for row in delivery_rows(workspace, quiet_seconds)]
    said = [*given_up, *waits_for_a_person(workspace), *attention(workspace)]
    seen = fingerprint([rows, said])
    if seen == before or not (rows or said or before):
        return [], seen
    states = Counter(row["state"].partition(":")[0].partition(" release")[0] for row in rows)
    table = shown_table(list(COLUMNS), [list(row.values()) for row in rows[:NEWEST]])
    counts = {name.replace(" ", "_"): count for name, count in states.items()}
    page: dict[str, Any] = {"dagster/row_count": len(rows), "deliveries": table, **counts}
    verdict = dg.AssetCheckEvaluation(
        asset_key=DELIVERIES.key, check_name=ATTENTION.check_key.name, blocking=False, **judged(said)
    )
    return [dg.AssetMaterialization("deliveries", metadata=page), verdict], seen
