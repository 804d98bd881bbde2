"""What the applications say in a release: a folder each, of which a release reads the table alone.

insights/<application>/<application>.parquet    rows by `product_id`, those of one product side by side;
                                                not every application has it
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from releases.release import Release
from shelfspace.errors import ArtifactError
from shelfspace.files import read_parquet, reading

__all__ = [
    "OF_THE_WORKSPACE",
    "ProductTable",
    "insight_folders",
    "insight_parts",
    "read_insights",
    "table_of",
]

FOLDER = "insights"
OF_THE_WORKSPACE = ("record.json", "timing.json")
"""Files of an asset's folder that say how it was made there."""
BEFORE = "bought_together.parquet"
"""Where releases had it that knew one application alone."""


class ProductTable:
    """Rows by product; never changed.

    Args:
        table: with the column `product_id`, the rows of a product side by side.

    Raises:
        ArtifactError: they are not.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        ids = table["product_id"].to_numpy(dtype=object)
        begins = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])) if len(ids) else np.empty(0, np.int64)
        ends = np.append(begins, len(ids))[1:]
        self._rows = {
            ids[begin]: slice(begin, end) for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        }
        if len(self._rows) < len(begins):
            apart = pd.Series(ids[begins])
            product = apart[apart.duplicated()].iloc[0]
            raise ArtifactError(f"rows of product {product} stand apart; sort the table by product_id")
        self._columns = {str(name): table[name].to_numpy() for name in table if name != "product_id"}

    def __len__(self) -> int:
        """Products that have a row."""
        return len(self._rows)

    def totals(self, column: str, products: Sequence[str]) -> np.ndarray:
        """(products,) float64 sums of a column over each product's rows; 0 where it has none."""
        values = self._columns[column]
        rows = [self._rows.get(product) for product in products]
        return np.array([0.0 if own is None else float(values[own].sum()) for own in rows])

    def of(self, product: str) -> list[dict[str, Any]]:
        """The rows of a product, column to value, in their order; none where it has none."""
        rows = self._rows.get(product)
        if rows is None:
            return []
        values = (column[rows].tolist() for column in self._columns.values())
        return [dict(zip(self._columns, row, strict=True)) for row in zip(*values, strict=True)]


def insight_parts(folders: Mapping[str, Path]) -> dict[str, Callable[[Path], Any]]:
    """Folders of applications, by name, as `releases.write_release` takes them."""
    without = shutil.ignore_patterns(*OF_THE_WORKSPACE)
    return {
        f"{FOLDER}/{name}": partial(shutil.copytree, folder, ignore=without)
        for name, folder in folders.items()
    }


def insight_folders(release: Release) -> dict[str, Path]:
    """Application to its folder in the release, as far as it has them."""
    folder = release.part(FOLDER)
    return {} if folder is None else {own.name: own for own in sorted(folder.iterdir())}


def read_insights(release: Release) -> dict[str, ProductTable]:
    """Application to its table, as far as the release has them.

    Raises:
        ArtifactError: a table cannot be read.
    """
    before = release.part(BEFORE)
    found = {} if before is None else {before.stem: read_product_table(before)}
    tables = {name: table_of(name, folder) for name, folder in insight_folders(release).items()}
    return found | {name: table for name, table in tables.items() if table is not None}


def table_of(application: str, folder: Path) -> ProductTable | None:
    """The table in an application's folder; None where it says nothing of single products.

    Raises:
        ArtifactError: it cannot be read.
    """
    path = folder / f"{application}.parquet"
    return read_product_table(path) if path.exists() else None


def read_product_table(path: Path) -> ProductTable:
    """One application's table.

    Raises:
        ArtifactError: it cannot be read.
    """
    with reading(path, KeyError):
        return ProductTable(read_parquet(path))
