"""What the service derives from products that were put since the release."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrieval.changes.segment import Entry
from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.overlay import Listing, read_listing
from retrieval.query import Encoder

__all__ = ["UpdatedProduct", "alone_facts", "column_facts", "read_updates"]


@dataclass(frozen=True, eq=False)
class UpdatedProduct:
    """What is derived from the entry of one product put since the release.

    Attributes:
        columns: what it is filtered and sorted by.
        classes: (k,) float32.
        modalities: name to (d,) float32; only those it has.
    """

    entry: Entry
    listing: Listing
    columns: Mapping[str, Any]
    classes: np.ndarray | None
    modalities: Mapping[str, np.ndarray]


def read_updates(
    entries: Mapping[str, Entry], lexical: LexicalIndex, encoder: Encoder
) -> dict[str, UpdatedProduct]:
    """Terms and classes of products that were put; their classes in one pass."""
    classes: Sequence[np.ndarray | None] = [None] * len(entries)
    if entries and encoder.labels:
        vectors = np.stack([np.asarray(e.vector, np.float32) for e in entries.values()])
        classes = list(encoder.classify_vectors(vectors))
    return {
        product: UpdatedProduct(
            entry,
            read_listing(lexical, entry.facts),
            column_facts(entry),
            own,
            alone_of(entry.facts, encoder.dim),
        )
        for (product, entry), own in zip(entries.items(), classes, strict=True)
    }


ALONE = "alone"
"""Fact of a put: modality to its vector by that modality alone, as base64 of float16."""


def alone_facts(vectors: Mapping[str, np.ndarray], count: int) -> list[dict[str, Any]]:
    """Facts of `count` products from (count, d) float16 vectors by modality; without those they lack."""
    return [
        {
            ALONE: {
                name: base64.b64encode(table[row].astype("<f2").tobytes()).decode()
                for name, table in vectors.items()
                if np.any(table[row] != 0)
            }
        }
        for row in range(count)
    ]


def alone_of(facts: Mapping[str, Any], dim: int) -> dict[str, np.ndarray]:
    """What `alone_facts` wrote of one product; nothing of logs from before there was such a fact."""
    read = {n: np.frombuffer(base64.b64decode(text), "<f2") for n, text in facts.get(ALONE, {}).items()}
    return {name: vector.astype(np.float32) for name, vector in read.items() if len(vector) == dim}


def column_facts(entry: Entry) -> dict[str, Any]:
    """What an entry says of the columns: all of a product that was put, else price or stock alone."""
    names = ("price", "on_hand") if entry.vector is None else COLUMNS
    facts = {name: entry.facts.get(name) for name in names if entry.vector is not None or name in entry.facts}
    if entry.vector is not None:
        facts["has_photo"] = bool(entry.facts.get("has_photo"))
    return facts


COLUMNS = ("category", "brand", "language", "price", "on_hand")
