"""Facts about rows that need more than one plain comparison, as boolean columns.

Each column is named after the fact it states; a suite then expects True of it. A fact about a
column that the table lacks is left out, since the missing column is reported by itself.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = [
    "Surroundings", "events", "is_number", "is_time", "products", "quarantine", "raw_events",
    "raw_products", "raw_stock", "stock",
]  # fmt: skip

# An optional currency sign or code on either side of a number with optional thousands marks.
SIGN = r"[^\d\s.,+-]{0,4}"
DIGITS = r"(?:\d+(?:[ ,'’]\d{3})*(?:\.\d*)?|\d+,\d{1,2}|\.\d+)(?:[eE][+-]?\d+)?"
NUMBER = rf"^{SIGN}\.?\s*[+-]?{DIGITS}\s*{SIGN}$"


@dataclass(frozen=True)
class Surroundings:
    """What a table is compared with; a rule whose counterpart is None is left out.

    Attributes:
        currency: the catalogue's one currency.
        languages: language codes a product may have, beside "".
        label_level: category nodes a label needs.
        product_ids: known products, for events and stock.
        media_keys: photos and sounds in the snapshot.
        as_of: no time may be later; the present when None.
    """

    currency: str | None = None
    languages: Collection[str] | None = None
    label_level: int | None = None
    product_ids: Collection[str] | None = None
    media_keys: Collection[str] | None = None
    as_of: pd.Timestamp | None = None

    @property
    def latest(self) -> pd.Timestamp:
        return self.as_of if self.as_of is not None else pd.Timestamp.now(tz="UTC")


def is_number(cells: pd.Series) -> pd.Series:
    """(n,) bool: the text reads as a number, with or without a currency sign and thousands marks."""
    return cells.str.strip().str.match(NUMBER).astype(bool)


def is_time(cells: pd.Series) -> pd.Series:
    """(n,) bool: the text reads as a date or time; each distinct text is parsed once."""
    distinct = pd.Series(cells.unique())
    parsed = pd.to_datetime(distinct, errors="coerce", utc=True, format="mixed")
    return cells.isin(distinct[parsed.notna().to_numpy()])


def _filled(cells: pd.Series) -> pd.Series:
    return cells.str.strip().ne("")


def _with(
    table: pd.DataFrame, made: dict[str, tuple[tuple[str, ...], Callable[[], pd.Series]]]
) -> pd.DataFrame:
    """The table with each fact whose columns are there."""
    columns = {
        name: make().astype(bool) for name, (needs, make) in made.items() if set(needs) <= set(table.columns)
    }
    return table.assign(**columns)


def raw_products(table: pd.DataFrame, around: Surroundings) -> pd.DataFrame:
    """Facts of product rows as they came, all cells text."""
    t = table
    return _with(
        t,
        {
            "product_id is given": (("product_id",), lambda: _filled(t["product_id"])),
            "price is a number, or empty": (
                ("price",), lambda: is_number(t["price"]) | ~_filled(t["price"])
            ),
            f"currency is {around.currency}, or empty": (
                ("currency",), lambda: t["currency"].str.strip().isin([around.currency, ""])
            ),
            "a title or a description is given": (
                ("title", "description"), lambda: _filled(t["title"]) | _filled(t["description"])
            ),
            "updated_at is a time, or empty": (
                ("updated_at",), lambda: is_time(t["updated_at"]) | ~_filled(t["updated_at"])
            ),
        },
    )  # fmt: skip


def raw_events(table: pd.DataFrame, around: Surroundings) -> pd.DataFrame:
    """Facts of event rows as they came, all cells text."""
    t = table
    return _with(
        t,
        {
            "product_id is given": (("product_id",), lambda: _filled(t["product_id"])),
            "time is a time": (("time",), lambda: is_time(t["time"])),
            **_amounts(t, ("quantity", "unit_price")),
        },
    )


def raw_stock(table: pd.DataFrame, around: Surroundings) -> pd.DataFrame:
    """Facts of stock rows as they came, all cells text."""
    t = table
    return _with(
        t,
        {
            "product_id is given": (("product_id",), lambda: _filled(t["product_id"])),
            **_amounts(t, ("on_hand", "lead_time_days")),
        },
    )


def _amounts(
    t: pd.DataFrame, names: tuple[str, ...]
) -> dict[str, tuple[tuple[str, ...], Callable[[], pd.Series]]]:
    def fact(name: str) -> Callable[[], pd.Series]:
        return lambda: is_number(t[name]) | ~_filled(t[name])

    return {f"{name} is a number, or empty": ((name,), fact(name)) for name in names}


def products(table: pd.DataFrame, around: Surroundings) -> pd.DataFrame:
    """Facts of clean products; the list columns become text, since a suite shows cells."""
    t = table
    keys = set(around.media_keys or ())
    level = around.label_level or 0

    def kept(column: str) -> Callable[[], pd.Series]:
        return lambda: t[column].map(lambda media: all(key in keys for key in media))

    def deep() -> pd.Series:
        return t["category"].str.count(" > ").add(1).ge(level) | t["category"].eq("")

    out = _with(
        t,
        {
            "product_id is given": (("product_id",), lambda: _filled(t["product_id"])),
            "price is above zero, or missing": (
                ("price",), lambda: t["price"].isna() | (t["price"].gt(0) & np.isfinite(t["price"]))
            ),
            "attributes are a JSON object of texts": (
                ("attributes",), lambda: t["attributes"].map(_is_texts)
            ),
            "the product has a text, a photo or a sound": (
                ("title", "description", "photos", "sounds"),
                lambda: _filled(t["title"]) | _filled(t["description"])
                | t["photos"].map(len).gt(0) | t["sounds"].map(len).gt(0),
            ),
            "photos are in the snapshot": (("photos",), kept("photos")),
            "sounds are in the snapshot": (("sounds",), kept("sounds")),
            f"category has {level} level(s) or more, or is empty": (("category",), deep),
            "updated_at is not in the future": (
                ("updated_at",), lambda: t["updated_at"].isna() | t["updated_at"].le(around.latest)
            ),
        },
    )  # fmt: skip
    lists = {c: t[c].map(" ".join) for c in ("photos", "sounds") if c in t.columns}
    return out.assign(**lists)


def events(table: pd.DataFrame, around: Surroundings) -> pd.DataFrame:
    """Facts of clean events."""
    t = table
    return _with(
        t,
        {
            "product_id is a known product": (
                ("product_id",), lambda: t["product_id"].isin(around.product_ids or ())
            ),
            "time is not in the future": (
                ("time",), lambda: t["time"].isna() | t["time"].le(around.latest)
            ),
        },
    )  # fmt: skip


def stock(table: pd.DataFrame, around: Surroundings) -> pd.DataFrame:
    """Facts of clean stock."""
    t = table
    return _with(
        t,
        {
            "product_id is given": (("product_id",), lambda: _filled(t["product_id"])),
            "product_id is a known product": (
                ("product_id",), lambda: t["product_id"].isin(around.product_ids or ())
            ),
        },
    )  # fmt: skip


def quarantine(table: pd.DataFrame, around: Surroundings) -> pd.DataFrame:
    """The quarantine as it is: every rule about it is a plain comparison."""
    return table


def _is_texts(cell: str) -> bool:
    """Whether the cell is a JSON object whose values are all texts."""
    try:
        value = json.loads(cell)
    except (TypeError, ValueError):
        return False
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
