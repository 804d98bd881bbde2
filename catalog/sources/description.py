"""catalog.yaml: how a folder describes its catalogue, checked before anything is read.

currency: EUR              # of all prices; rows in another are refused
label_level: 2             # category nodes that make a label; 0: none
products:
  path: goods.csv          # .csv, .jsonl or .parquet, gzipped or not
  columns: {product_id: sku, title: name, price: price_eur}
  encoding: utf-8          # of a CSV
  delimiter: ","
events: {path: events.csv.gz}
stock: {path: stock.csv}
media_root: media          # photos and sounds are named relative to it
photo_separator: "|"       # between several keys of one cell
category_separator: " > "
params: {}                 # overrides of params.yaml
"""

from pathlib import Path
from typing import Any

import yaml

from catalog.contract import TABLES, source_columns
from catalog.sources.base import CatalogSource, inside
from catalog.sources.presets import READERS
from catalog.sources.tables import ENDINGS
from shelfspace.errors import CatalogError

__all__ = ["described"]

KEYS = (
    "category_separator", "currency", "events", "label_level", "media_root", "name", "params",
    "photo_separator", "products", "reader", "stock",
)  # fmt: skip
TABLE_KEYS = ("columns", "delimiter", "encoding", "path")


def described(folder: Path, name: str, description: Path | None = None) -> CatalogSource:
    """The catalogue of a folder.

    Args:
        folder: absolute, or relative to the current folder.
        name: of the workspace.
        description: a catalog.yaml that lies elsewhere; default the folder's own, which may be absent
            where the tables have the plain names products, events and stock.

    Raises:
        CatalogError: a description that is not usable, with the entry that is at fault.
    """
    values = _read(description or folder / "catalog.yaml")
    for key in values:
        if key not in KEYS:
            raise CatalogError(f"catalog.yaml {key}", values[key], f"use one of {', '.join(KEYS)}")
    tables = {t: values[t] for t in TABLES if values.get(t)} or _found(folder)
    if "products" not in tables:
        raise CatalogError(
            "products", str(folder), "add a catalog.yaml, or a products.csv, .jsonl or .parquet"
        )
    for table, entry in tables.items():
        _check_table(table, entry)
    reader = values.get("reader", "")
    if reader and reader not in READERS:
        raise CatalogError("catalog.yaml reader", reader, f"leave it out, or use one of {', '.join(READERS)}")
    params = values.get("params") or {}
    if not isinstance(params, dict):
        raise CatalogError("catalog.yaml params", params, "give sections of params.yaml as a mapping")
    return CatalogSource(
        name=name,
        folder=folder,
        tables=tables,
        media_root=_media_root(folder, values.get("media_root")),
        currency=_text(values, "currency", "").upper(),
        label_level=_level(values.get("label_level", 1)),
        photo_separator=_text(values, "photo_separator", "|"),
        category_separator=_text(values, "category_separator", " > "),
        overrides=params,
        reader=reader,
    )


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogError("catalog.yaml", str(path), f"give readable YAML in UTF-8 ({error})") from error
    if not isinstance(loaded, dict):
        raise CatalogError("catalog.yaml", str(path), f"give a mapping with {', '.join(KEYS)}")
    return {str(key): value for key, value in loaded.items()}


def _check_table(table: str, entry: object) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise CatalogError(f"catalog.yaml {table}", entry, "give path, and columns where names differ")
    for key in entry:
        if key not in TABLE_KEYS:
            raise CatalogError(
                f"catalog.yaml {table}.{key}", entry[key], f"use one of {', '.join(TABLE_KEYS)}"
            )
    columns = entry.get("columns") or {}
    if not isinstance(columns, dict):
        raise CatalogError(f"catalog.yaml {table}.columns", columns, "give contract column: source column")
    for column, given in columns.items():
        if column not in source_columns(table):
            known = ", ".join(source_columns(table))
            raise CatalogError(f"catalog.yaml {table}.columns", column, f"map one of {known}")
        if not isinstance(given, str):
            raise CatalogError(
                f"catalog.yaml {table}.columns.{column}", given, "name one column of the source"
            )


def _text(values: dict[str, Any], key: str, default: str) -> str:
    value = values.get(key, default)
    if not isinstance(value, str) or (default and not value):
        raise CatalogError(f"catalog.yaml {key}", value, f"give a text such as {default or 'EUR'!r}")
    return value


def _level(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise CatalogError(
            "catalog.yaml label_level", value, "give 0 for no labels, or how many category nodes make one"
        )
    return value


def _media_root(folder: Path, named: object) -> Path | None:
    if named is None:
        return folder / "media" if (folder / "media").is_dir() else None
    root = inside(folder, str(named), "catalog.yaml media_root")
    if not root.is_dir():
        raise CatalogError("catalog.yaml media_root", named, f"name a folder that exists in {folder}")
    return root


def _found(folder: Path) -> dict[str, dict[str, str]]:
    """Tables under their plain names in a folder without a description."""
    names = {t: [f"{t}{ending}" for ending in ENDINGS if (folder / f"{t}{ending}").is_file()] for t in TABLES}
    for table, files in names.items():
        if len(files) > 1:
            raise CatalogError(table, ", ".join(files), "keep one of them, or name it in a catalog.yaml")
    return {table: {"path": files[0]} for table, files in names.items() if files}
