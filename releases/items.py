"""Products as a person has them at hand, as what the encoder reads."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catalog.contract import PRODUCT_COLUMNS, STOCK_COLUMNS
from catalog.product import ProductInput
from catalog.snapshot.media_store import MediaStore
from retrieval.catalogue.products import attributes_of
from shelfspace.errors import InputError

__all__ = ["Products", "items_of", "media_files"]

Products = pd.DataFrame | Sequence[Mapping[str, Any] | ProductInput]
"""A table in the contract's columns, or rows of one; what a row lacks is left out."""
READ = tuple(field.name for field in fields(ProductInput))
KNOWN = {*READ, *PRODUCT_COLUMNS, *STOCK_COLUMNS}


def items_of(products: Products, store: MediaStore | None = None) -> list[ProductInput]:
    """One item a product.

    Args:
        products: columns title, description, brand, attributes (a mapping, or the JSON text of one),
            price, photos, sounds; of photos and sounds one or several. The contract's other columns
            are passed over.
        store: the snapshot's media, whose keys a photo or sound may name.

    Raises:
        InputError: a column that is none, a number or mapping that is none, or a file that is not there;
            names row and column.
    """
    if isinstance(products, pd.DataFrame):
        unknown = [str(name) for name in products if name not in KNOWN]
        if unknown or not set(READ) & set(products):
            raise InputError("products", unknown or list(products), f"give columns of {', '.join(READ)}")
        rows: Sequence[Any] = products.to_dict("records")
    elif isinstance(products, Mapping | ProductInput):
        raise InputError("products", products, "give a list of products, or a table")
    else:
        rows = products
    return [
        row if isinstance(row, ProductInput) else item_of(row, f"products[{number}]", store)
        for number, row in enumerate(rows)
    ]


def item_of(row: Mapping[str, Any], place: str, store: MediaStore | None) -> ProductInput:
    """One product; see `items_of`."""
    for name in row:
        if name not in KNOWN:
            raise InputError(f"{place}.{name}", row[name], f"give {', '.join(READ)}")
    said: dict[str, Any] = {name: row[name] for name in READ if not missing(row.get(name))}
    try:
        attributes = attributes_of(said.get("attributes"))
    except ValueError as error:
        remedy = "give a mapping of names to values, or the JSON text of one"
        raise InputError(f"{place}.attributes", said["attributes"], remedy) from error
    price = said.get("price")
    if price is not None and (isinstance(price, str | bool) or not np.isfinite(price)):
        raise InputError(f"{place}.price", price, "give a number, or None")
    return ProductInput(
        title=str(said.get("title", "")),
        description=str(said.get("description", "")),
        brand=str(said.get("brand", "")),
        attributes={name: str(value) for name, value in attributes.items()},
        price=None if price is None else float(price),
        photos=media_files(said.get("photos"), f"{place}.photos", store),
        sounds=media_files(said.get("sounds"), f"{place}.sounds", store),
    )


def missing(cell: Any) -> bool:
    """Whether a cell says nothing."""
    return cell is None or (np.ndim(cell) == 0 and not isinstance(cell, bytes) and bool(pd.isna(cell)))


def media_files(given: Any, place: str, store: MediaStore | None = None) -> tuple[bytes, ...]:
    """Photos or sounds as bytes.

    Args:
        given: one or several of: a path, the bytes of a file, a PIL image, a media key of the snapshot.

    Raises:
        InputError: no such file, or nothing of the kind.
    """
    if missing(given):
        return ()
    if not isinstance(given, str | Path | bytes) and isinstance(given, Iterable):
        return tuple(one_file(one, place, store) for one in given)
    return (one_file(given, place, store),)


def one_file(given: Any, place: str, store: MediaStore | None) -> bytes:
    """The bytes of one photo or sound; see `media_files`."""
    if isinstance(given, bytes):
        return given
    if isinstance(given, str) and store is not None and given in store:
        return store.read(given)
    if isinstance(given, str | Path):
        if not Path(given).is_file():
            raise InputError(place, str(given), "name a file that is there, or a media key of the snapshot")
        return Path(given).read_bytes()
    if hasattr(given, "save"):
        stream = io.BytesIO()
        given.save(stream, "PNG")
        return stream.getvalue()
    raise InputError(place, given, "give a path, the bytes of a file, or a PIL image")
