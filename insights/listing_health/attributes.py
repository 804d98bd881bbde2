"""What the nearest products of the same category say of themselves, and this one does not."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from insights.listing_health.left_out import some_of

__all__ = ["MissingAttribute", "missing_attributes"]

NEIGHBOURS = 20
FEWEST = 10
"""Products of a category, beside the product, that are needed to say anything."""
MOST = 3
"""Attributes named of one product."""
SURE = 0.75
"""How sure a missing attribute must be at least: of much that neighbours have, some lack it for a reason."""
LIKELY = 0.8
"""Share of neighbours from which on a value is proposed."""


@dataclass(frozen=True)
class MissingAttribute:
    """One that neighbours have.

    Attributes:
        row: the product's.
        name: of the attribute.
        having, neighbours: how many of how many nearest have it.
        value: what most of them say; "" where they differ.
        sure: lower end of the 90% interval of the share that has it (Wilson 1927).
    """

    row: int
    name: str
    having: int
    neighbours: int
    value: str
    sure: float


def missing_attributes(
    products: pd.DataFrame, languages: Sequence[str], vectors: np.ndarray, labels: np.ndarray, least: float
) -> list[MissingAttribute]:
    """Attributes that at least this share of the nearest have for certain, in the order of rows.

    Args:
        languages: (n,) of the texts: attributes are named in them, so neighbours are of the same.
        vectors: (n, d) float32 of unit length.
        labels: (n,) int64 category, -1 unknown; neighbours are of the same.
    """
    own = [_named(cell) for cell in products["attributes"]]
    found: list[MissingAttribute] = []
    known = np.flatnonzero(labels >= 0)
    for _, places in (
        pd.DataFrame({"label": labels[known], "of": np.array(languages)[known]})
        .groupby(["label", "of"])
        .indices.items()
    ):
        rows = np.sort(known[places])
        learned = some_of(rows)
        if len(learned) <= FEWEST:
            continue
        near = _nearest(vectors, rows, learned)
        for row, others in zip(rows.tolist(), near, strict=True):
            found += _lacking(row, own, [int(other) for other in others if other != row][:NEIGHBOURS], least)
    return sorted(found, key=lambda one: (one.row, -one.sure, one.name))


def _named(cell: str) -> dict[str, Any]:
    values = json.loads(cell) if cell else {}
    # A note without a name of its own says nothing that others must say.
    return {key: value for key, value in values.items() if not key.startswith("note ")}


def _nearest(vectors: np.ndarray, rows: np.ndarray, learned: np.ndarray) -> np.ndarray:
    """(rows, k) row numbers, nearest first; a product may stand among its own."""
    most, blocks = min(NEIGHBOURS + 1, len(learned)), []
    for start in range(0, len(rows), 1024):
        cosine = vectors[rows[start : start + 1024]] @ vectors[learned].T
        blocks.append(learned[np.argsort(-cosine, axis=1, kind="stable")[:, :most]])
    return np.concatenate(blocks)


def _lacking(row: int, own: list[dict[str, Any]], others: list[int], least: float) -> list[MissingAttribute]:
    counts = Counter(name for other in others for name in own[other])
    found = []
    for name, having in counts.items():
        sure = _at_least(having, len(others))
        if name in own[row] or sure < max(least, SURE):
            continue
        values = Counter(str(own[other][name]) for other in others if name in own[other])
        value, times = values.most_common(1)[0]
        said = value if times >= LIKELY * having else ""
        found.append(MissingAttribute(row, name, having, len(others), said, sure))
    return sorted(found, key=lambda one: (-one.sure, one.name))[:MOST]


def _at_least(hits: int, tries: int, z: float = 1.645) -> float:
    """Lower end of Wilson's interval of a share."""
    share = hits / tries
    middle = share + z * z / (2 * tries)
    spread = z * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    return (middle - spread) / (1 + z * z / tries)
