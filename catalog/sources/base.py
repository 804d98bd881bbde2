"""A catalogue: a folder with tables and media, described by the catalog.yaml beside them."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd

from catalog.cells import AS_FOUND, Reading, moments, usable_key
from catalog.contract import REQUIRED, TABLES, empty, raw_columns, source_columns
from catalog.media.addresses import fetched_name, is_address
from catalog.sources.tables import read_table
from shelfspace.errors import CatalogError
from shelfspace.hashing import file_hash, fingerprint

__all__ = ["CatalogSource", "inside"]

READER_VERSION = 4
"""Changes when a table reader or a preset gives other rows for the same file."""


@dataclass(frozen=True)
class CatalogSource:
    """Where a catalogue lies and how it is read.

    Attributes:
        name: of its workspace.
        folder: tables are named relative to it.
        tables: products, events, stock: {"path": ..., "columns": {contract: source}, "encoding": ...,
            "delimiter": ..., "sheet": ..., "decimal": ..., "thousands": ..., "dates": ...}; all but the
            path may be left out.
        media_root: photos and sounds are named relative to it and stay inside; None without media.
        currency: the one currency of its prices; "" accepts any.
        label_level: category nodes that make a label; 0 where it has no categories.
        photo_separator, category_separator: between several values of one cell.
        names: category path, its nodes joined by " > ", to language to what shoppers call it there.
        written: how all tables write numbers and dates; a table's own entries go first.
        split: how the shop's own split is read: path, columns, encoding, delimiter; {} without one.
        overrides: of params.yaml.
        reader: name of a preset's own reader, or "".
        readers: table to what reads it, where a reader is named; another table is read where it is described.
        described: what catalog.yaml says, as it stands there, without `params`.
        notes: sentences about what the last reading found rather than was told.
    """

    name: str
    folder: Path
    tables: Mapping[str, Mapping[str, Any]]
    media_root: Path | None = None
    currency: str = ""
    label_level: int = 1
    photo_separator: str = "|"
    category_separator: str = " > "
    names: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    written: Reading = AS_FOUND
    split: Mapping[str, Any] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    reader: str = ""
    readers: "Mapping[str, Callable[[CatalogSource], pd.DataFrame]]" = field(default_factory=dict)
    described: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list, compare=False)

    def products(self) -> pd.DataFrame:
        """Raw product rows: contract columns as str, and `videos` where the table has them."""
        return self._table("products")

    def events(self) -> pd.DataFrame:
        """Raw events; no rows where the catalogue has none."""
        return self._table("events")

    def stock(self) -> pd.DataFrame:
        """Raw stock; no rows where the catalogue has none."""
        return self._table("stock")

    def _table(self, name: str) -> pd.DataFrame:
        described, read = self.tables.get(name), self.readers.get(name)
        if read is not None and (name == "products" or described is None):
            return read(self)
        if described is None:
            return empty(name)
        path = self.table_file(name)
        table = read_table(
            path,
            described.get("columns"),
            str(described.get("encoding", "utf-8")),
            described.get("delimiter"),
            sheet=str(described.get("sheet") or ""),
            table=name,
            notes=self.notes,
        )
        for column in REQUIRED[name]:
            if column not in table:
                there = ", ".join(map(str, table.columns[:20]))
                raise CatalogError(
                    f"{name}.{column}", path.name, f"name its column in catalog.yaml; the file has: {there}"
                )
        reading = self.reading(name).of("updated_at")
        if "updated_at" in table and reading.dates:
            # What deliveries are compared with must not need the description to be read.
            times = moments(table["updated_at"], reading)
            written = times.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            table["updated_at"] = written.where(times.notna(), table["updated_at"])
        kept = [c for c in source_columns(name) if c in raw_columns(name) or c in table.columns]
        return table.reindex(columns=kept, fill_value="").reset_index(drop=True)

    def mapping(self, name: str) -> dict[str, str]:
        """Contract column to the source's, as catalog.yaml says of a table; {} where it says nothing."""
        described = {} if self.reader else self.tables.get(name, {})
        return dict(described.get("columns") or {})

    def own_columns(self, name: str) -> tuple[str, ...]:
        """Columns of a table as the file has them, known to the contract or not; () without a file."""
        if self.reader or name not in self.tables:
            return ()
        described = self.tables[name]
        table = read_table(
            self.table_file(name),
            None,
            str(described.get("encoding", "utf-8")),
            described.get("delimiter"),
            sheet=str(described.get("sheet") or ""),
        )
        return tuple(map(str, table.columns))

    def table_file(self, name: str) -> Path:
        """The file of a table, kept inside the catalogue's folder.

        Raises:
            CatalogError: it leads out of the folder, or there is no such file.
        """
        path = str(self.tables[name]["path"])
        found = inside(self.folder, path, f"{name}.path")
        if not found.is_file():
            raise CatalogError(f"{name}.path", path, f"name a file that exists in {self.folder}")
        return found

    def fingerprint(self) -> str:
        """Hash of the table files and of how they are read; equal ones need not be read again."""
        tables = sorted(self.tables.items())
        files = {name: file_hash(self.table_file(name)) for name, _ in tables}
        kept = ("columns", "encoding", "delimiter", "sheet")
        how = {name: {k: described[k] for k in kept if k in described} for name, described in tables}
        dates = [self.reading(name).of("updated_at").dates for name, _ in tables]
        return fingerprint([files, how, dates, self.reader, READER_VERSION])

    def reading(self, table: str) -> Reading:
        """How a table writes numbers and dates, where catalog.yaml tells it."""
        return self.written.over(self.tables.get(table, {}))

    def media_path(self, key: str) -> Path | None:
        """The file of a media key, or None where there is no such file; of a web address the fetched one.

        A path is looked for below the media root, then below the catalogue's folder; where it is not there as
        it is written, in the other Unicode form, with its %20 read, and without what follows a `?`.

        Raises:
            CatalogError: the key leads out of the media root, by `..` or by a link.
        """
        fetched = is_address(key)
        roots = [self.media_root] if fetched else [self.media_root, self.folder]
        for root in filter(None, roots):
            for name in [fetched_name(key)] if fetched else _spellings(key):
                path = inside(root, name, "media key")
                if path.is_file():
                    return path
        return None

    @property
    def cleaning_fingerprint(self) -> str:
        """Hash of what cleaning reads of the description."""
        readings = [self.reading(table).key() for table in TABLES]
        return fingerprint(
            [self.currency, self.photo_separator, self.category_separator, self.reader, readings]
        )


def _spellings(key: str) -> dict[str, None]:
    """A path as it is written, and other ways to write it."""
    plain = unquote(key.partition("?")[0])
    forms = [unicodedata.normalize(form, plain) for form in ("NFC", "NFD")]
    return dict.fromkeys([key, *filter(usable_key, forms)])


def inside(root: Path, path: str, what: str) -> Path:
    """`path` below `root`, with links followed.

    Raises:
        CatalogError: it leads out of `root`, by `..` or by a link, or is no usable path.
    """
    try:
        target = (root / path).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise CatalogError(what, path, f"give a usable relative path ({error})") from error
    if not target.is_relative_to(root.resolve()):
        raise CatalogError(what, path, "give a path that stays inside its folder, links included")
    return target
