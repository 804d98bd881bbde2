"""The contracts: which columns a product, an event, a stock row and a refused row have."""

from dataclasses import dataclass

import pandas as pd

__all__ = [
    "COLUMNS", "EVENT_COLUMNS", "EVENT_KINDS", "ID_COLUMNS", "INTERACTION_COLUMNS", "INTERACTION_KINDS",
    "PRODUCT_COLUMNS", "QUARANTINE_COLUMNS", "REQUIRED", "STOCK_COLUMNS", "TABLES", "TIME", "Column",
    "empty", "raw_columns", "source_columns",
]  # fmt: skip

TABLES = ("products", "events", "stock")
EVENT_KINDS = ("view", "cart", "purchase")
INTERACTION_KINDS = ("impression", "click", "cart", "purchase")


@dataclass(frozen=True)
class Column:
    """One column of a clean table; a raw one holds text only.

    Attributes:
        name: of the column.
        description: what it holds, as people read it.
        type: as Arrow names it.
    """

    name: str
    description: str
    type: str = "string"


TIME = "timestamp[us, tz=UTC]"
COLUMNS: dict[str, tuple[Column, ...]] = {
    "products": (
        Column("product_id", "Names the product; of rows that give one id, the one updated last is kept."),
        Column("title", "Name of the product, without HTML."),
        Column("description", "Text about the product, without HTML."),
        Column("category", "Path such as `Home > Rugs`, the broadest node first."),
        Column("brand", "Maker or brand."),
        Column("price", "Price, above zero, in the catalogue's one currency.", "double"),
        Column("cost", "What a piece costs the shop, above zero; shoppers never see it.", "double"),
        Column("currency", "Empty, or the catalogue's currency."),
        Column("attributes", "JSON object, names to values."),
        Column("photos", "Paths of the photos below the media root.", "list<string>"),
        Column("sounds", "Paths of the sounds below the media root.", "list<string>"),
        Column("language", "`en`, `zh`, ...; empty where the catalogue does not say it."),
        Column("group_id", "Shared by the variants of one product; a split never parts them."),
        Column("updated_at", "When the row was last changed.", TIME),
    ),
    "events": (
        Column("user_id", "Keyed hash of the shopper's id."),
        Column("product_id", "The product that the shopper met."),
        Column("event", "`view`, `cart` or `purchase`."),
        Column("quantity", "Pieces.", "int64"),
        Column("unit_price", "Price of one piece.", "double"),
        Column("time", "When it happened.", TIME),
        Column("order_id", "Keyed hash, shared by what was bought together; empty for views and carts."),
    ),
    "stock": (
        Column("product_id", "The product in stock."),
        Column("on_hand", "Pieces that can be sold now.", "int64"),
        Column("lead_time_days", "Days until an order arrives.", "double"),
        Column("order_cost", "What one order costs the shop, whatever is in it.", "double"),
        Column("time", "When it was counted; of several counts of a product the latest is its stock.", TIME),
    ),
    "interactions": (
        Column("event_id", "Names the event; one that came again counts once."),
        Column("session", "Of the visit: random, of the page alone."),
        Column("user_id", "Keyed hash of the shopper's id; empty for nobody known."),
        Column("kind", "`impression`, `click`, `cart` or `purchase`."),
        Column("product_id", "The product that was shown."),
        Column("position", "Place among what was shown, from 1.", "int64"),
        Column("query_id", "Names the search that it was shown for; empty without one."),
        Column("query", "The search's words, where they are kept."),
        Column("release", "The release that gave what was shown."),
        Column("time", "When it happened.", TIME),
        Column("quantity", "Pieces, of a cart or purchase.", "int64"),
        Column("unit_price", "Price of one piece.", "double"),
        Column("order_id", "Keyed hash, shared by what was bought together."),
        Column("keyed", "Whether it came with a key of scope events.", "bool"),
    ),
    "quarantine": (
        Column("table", "Where the row came from: products, events, stock, photos or sounds."),
        Column("scope", "What was refused: `row`, `field` (its row goes on without it) or `file`."),
        Column("id", "Product id, or what names the row or file."),
        Column("field", "The field that was refused."),
        Column("value", "What stood in it."),
        Column("reason", "Why it was refused."),
        Column("source_row", "Number of the row in the source; -1 for a file.", "int64"),
        Column("row", "The whole row as JSON; empty for a file."),
    ),
}
"""Table to its columns, in order."""

REQUIRED = {
    "products": ("product_id",),
    "events": ("user_id", "product_id", "event", "time"),
    "stock": ("product_id", "on_hand"),
}
"""Columns a source must have; the others are empty where it lacks them."""

ID_COLUMNS = ("product_id", "group_id", "user_id", "order_id")
"""Columns that name things, which every reader writes the same way."""

_NAMES = {table: tuple(column.name for column in columns) for table, columns in COLUMNS.items()}
PRODUCT_COLUMNS, EVENT_COLUMNS, STOCK_COLUMNS = (_NAMES[table] for table in TABLES)
INTERACTION_COLUMNS, QUARANTINE_COLUMNS = _NAMES["interactions"], _NAMES["quarantine"]


def source_columns(table: str) -> tuple[str, ...]:
    """Columns that a source may have: the contract's, and `videos`, which reading turns into others."""
    return (*raw_columns(table), *(("videos",) if table == "products" else ()))


def raw_columns(table: str) -> tuple[str, ...]:
    """Contract columns of products, events or stock."""
    return _NAMES[table]


def empty(table: str) -> pd.DataFrame:
    """A raw table without rows."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in raw_columns(table)})
