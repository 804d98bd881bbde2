"""catalog.yaml: how a folder describes its catalogue, checked before anything is read.

name: my-shop              # of its workspace; default the folder's name
currency: EUR              # of all prices; rows in another are refused
label_level: 2             # category nodes that make a label; 0: none
products:
  path: goods.csv          # .csv, .tsv, .jsonl, .parquet, .xlsx or .xml (a Merchant feed), gzipped or not
  columns: {product_id: sku, title: name, price: price_eur}
  encoding: utf-8          # of a CSV
  delimiter: ","           # of a CSV; found where it is not named
  sheet: Products          # of a workbook; the first where it is not named
  decimal: ","             # of this table alone, as thousands and dates
decimal: "."               # the mark before decimals, where a column does not tell it (1.261); of some
                           # columns, here or in a table: {unit_price: ",", quantity: "."}
thousands: ","             # the mark between groups of digits
dates: day-first           # or month-first, where a column does not tell it (03/04/2026)
events: {path: events.csv.gz}
stock: {path: stock.csv}
split: {path: split.csv}   # the shop's own: product_id, split; or products.columns: {split: ...}
media_root: media          # photos and sounds are named relative to it
photo_separator: "|"       # between several keys of one cell
category_separator: " > "
names:                     # what shoppers call a category, by language; categories below it have them too
  Home > Kettles: {zh: 水壶, en: [kettle, tea kettle]}
params: {}                 # overrides of params.yaml
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from catalog.cells import AS_FOUND, category_path
from catalog.contract import COLUMNS, TABLES, TIME, source_columns
from catalog.sources.base import CatalogSource, inside
from catalog.sources.presets import READERS
from catalog.sources.tables import ENDINGS
from shelfspace.belonging import own_name, workspace_name
from shelfspace.errors import CatalogError
from shelfspace.settings.section import Section, refused

__all__ = ["described"]


PATH = "give path, and columns where names differ"


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


Word = TypeVar("Word")
ByColumn = Annotated[dict[str, Word], BeforeValidator(lambda w: w if isinstance(w, dict) else {"": w})]
"""One word for all columns, which stands under "" then, or contract column to word."""
BY_COLUMN = "; of one column alone {%s}"


class Writing(Section):
    """How numbers and dates are written."""

    decimal: ByColumn[Literal["", ".", ","]] = Field(
        default_factory=dict, description="give '.' or ','" + BY_COLUMN % "price: ','"
    )
    thousands: ByColumn[Literal["", ".", ",", " ", "'"]] = Field(
        default_factory=dict, description="give '.', ',', ' ' or \"'\"" + BY_COLUMN % "price: '.'"
    )
    dates: ByColumn[Literal["", "day-first", "month-first"]] = Field(
        default_factory=dict, description="give day-first or month-first" + BY_COLUMN % "time: day-first"
    )

    @model_validator(mode="after")
    def _apart(self) -> "Writing":
        if any(mark and mark == self.thousands.get(column) for column, mark in self.decimal.items()):
            raise ValueError("decimal and thousands are the same mark")
        return self


class Table(Writing):
    """One table: its file, and how it is read; a field's text is the remedy where its value is not usable."""

    path: str = Field(description="name the file, relative to the catalogue's folder")
    columns: dict[str, str] | None = Field(None, description="give contract column: one column of the source")
    encoding: str = Field("utf-8", description="name the encoding of a CSV")
    sheet: str = Field("", description="name a sheet of the workbook")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="give the one character between the values of a CSV"
    )


class Description(Writing):
    """All of catalog.yaml."""

    name: str = Field("", description="give a text")
    currency: str = Field("", description="give a text such as 'EUR'")
    label_level: int = Field(
        1, ge=0, strict=True, description="give 0 for no labels, or how many category nodes make one"
    )
    products: Table | None = Field(None, description=PATH)
    events: Table | None = Field(None, description=PATH)
    stock: Table | None = Field(None, description=PATH)
    split: Table | None = Field(None, description=PATH)
    media_root: str | None = Field(None, description="name a folder inside the catalogue's")
    photo_separator: str = Field("|", min_length=1, description="give a text such as '|'")
    category_separator: str = Field(" > ", min_length=1, description="give a text such as ' > '")
    names: dict[Text, dict[Text, Text | list[Text]]] = Field(
        default_factory=dict, description="give category path: {language: a name, or a list of names}"
    )
    reader: str = Field("", description="name a preset's reader, or leave it out")
    params: dict[str, Any] | None = Field(None, description="give sections of params.yaml as a mapping")


