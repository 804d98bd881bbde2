"""Flipkart listings in the contract's columns."""

import json
import re
from typing import TYPE_CHECKING

import pandas as pd

from catalog.sources.tables import read_table
from shelfspace.errors import CatalogError

if TYPE_CHECKING:
    from catalog.sources.base import CatalogSource

__all__ = ["read_products", "specifications"]

_PAIR = re.compile(r'"key"=>"((?:[^"\\]|\\.)*)"\s*,\s*"value"=>"((?:[^"\\]|\\.)*)"')
_LONE = re.compile(r'\{"value"=>"((?:[^"\\]|\\.)*)"\}')


def specifications(cell: str) -> dict[str, str]:
    """A Ruby hash of specifications as names and values; values without a name are numbered.

    A name given twice keeps all its values, joined by "; ".
    """
    found: dict[str, str] = {}
    for name, value in _PAIR.findall(cell):
        key, text = _unescaped(name), _unescaped(value)
        found[key] = f"{found[key]}; {text}" if key in found and text not in found[key] else text
    for number, value in enumerate(_LONE.findall(cell), 1):
        found[f"note {number}"] = _unescaped(value)
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text).strip()


def read_products(source: "CatalogSource") -> pd.DataFrame:
    """Raw products. `retail_price` is not read: it gives the price away."""
    rows = read_table(source.table_file("products"))
    names = ("uniq_id", "product_name", "product_category_tree", "discounted_price", "product_specifications")
    for name in (*names, "description", "brand", "image", "crawl_timestamp"):
        if name not in rows:
            raise CatalogError("column", name, "give the Flipkart listing's own columns, unchanged")
    return pd.DataFrame(
        {
            "product_id": rows["uniq_id"],
            "title": rows["product_name"],
            "description": rows["description"],
            "category": rows["product_category_tree"],
            "brand": rows["brand"],
            "price": rows["discounted_price"],
            "cost": "",
            "currency": "INR",
            "attributes": [
                json.dumps(specifications(cell), ensure_ascii=False)
                for cell in rows["product_specifications"]
            ],
            "photos": rows["image"],
            "sounds": "",
            "language": "en",
            "group_id": "",
            "updated_at": rows["crawl_timestamp"],
        }
    )
