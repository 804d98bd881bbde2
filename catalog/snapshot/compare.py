"""How many products came, changed and went between two states of a snapshot."""

from pathlib import Path
from typing import Any

import pandas as pd

from catalog.cells import Reading
from catalog.snapshot.operations import row_hashes
from catalog.snapshot.present import present
from catalog.snapshot.shards import operations_of, read_manifest

__all__ = ["changed_since", "difference_of", "products_at"]


def products_at(directory: Path, manifest: dict[str, Any], reading: Reading) -> pd.DataFrame:
    """The product rows that a manifest of a snapshot, an earlier one too, says are there."""
    return present(operations_of(directory, manifest, "products"), "products", reading).rows


def changed_since(directory: Path, manifest: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """`difference_of` what an earlier manifest of a snapshot says and what is there now."""
    return difference_of(
        products_at(directory, manifest, reading), products_at(directory, read_manifest(directory), reading)
    )


def difference_of(before: pd.DataFrame, now: pd.DataFrame) -> dict[str, Any]:
    """How many product ids were `added`, `changed` and `removed`."""
    old, new = set(before["product_id"]), set(now["product_id"])
    fresh = ~row_hashes(now, "products").isin(row_hashes(before, "products"))
    return {
        "added": len(new - old),
        "changed": len(set(now["product_id"][fresh]) & old),
        "removed": len(old - new),
    }
