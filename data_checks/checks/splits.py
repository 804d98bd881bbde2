"""The split: every product on exactly one side, and no duplicate group on two."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from data_checks.validation.report import CheckReport, Finding

__all__ = ["holdout_kept", "no_leak"]

SIDES = ("train", "validation", "test")
LEAST = {"train": 2}
"""Products that a side needs where one is not enough: from one alone nothing is learned."""


def no_leak(splits: pd.DataFrame, products: pd.DataFrame, why_empty: str = "") -> CheckReport:
    """Check the frozen split of a catalogue.

    Args:
        splits: product_id, group, split.
        products: the clean products; each must be in `splits` once.
        why_empty: why a side is empty, and what to do, where it is known.
    """
    present = splits[splits["product_id"].isin(products["product_id"])]
    sides = present.groupby("group")["split"].nunique()
    leaking = present[present["group"].isin(sides[sides > 1].index)]
    missing = len(products) - present["product_id"].nunique()
    repeated = int(present["product_id"].duplicated().sum())
    counts = present["split"].value_counts()
    shares = ", ".join(f"{side} {int(counts.get(side, 0)):,}" for side in SIDES)
    empty = [side for side in SIDES if counts.get(side, 0) < LEAST.get(side, 1)]
    if empty and why_empty:
        shares = f"{shares}: {why_empty}"
    n = len(products)
    findings = [
        Finding(
            "no duplicate group stands on two sides", "split",
            "A near-duplicate on both sides lets a model read the answer.", "critical",
            leaking.empty, f"{leaking['group'].nunique()} groups on two sides", len(leaking), n, "split",
            "one_side_a_group",
        ),
        Finding(
            "every product is on exactly one side", "product_id",
            "A product without a side is neither learned nor judged.", "critical",
            missing == 0 and repeated == 0, f"{missing} without a side, {repeated} repeated",
            missing + repeated, n, "split", "one_side_a_product",
        ),
        Finding(
            "every side has products", "split",
            "A side without products (training: two) leaves nothing to learn, stop or judge by.", "critical",
            not empty, shares, len(empty), n, "split",
            "no_empty_side",
        ),
    ]  # fmt: skip
    failures = pd.DataFrame(
        {
            "id": leaking["product_id"],
            "column": "split",
            "value": leaking["split"],
            "expectation": "one side per duplicate group",
            "severity": "critical",
            "rule": "one_side_a_group",
        }
    )
    return CheckReport.of("no_leak", findings, failures)


def holdout_kept(looked: Mapping[str, Any], held: Sequence[str]) -> CheckReport:
    """Check that what models are judged by is what it was.

    Args:
        looked: rows, held (why they speak against it), figures, notes and examples of the rewritten products
            (`releases.look.holdout`).
        held: names of deliveries that are held for it.
    """
    figures = looked["figures"]
    counts = ", ".join(f"{name} {count}" for name, count in figures.items() if isinstance(count, int))
    way_out = (
        f"; {' and '.join(held)} held: the next run leaves it out"
        if held
        else "; no delivery did it: mend the catalogue, or switch collection.look off where it is meant"
    )
    said = f"{looked['held']}{way_out}" if looked["held"] else counts or "; ".join(looked["notes"])
    finding = Finding(
        "the holdout's categories are those that the champion was judged by", "category",
        "A model must not be judged by labels that somebody rewrote unseen.", "critical",
        not looked["held"], said, looked["rows"] if looked["held"] else 0,
        looked["rows"] + figures.get("kept", 0), "split", "holdout_kept",
    )  # fmt: skip
    return CheckReport.of("holdout_kept", [finding])
