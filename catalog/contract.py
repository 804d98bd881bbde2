"""The contracts: which columns a product, an event, a stock row and a refused row have."""

import pandas as pd

__all__ = [
    "EVENT_COLUMNS", "EVENT_KINDS", "PRODUCT_COLUMNS", "QUARANTINE_COLUMNS", "REQUIRED", "STOCK_COLUMNS",
    "TABLES", "empty", "raw_columns", "source_columns",
]  # fmt: skip

TABLES = ("products", "events", "stock")
PRODUCT_COLUMNS = (
    "product_id", "title", "description", "category", "brand", "price", "currency", "attributes",
    "photos", "sounds", "language", "group_id", "updated_at",
)  # fmt: skip
EVENT_COLUMNS = ("user_id", "product_id", "event", "quantity", "unit_price", "time", "order_id")
STOCK_COLUMNS = ("product_id", "on_hand", "lead_time_days")
QUARANTINE_COLUMNS = ("table", "id", "field", "value", "reason", "source_row", "row")
EVENT_KINDS = ("view", "cart", "purchase")

REQUIRED = {
    "products": ("product_id",),
    "events": ("user_id", "product_id", "event", "time"),
    "stock": ("product_id", "on_hand"),
}
"""Columns a source must have; the others are empty where it lacks them."""

_COLUMNS = {"products": PRODUCT_COLUMNS, "events": EVENT_COLUMNS, "stock": STOCK_COLUMNS}


def source_columns(table: str) -> tuple[str, ...]:
    """Columns that a source may have: the contract's, and `videos`, which reading turns into others."""
    return (*_COLUMNS[table], *(("videos",) if table == "products" else ()))


def raw_columns(table: str) -> tuple[str, ...]:
    """Contract columns of products, events or stock."""
    return _COLUMNS[table]


def empty(table: str) -> pd.DataFrame:
    """A raw table without rows."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in _COLUMNS[table]})
