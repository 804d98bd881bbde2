"""Exports of shop programs that catalog.yaml names: products, and stock where they have it."""

from typing import TYPE_CHECKING

import pandas as pd

from catalog.sources.shop_exports import ShopExport
from catalog.sources.tables import read_table

if TYPE_CHECKING:
    from catalog.sources.base import CatalogSource

__all__ = ["read_products", "read_stock"]


def read_products(export: ShopExport, source: "CatalogSource") -> pd.DataFrame:
    """Raw products of an export."""
    return export.convert(_rows(source), source.table_file("products").name)


def read_stock(export: ShopExport, source: "CatalogSource") -> pd.DataFrame:
    """Raw stock of an export."""
    return export.stock(_rows(source), source.table_file("products").name)


def _rows(source: "CatalogSource") -> pd.DataFrame:
    described = source.tables["products"]
    encoding = str(described.get("encoding", "utf-8"))
    sheet = str(described.get("sheet") or "")
    return read_table(source.table_file("products"), None, encoding, described.get("delimiter"), sheet=sheet)
