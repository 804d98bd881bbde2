"""Product exports of Shopify, WooCommerce and Google Merchant, row by row in the contract's columns.

A product of several rows keeps them: the rows complete each other (`catalog.joining`). Of its variants the
lowest price is the product's.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from catalog.cells import ids, numbers, stripped
from catalog.contract import PRODUCT_COLUMNS, STOCK_COLUMNS, empty
from shelfspace.errors import CatalogError

__all__ = ["EXPORTS", "ShopExport", "export_of", "plain_name"]

HIDDEN = ("false", "0", "-1", "no", "draft", "archived", "private")
"""What says that the shop does not show a product; it is kept, with the attribute `published`: `no`."""


def plain_name(column: object) -> str:
    """A column's name as it is compared where case, spaces, hyphens and the mark of a required one differ:
    Product ID, product-id, productId and product_id* are one."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=ID$)|[-_.\s]+", " ", str(column).strip(" *"))
    return "_".join(apart.casefold().split())


@dataclass(frozen=True)
class ShopExport:
    """One program's export.

    Attributes:
        name: as catalog.yaml says it (`reader`).
        shown: as people say it.
        needs: plain names of columns by which it is known.
        id: plain names of the columns that name a product.
        products: of rows with plain names: rows in the contract's columns.
        on_hand: plain name of the column of pieces in stock; "" where it has none.
    """

    name: str
    shown: str
    needs: frozenset[str]
    id: tuple[str, ...]
    products: Callable[[pd.DataFrame], pd.DataFrame]
    on_hand: str = ""

    def convert(self, rows: pd.DataFrame, file: str = "") -> pd.DataFrame:
        """Raw products, every column of the contract.

        Raises:
            CatalogError: a column by which the export is known is missing.
        """
        return self.products(self._plain(rows, file)).reindex(columns=list(PRODUCT_COLUMNS), fill_value="")

    def part(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Raw products of an export of some columns: only what these say something of."""
        plain = self._plain(rows)
        # A column that an export feeds is not empty where every cell of it says something.
        probe = self.products(pd.DataFrame("x", index=[0], columns=plain.columns))
        said = [name for name in probe if probe.at[0, name]]
        # Attributes are one field: some of them would take the place of all.
        whole = self.needs <= set(plain.columns)
        return self.products(plain)[[name for name in said if whole or name != "attributes"]]

    def names(self, columns: Iterable[object]) -> bool:
        """Whether columns like these say which product a row is about."""
        return any(plain_name(column) in self.id for column in columns)

    def stock(self, rows: pd.DataFrame, file: str = "") -> pd.DataFrame:
        """Raw stock: pieces of all variants together; products that say nothing are left out."""
        plain = self._plain(rows, file)
        if self.on_hand not in plain:
            return empty("stock")
        pieces = numbers(plain[self.on_hand])
        owner = self.products(plain)["product_id"]
        summed = pieces[pieces.notna() & owner.ne("")].groupby(owner).sum()
        shown = summed.map(lambda number: f"{number:g}").astype(object)
        told = pd.DataFrame({"product_id": summed.index, "on_hand": shown.to_numpy()})
        return told.reindex(columns=STOCK_COLUMNS, fill_value="")

    def _plain(self, rows: pd.DataFrame, file: str = "") -> pd.DataFrame:
        """Rows under plain names; with a file's name the export has to be whole."""
        plain = rows.set_axis([plain_name(column) for column in rows.columns], axis="columns")
        plain = plain.loc[:, ~plain.columns.duplicated()]
        for column in sorted(self.needs - set(plain.columns)) if file else ():
            raise CatalogError("column", column, f"give {file} as {self.shown} exports it")
        return plain


def export_of(columns: Iterable[object]) -> ShopExport | None:
    """Whose export columns like these are; None where it is none that is known."""
    there = {plain_name(column) for column in columns}
    return next((export for export in EXPORTS.values() if export.needs <= there), None)


def _cells(rows: pd.DataFrame, *names: str) -> pd.Series:
    """The first of these columns that says something, row by row."""
    found = pd.Series("", index=rows.index, dtype=object)
    for name in names:
        if name in rows:
            found = found.where(found.ne(""), stripped(rows[name]))
    return found


def _lowest(price: pd.Series, owner: pd.Series) -> pd.Series:
    """For each row the lowest price of its product, as it is written; what is no number stays as it is."""
    values = numbers(price)
    usable = values.gt(0) & owner.ne("")
    lowest = price[values[usable].groupby(owner[usable]).idxmin()]
    return owner.map(dict(zip(owner[lowest.index], lowest, strict=True))).fillna(price)


def _named_values(
    rows: pd.DataFrame, pairs: Sequence[tuple[pd.Series, pd.Series]], owner: pd.Series
) -> pd.Series:
    """Attributes as JSON in each product's first row: name to its values in all rows, each once."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for names, values in pairs:
        for product, name, value in zip(owner, names, values, strict=True):
            if product and name and value:
                found.setdefault(product, {}).setdefault(name, {})[value] = None
    first = ~owner.duplicated()
    texts = {
        product: json.dumps({name: ", ".join(values) for name, values in named.items()}, ensure_ascii=False)
        for product, named in found.items()
    }
    return owner.map(texts).fillna("").where(first, "")


def _hidden(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    hidden = _cells(rows, "published").str.lower().isin(HIDDEN) | _cells(rows, "status").str.lower().isin(
        HIDDEN
    )
    return _column(rows, "published"), hidden.map({True: "no", False: ""}).astype(object)


def _column(rows: pd.DataFrame, text: str) -> pd.Series:
    return pd.Series(text, index=rows.index, dtype=object)


def _listed(*columns: pd.Series) -> list[str]:
    """Cells with commas between their values as JSON lists."""
    return [
        json.dumps([key.strip() for cell in cells for key in cell.split(",") if key.strip()])
        if any(cells)
        else ""
        for cells in zip(*columns, strict=True)
    ]


def _shopify(rows: pd.DataFrame) -> pd.DataFrame:
    owner = ids(_cells(rows, "handle"))
    name = [_cells(rows, f"option{n}_name").groupby(owner).transform("first") for n in (1, 2, 3)]
    options = [
        (title.where(title.str.lower().ne("title"), ""), _cells(rows, f"option{n}_value"))
        for n, title in enumerate(name, 1)
    ]
    told = [(_column(rows, said), _cells(rows, column)) for said, column in
            (("tags", "tags"), ("type", "type"))]  # fmt: skip
    return pd.DataFrame(
        {
            "product_id": owner,
            "title": _cells(rows, "title"),
            "description": _cells(rows, "body_(html)", "body_html"),
            "category": _cells(rows, "product_category", "standard_product_type", "type"),
            "brand": _cells(rows, "vendor"),
            "price": _lowest(_cells(rows, "variant_price"), owner),
            "cost": _lowest(_cells(rows, "cost_per_item"), owner),
            "attributes": _named_values(rows, [*options, *told, _hidden(rows)], owner),
            "photos": [json.dumps([key]) if key else "" for key in _cells(rows, "image_src")],
        }
    )


def _woocommerce(rows: pd.DataFrame) -> pd.DataFrame:
    own = ids(_cells(rows, "id", "sku"))
    by_sku = dict(zip(_cells(rows, "sku"), own, strict=True))
    parent = _cells(rows, "parent").str.replace(r"^id:", "", regex=True)
    variation = _cells(rows, "type").str.contains("variation") & parent.ne("")
    owner = own.mask(variation, parent.map(lambda text: by_sku.get(text, text)))
    numbers_of = [n for n in range(1, 100) if f"attribute_{n}_name" in rows]
    attributes = [
        (_cells(rows, f"attribute_{n}_name"), _cells(rows, f"attribute_{n}_value(s)")) for n in numbers_of
    ]
    told = [(_column(rows, "tags"), _cells(rows, "tags"))]
    paths = _cells(rows, "categories").str.replace(r"\\,", "\0", regex=True).str.split(",").str[0]
    texts = {name: _cells(rows, *columns).mask(variation, "") for name, columns in
             (("title", ("name",)), ("description", ("description", "short_description")))}  # fmt: skip
    return pd.DataFrame(
        {
            "product_id": owner,
            **texts,
            "category": paths.str.replace("\0", ",", regex=False).fillna(""),
            "brand": _cells(rows, "brands", "brand"),
            "price": _lowest(_cells(rows, "sale_price", "regular_price"), owner),
            "attributes": _named_values(rows, [*attributes, *told, _hidden(rows)], owner),
            "photos": _listed(_cells(rows, "images")),
        }
    )


def _google_merchant(rows: pd.DataFrame) -> pd.DataFrame:
    owner = ids(_cells(rows, "id"))
    names = ("gtin", "mpn", "color", "size", "material", "pattern", "gender", "age_group", "condition")
    told = [(_column(rows, name), _cells(rows, name)) for name in (*names, "availability", "link")]
    taxonomy = _cells(rows, "google_product_category")
    category = _cells(rows, "product_type")
    return pd.DataFrame(
        {
            "product_id": owner,
            "title": _cells(rows, "title"),
            "description": _cells(rows, "description"),
            # A number of Google's taxonomy names no category that people read.
            "category": category.where(category.ne(""), taxonomy.mask(taxonomy.str.isdecimal(), "")),
            "brand": _cells(rows, "brand"),
            "price": _cells(rows, "sale_price", "price"),
            "cost": _cells(rows, "cost_of_goods_sold"),
            "attributes": _named_values(rows, told, owner),
            "photos": _listed(_cells(rows, "image_link"), _cells(rows, "additional_image_link")),
            "group_id": ids(_cells(rows, "item_group_id")),
        }
    )


EXPORTS = {
    export.name: export
    for export in (
        ShopExport(
            "shopify", "Shopify", frozenset({"handle", "title", "variant_price", "image_src"}), ("handle",),
            _shopify, "variant_inventory_qty",
        ),
        ShopExport(
            "woocommerce", "WooCommerce", frozenset({"type", "sku", "name", "regular_price"}), ("id", "sku"),
            _woocommerce, "stock",
        ),
        ShopExport(
            "google_merchant", "Google Merchant", frozenset({"id", "title", "price", "image_link"}), ("id",),
            _google_merchant,
        ),
    )
}  # fmt: skip
"""Exports by name."""
