"""Online Retail transaction lines as products and events."""

import re
from typing import TYPE_CHECKING

import pandas as pd

from catalog.cells import codes, numbers, stripped
from catalog.sources.tables import read_table
from shelfspace.errors import CatalogError

if TYPE_CHECKING:
    from catalog.sources.base import CatalogSource

__all__ = ["is_name", "read_events", "read_products"]

_PRODUCT = re.compile(r"\d{5}[A-Z]*")
"""Stock codes of products; POST, M, BANK CHARGES, DCGS0003 and the like are none."""


def read_products(source: "CatalogSource") -> pd.DataFrame:
    """Raw products, derived from the lines: one per upper-cased stock code of five digits."""
    lines = _lines(source)
    return _products(lines, _codes(lines))


def read_events(source: "CatalogSource") -> pd.DataFrame:
    """All lines as raw events, the stock code upper-cased.

    Cancellations, lines without a customer, returns, fees and repeats are among them: cleaning
    refuses them with the reason.
    """
    lines = _lines(source)
    return _events(lines, _codes(lines))


def _lines(source: "CatalogSource") -> pd.DataFrame:
    table = read_table(source.table_file("products"))
    for name in (
        "InvoiceNo",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
    ):
        if name not in table:
            raise CatalogError(
                "column", name, "give the Online Retail lines with their own columns, unchanged"
            )
    return table


def _codes(lines: pd.DataFrame) -> pd.Series:
    return codes(lines["StockCode"])


def is_name(text: str) -> bool:
    """Whether a description is a product's name, which the shop writes in capitals.

    Remarks of the stockroom ("check", "wet damaged", "?") and services ("Next Day Carriage") are in
    lower or mixed case; sizes in a name ("BAG 500g SWIRLY MARBLES") are few letters.
    """
    return sum(map(str.isupper, text)) > sum(map(str.islower, text)) and not text.startswith("?")


def _products(lines: pd.DataFrame, code: pd.Series) -> pd.DataFrame:
    """Title: the most frequent description in capitals; price: the median of positive unit prices."""
    real = code.map({c: bool(_PRODUCT.fullmatch(c)) for c in code.unique()})
    text = stripped(lines["Description"])
    named = real & text.map({t: is_name(t) for t in text.unique()})
    counts = pd.DataFrame({"code": code[named], "text": text[named]}).value_counts().reset_index()
    titles = counts.sort_values(["code", "count", "text"], ascending=[True, False, True]).drop_duplicates(
        "code"
    )
    price = numbers(lines["UnitPrice"])
    usual = price[real & price.gt(0)].groupby(code[real & price.gt(0)]).median()
    table = titles.set_index("code")["text"].to_frame("title").join(usual.rename("price"))
    return pd.DataFrame(
        {
            "product_id": table.index,
            "title": table["title"].to_numpy(),
            "description": "",
            "category": "",
            "brand": "",
            "price": table["price"].map(lambda p: "" if pd.isna(p) else f"{p:.8g}").to_numpy(),
            "cost": "",
            "currency": "GBP",
            "attributes": "",
            "photos": "",
            "sounds": "",
            "language": "en",
            "group_id": "",
            "updated_at": "",
        }
    )


def _events(lines: pd.DataFrame, code: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": lines["CustomerID"],
            "product_id": code,
            "event": "purchase",
            "quantity": lines["Quantity"],
            "unit_price": lines["UnitPrice"],
            "time": lines["InvoiceDate"],
            "order_id": lines["InvoiceNo"],
        }
    )
