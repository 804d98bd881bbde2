"""What the service derives from products that were put since the release."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrieval.catalogue.parts import SearchParts
from retrieval.changes.state import Entry
from retrieval.lexical.overlay import Listing, read_listing
from retrieval.query import Encoder
from retrieval.ranking.kinship import told_columns

__all__ = ["UpdatedProduct", "column_facts", "read_updates", "seen_facts"]


@dataclass(frozen=True, eq=False)
class UpdatedProduct:
    """What is derived from the entry of one product put since the release.

    Attributes:
        columns: what it is filtered and sorted by.
        classes: (k,) float32.
        told: (1,) float32, as of `SearchParts`.
        modalities, own: name to (d,) float32; only those it has.
    """

    entry: Entry
    listing: Listing
    columns: Mapping[str, Any]
    classes: np.ndarray | None
    told: np.ndarray
    modalities: Mapping[str, np.ndarray]
    own: Mapping[str, np.ndarray]

    def evidence(self, name: str, parts: SearchParts) -> np.ndarray | None:
        """Its vector in a table of `SearchParts.evidence`; None where it lacks what that is read from."""
        return (self.own if name in parts.own else self.modalities).get(name)


def read_updates(
    entries: Mapping[str, Entry], parts: SearchParts, encoder: Encoder
) -> dict[str, UpdatedProduct]:
    """Terms and classes of products that were put; their classes in one pass."""
    classes: Sequence[np.ndarray | None] = [None] * len(entries)
    if entries and encoder.labels:
        vectors = np.stack([np.asarray(e.vector, np.float32) for e in entries.values()])
        classes = list(encoder.classify_vectors(vectors))
    told = told_columns((str(e.facts.get("category") or "") for e in entries.values()), encoder.labels)
    return {
        product: UpdatedProduct(
            entry,
            read_listing(parts.lexical, entry.facts),
            column_facts(entry),
            own,
            class_told,
            _vectors_of(entry.facts, ALONE, parts.modalities),
            _vectors_of(entry.facts, OWN, parts.own),
        )
        for (product, entry), own, class_told in zip(entries.items(), classes, told, strict=True)
    }


ALONE, OWN = "alone", "own"
"""Facts of a put: name to its vector by one modality alone, and by what that modality's encoder had before
training, as base64 of float16."""


def seen_facts(
    alone: Mapping[str, np.ndarray], own: Mapping[str, np.ndarray], count: int
) -> list[dict[str, Any]]:
    """Facts of `count` products from (count, d) float16 vectors by name; without those they lack."""

    def row_of(tables: Mapping[str, np.ndarray], row: int) -> dict[str, str]:
        return {
            name: base64.b64encode(table[row].astype("<f2").tobytes()).decode()
            for name, table in tables.items()
            if np.any(table[row] != 0)
        }

    return [{ALONE: row_of(alone, row), OWN: row_of(own, row)} for row in range(count)]


def _vectors_of(
    facts: Mapping[str, Any], fact: str, tables: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What `seen_facts` wrote of one product and a release has tables of; nothing of logs from before."""
    read = {n: np.frombuffer(base64.b64decode(text), "<f2") for n, text in facts.get(fact, {}).items()}
    return {
        name: vector.astype(np.float32)
        for name, vector in read.items()
        if name in tables and len(vector) == tables[name].shape[1]
    }


def column_facts(entry: Entry) -> dict[str, Any]:
    """What an entry says of the columns: all of a product that was put, else price or stock alone."""
    names = ("price", "on_hand") if entry.vector is None else COLUMNS
    facts = {name: entry.facts.get(name) for name in names if entry.vector is not None or name in entry.facts}
    if entry.vector is not None:
        facts["has_photo"] = bool(entry.facts.get("has_photo"))
    return facts


COLUMNS = ("category", "brand", "language", "price", "on_hand")
