"""Deliveries: files in an inbox folder that add, change or remove products."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from catalog.cells import filled, stripped, usable_key
from catalog.contract import PRODUCT_COLUMNS
from catalog.sources.base import inside
from catalog.sources.tables import ENDINGS, read_table
from shelfspace.errors import CatalogError
from shelfspace.hashing import content_hash, file_hash

__all__ = ["Delivery", "put_away", "read_deliveries", "waiting"]

YES = ("true", "1", "yes")
NO = ("false", "0", "no", "")


@dataclass(frozen=True)
class Delivery:
    """One file of the inbox.

    Attributes:
        name: of the file.
        digest: of its name and bytes; the same file is not taken in twice.
        rows: contract columns as str, and `_deleted` (bool).
        media: folder its media keys are relative to.
    """

    name: str
    digest: str
    rows: pd.DataFrame
    media: Path

    def media_path(self, key: str) -> Path | None:
        """The delivered file of a media key; None where it brings none.

        Raises:
            CatalogError: the key leads out of the media folder by a link.
        """
        if not usable_key(key):
            return None
        path = inside(self.media, key, "media key")
        return path if path.is_file() else None


def waiting(inbox: Path) -> list[Path]:
    """Table files in the inbox, by name; `media/` and `done/` are folders beside them."""
    if not inbox.is_dir():
        return []
    return sorted(
        p for p in inbox.iterdir() if p.is_file() and p.name.lower().endswith(ENDINGS) and p.name[0] != "."
    )


def put_away(deliveries: list[Path]) -> None:
    """Move files of the inbox to `done/` beside them."""
    for delivery in deliveries:
        done = delivery.parent / "done"
        done.mkdir(exist_ok=True)
        shutil.move(delivery, done / delivery.name)


def read_deliveries(inbox: Path) -> list[Delivery]:
    """Read all waiting deliveries, by name.

    Raises:
        CatalogError: a file cannot be read, has a column that is none of the contract's, a row without
            product_id, or a `_deleted` that is neither true nor false.
    """
    return [_delivery(path, inbox / "media") for path in waiting(inbox)]


def _delivery(path: Path, media: Path) -> Delivery:
    rows = read_table(path)
    if "product_id" not in rows:
        raise CatalogError("product_id", path.name, "give every row of a delivery the product's id")
    unknown = [c for c in rows.columns if c not in (*PRODUCT_COLUMNS, "_deleted")]
    if unknown:
        raise CatalogError(f"{path.name} column", unknown[0], f"use {', '.join(PRODUCT_COLUMNS)}, _deleted")
    nameless = rows.index[~filled(rows["product_id"])]
    if len(nameless):
        raise CatalogError(
            "product_id",
            f"{path.name} row {nameless[0] + 1}",
            "give every row of a delivery the product's id",
        )
    flags = rows.get("_deleted", pd.Series("", index=rows.index)).str.strip().str.lower()
    odd = flags.index[~flags.isin(YES + NO)]
    if len(odd):
        raise CatalogError(f"{path.name} row {odd[0] + 1} _deleted", flags[odd[0]], "give true or false")
    table = rows.reindex(columns=list(PRODUCT_COLUMNS), fill_value="").assign(
        product_id=stripped(rows["product_id"]), _deleted=flags.isin(YES)
    )
    return Delivery(path.name, content_hash(path.name, file_hash(path)), table.reset_index(drop=True), media)
