"""What else a person should know of the rows that were kept: categories, the split's shares, warnings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.lib.record import read_record

__all__ = ["kept_rows"]

SIDES = ("train", "validation", "test")


def kept_rows(prepared: Path) -> dict[str, str]:
    """Name to what is found, of what preprocessing has recorded so far.

    Args:
        prepared: folder of the workspace.
    """
    catalogue, splits = (read_record(prepared / name) for name in ("catalogue", "splits"))
    told: dict[str, str] = {}
    if catalogue is not None:
        told |= _warnings("placeholder media", catalogue.facts)
    if splits is not None:
        facts = splits.facts
        rows = sum(facts[side] for side in SIDES)
        shares = (f"{side} {facts[side]:,} ({facts[side] / rows:.0%})" for side in SIDES if rows)
        told["split of the products"] = ", ".join(shares)
        without = facts.get("without_category", 0)
        told["products without a category"] = f"{without:,} of {rows:,}"
        told |= _warnings("links that join too many", facts)
    return told


def _warnings(name: str, facts: Mapping[str, Any]) -> dict[str, str]:
    said = facts.get("warnings", {}).get("json", [])
    return {name: "; ".join(said)} if said else {}
