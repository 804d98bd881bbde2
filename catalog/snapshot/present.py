"""What a table's operations come to: its present rows, the source's and the deliveries' together."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from catalog.cells import AS_FOUND, Reading, moments, stripped
from catalog.contract import raw_columns
from catalog.snapshot.operations import WITHDRAWN, source_rows

__all__ = ["Present", "present"]

ABOUT = frozenset(raw_columns("products")) - {"title", "description", "photos", "sounds", ""}
"""Fields of a product that do not describe it: alone they make none."""
Time = int | None
"""Microseconds since 1970; None where a row has no time."""


@dataclass(frozen=True)
class Present:
    """A table as it is.

    Attributes:
        rows: present rows with their bookkeeping.
        older: labels of delivered operations that were passed over: what is there was updated later, or was
            written before them and came after them.
        again: labels of delivered operations that say what a delivery before them has said.
    """

    rows: pd.DataFrame
    older: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)


def present(operations: pd.DataFrame, name: str, reading: Reading = AS_FOUND) -> Present:
    """What operations come to, applied in the order they came.

    Products and stock: a delivered row replaces the fields that it has a column for, and one with
    `_deleted` removes the product. A row that carries an `updated_at` before that of what it meets is
    passed over; one without a time applies. A row of the source says everything anew, but what a
    delivery with a later time has said stays. A product that the source drops is gone, with what
    deliveries said of it; a tombstone holds until the source or a delivery brings something newer.

    Events are never replaced: there is each that the source or a delivery brought, once.

    Args:
        operations: in the order they were written; the index labels grow with it.
        name: of the table.
        reading: how the source writes dates; those of deliveries are ISO 8601.
    """
    operations = operations[operations["_layer"] != WITHDRAWN]
    inbox = operations["_layer"] == "inbox"
    if not inbox.any():
        own = source_rows(operations).sort_values("source_row", kind="stable")
        return Present(own.reset_index(drop=True))
    if name == "events":
        return _events(operations, inbox)
    ids = stripped(operations["product_id"])
    touched = ids.isin(ids[inbox])
    plain = source_rows(operations[~touched]).sort_values("source_row", kind="stable")
    mixed = operations[touched].assign(_id=ids[touched], _time=_times(operations, inbox, reading)[touched])
    mixed = mixed.iloc[np.lexsort((mixed["_layer"].eq("source"), mixed["_arrival"]))]
    mixed["_said"] = pd.util.hash_pandas_object(mixed[[*raw_columns(name), "_op", "_fields"]], index=False)
    bases: list[int] = []
    overlays: list[list[Word]] = []
    older: list[int] = []
    again: list[int] = []
    for product in _by_product(mixed):
        for base, words in product.rows(older, again):
            bases.append(base)
            overlays.append(words)
    rows = mixed.loc[bases].drop(columns=["_id", "_time", "_said"])
    return Present(pd.concat([plain, _overlaid(rows, overlays, mixed)], ignore_index=True), older, again)


@dataclass(frozen=True)
class Word:
    """One delivered row: its label, the fields it speaks of (empty: all), its time, and what it says."""

    label: int
    fields: frozenset[str]
    time: Time
    said: int
    deleted: bool
    base: bool

    @property
    def dated(self) -> bool:
        """Whether the product's time is this row's from here on."""
        return self.base or "updated_at" in self.fields


@dataclass
class Product:
    """The operations on one product, in order."""

    operations: list[tuple[int, str, str, str, str, Time, int]] = field(default_factory=list)

    def rows(self, older: list[int], again: list[int]) -> Iterator[tuple[int, list[Word]]]:
        """Labels of the rows that it has, each with the words to lay over it, the first one first."""
        own: dict[str, tuple[int, Time]] = {}
        words: list[Word] = []
        for label, layer, op, key, fields, time, said in self.operations:
            if layer == "inbox":
                met = _time(own, words)
                if time is not None and met is not None and time < met:
                    older.append(label)
                    continue
                about = frozenset(fields.split(",")) if fields else frozenset()
                nothing = words[-1].deleted if words else not own
                if nothing and op != "delete" and about and about <= ABOUT:  # taken when it was there still
                    older.append(label)
                    continue
                word = Word(label, about, time, said, op == "delete", op == "delete" or not about or nothing)
                if _stands(word, words):
                    again.append(label)
                    continue
                kept = [] if word.base else [w for w in words if w.base or not w.fields <= about]
                kept.append(word)
            elif op == "delete":
                own.pop(key, None)
                kept = words if own else []
            else:
                own[key] = (label, time)
                # What has no time is older than what the source says now.
                kept = [w for w in words if w.time is not None and time is not None and w.time > time]
            older += [w.label for w in words if w not in kept and w.label > label]
            words = kept
        if words and words[0].base:
            if not words[-1].deleted:
                yield words[0].label, words[1:]
        else:
            yield from ((label, words) for label, _ in own.values())


def _time(own: dict[str, tuple[int, Time]], words: list[Word]) -> Time:
    """When the product as it stands was updated."""
    for word in reversed(words):
        if word.dated:
            return word.time
    return max((time for _, time in own.values() if time is not None), default=None)


def _stands(word: Word, words: list[Word]) -> bool:
    """Whether the same was said before, and nothing since has touched its fields."""
    for other in reversed(words):
        if other.said == word.said:
            return True
        if other.base or word.base or other.fields & word.fields:
            return False
    return False


def _by_product(mixed: pd.DataFrame) -> list[Product]:
    """The operations of each product, by id."""
    products: dict[str, Product] = {}
    columns = [mixed[name].tolist() for name in ("_layer", "_op", "_key", "_fields", "_time", "_said")]
    for product, label, *facts in zip(mixed["_id"], mixed.index, *columns, strict=True):
        products.setdefault(product, Product()).operations.append((label, *facts))
    return [products[product] for product in sorted(products)]


def _overlaid(rows: pd.DataFrame, overlays: list[list[Word]], mixed: pd.DataFrame) -> pd.DataFrame:
    """Rows with the words laid over them; words with equal fields are laid at once."""
    rows = rows.copy()
    for depth in range(max(map(len, overlays), default=0)):
        by_fields: dict[frozenset[str], list[tuple[int, int]]] = {}
        for place, words in enumerate(overlays):
            if depth < len(words):
                by_fields.setdefault(words[depth].fields, []).append((place, words[depth].label))
        for fields, pairs in by_fields.items():
            columns = sorted(fields - {"product_id"})
            places = [place for place, _ in pairs]
            values = mixed.loc[[label for _, label in pairs], columns].to_numpy()
            rows.loc[rows.index[places], columns] = values
    return rows


def _times(operations: pd.DataFrame, inbox: pd.Series, reading: Reading) -> pd.Series:
    """Time of each operation; the source's column is read for itself, as it was when it stood alone."""
    found = pd.Series(None, index=operations.index, dtype=object)
    if "updated_at" in operations:
        for part in (inbox, ~inbox):
            times = moments(operations["updated_at"][part], reading.of("updated_at"))
            numbers = times.to_numpy("datetime64[us]").astype(np.int64).astype(object)
            numbers[times.isna().to_numpy()] = None
            found[part] = numbers
    return found


def _events(operations: pd.DataFrame, inbox: pd.Series) -> Present:
    own = source_rows(operations[~inbox]).sort_values("source_row", kind="stable")
    brought = operations[inbox]
    again = brought["_key"].duplicated() | brought["_key"].isin(own["_key"])
    rows = pd.concat([own, brought[~again]], ignore_index=True)
    return Present(rows, again=brought.index[again].tolist())