def described(folder: Path, name: str, description: Path | None = None) -> CatalogSource:
    """The catalogue of a folder.

    Args:
        folder: absolute, or relative to the current folder.
        name: of the workspace, unless the description gives one.
        description: a catalog.yaml that lies elsewhere; default the folder's own, which may be absent
            where the tables have the plain names products, events and stock.

    Raises:
        CatalogError: a description that is not usable, with the entry that is at fault.
    """
    values = _read(description or folder / "catalog.yaml")
    try:
        found = Description.model_validate(values)
    except ValidationError as error:
        raise refused(error, CatalogError, _remedy(error), "catalog.yaml ") from error
    tables = {t: values[t] for t in TABLES if values.get(t)} or _found(folder)
    if "products" not in tables:
        raise CatalogError(
            "products", str(folder), "add a catalog.yaml, or a products.csv, .jsonl, .parquet or .xlsx"
        )
    tables["products"], split = _apart(tables["products"], values.get("split") or {})
    for table, entry in tables.items():
        for column in entry.get("columns") or {}:
            if column not in source_columns(table):
                known = ", ".join(source_columns(table))
                raise CatalogError(f"catalog.yaml {table}.columns", column, f"map one of {known}")
    _check_writing(values, TABLES, "")
    for table, entry in tables.items():
        _check_writing(entry, (table,), f"{table}.")
    if found.reader not in ("", *READERS):
        remedy = f"leave it out, or use one of {', '.join(READERS)}"
        raise CatalogError("catalog.yaml reader", found.reader, remedy)
    return CatalogSource(
        name=workspace_name(own_name(found.name) or name),
        folder=folder,
        tables=tables,
        media_root=_media_root(folder, found.media_root),
        currency=found.currency.upper(),
        label_level=found.label_level,
        photo_separator=found.photo_separator,
        category_separator=found.category_separator,
        names={
            category_path(path, found.category_separator): {
                language: [own] if isinstance(own, str) else own for language, own in by_language.items()
            }
            for path, by_language in found.names.items()
        },
        written=AS_FOUND.over(values),
        split=split,
        overrides=found.params or {},
        reader=found.reader,
        readers=READERS.get(found.reader, {}),
        described={name: value for name, value in values.items() if name != "params"},
    )


def _check_writing(entry: Mapping[str, Any], tables: Iterable[str], where: str) -> None:
    """Refuse words about how a column is written that holds no numbers, or no times."""
    columns = [column for table in tables for column in COLUMNS[table]]
    times = [column.name for column in columns if column.type == TIME]
    amounts = [column.name for column in columns if column.type in ("double", "int64")]
    for word, known in (("decimal", amounts), ("thousands", amounts), ("dates", times)):
        for column in entry[word] if isinstance(entry.get(word), dict) else ():
            if column not in known:
                remedy = f"name one of {', '.join(known)}; other columns are not read as such"
                raise CatalogError(f"catalog.yaml {where}{word}", column, remedy)


def _apart(products: dict[str, Any], split: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The products' entry without a split's column, and the entry that reads that; else `split`."""
    columns = dict(products.get("columns") or {})
    if "split" not in columns:
        return products, split
    if split:
        remedy = "name the split's column here or a file of its own (split:), one of them"
        raise CatalogError("catalog.yaml products.columns", "split", remedy)
    own = {"split": columns.pop("split"), "product_id": columns.get("product_id", "product_id")}
    return {**products, "columns": columns}, {**products, "columns": own}


def _remedy(error: ValidationError) -> str:
    """What the entry at fault takes; for an unknown one the names there are."""
    loc = error.errors()[0]["loc"]
    if not loc:  # about several entries together
        return "decimal and thousands need two marks"
    kind, name = (Table, loc[1]) if loc[0] in (*TABLES, "split") and len(loc) > 1 else (Description, loc[0])
    field = kind.model_fields.get(str(name))
    return f"use one of {', '.join(kind.model_fields)}" if field is None else str(field.description)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogError("catalog.yaml", str(path), f"give readable YAML in UTF-8 ({error})") from error
    if not isinstance(loaded, dict):
        raise CatalogError(
            "catalog.yaml", str(path), f"give a mapping with {', '.join(Description.model_fields)}"
        )
    return {str(key): value for key, value in loaded.items()}


def _media_root(folder: Path, named: str | None) -> Path | None:
    if named is None:
        return folder / "media" if (folder / "media").is_dir() else None
    root = inside(folder, named, "catalog.yaml media_root")
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
