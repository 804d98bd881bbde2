"""Small tables that keep every rule, for tests to break one at a time."""

import numpy as np
import pandas as pd

from data_checks.suites import Surroundings

RAW_COLUMNS = [
    "product_id", "title", "description", "category", "brand", "price", "cost", "currency", "attributes",
    "photos", "sounds", "language", "group_id", "updated_at",
]  # fmt: skip


def raw_products(rows: int = 100) -> pd.DataFrame:
    table = pd.DataFrame({c: [""] * rows for c in RAW_COLUMNS}, dtype=object)
    table["product_id"] = [f"p{i}" for i in range(rows)]
    table["title"], table["price"], table["currency"] = "Mug", "12.50", "EUR"
    table["updated_at"] = "2026-01-01T00:00:00Z"
    table["source_row"] = range(rows)
    return table


def products(rows: int = 100) -> pd.DataFrame:
    table = raw_products(rows).drop(columns="source_row")
    table["price"], table["cost"] = np.linspace(1, 20, rows), np.nan
    table["category"], table["attributes"], table["language"] = "Home > Kitchen", '{"colour": "red"}', "en"
    table["photos"] = [["a.jpg"]] * rows
    table["sounds"] = [[] for _ in range(rows)]
    table["updated_at"] = pd.Timestamp("2026-01-01", tz="UTC")
    return table


def events(rows: int = 60) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": "u", "product_id": [f"p{i}" for i in range(rows)], "event": "view", "quantity": 1,
            "unit_price": 2.5, "time": pd.Timestamp("2026-01-01", tz="UTC"), "order_id": "",
        }
    )  # fmt: skip


def stock(rows: int = 10) -> pd.DataFrame:
    table = pd.DataFrame({"product_id": [f"p{i}" for i in range(rows)], "on_hand": 3, "lead_time_days": 2.0})
    return table.assign(order_cost=20.0, time=pd.Timestamp("2026-01-01", tz="UTC"))


def interactions(rows: int = 10) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(rows)], "session": "s", "user_id": "", "kind": "click",
            "product_id": [f"p{i}" for i in range(rows)], "position": 1, "query_id": "", "query": "",
            "release": "000001-abcdef01", "time": pd.Timestamp("2026-01-01", tz="UTC"), "quantity": 1,
            "unit_price": 2.5, "order_id": "", "keyed": False,
        }
    )  # fmt: skip


AROUND = Surroundings(
    currency="EUR",
    label_level=1,
    product_ids=frozenset(f"p{i}" for i in range(100)),
    media_keys=frozenset({"a.jpg"}),
    as_of=pd.Timestamp("2026-06-01", tz="UTC"),
)
