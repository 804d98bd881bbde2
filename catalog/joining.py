"""Rows of one id that complete each other: one product on several lines, as shops' exports write it.

A row continues the product above it where it has no title and no description (a further photo, a variant),
or where nothing that it says differs and its time is the same. Of each field the first value that is not
empty counts, of the row updated last where rows have times; photos and sounds are joined in order. Rows
that contradict one another stay apart: they are versions of a product, and cleaning keeps the latest.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from catalog.cells import AS_FOUND, Reading, media_cell, moments, stripped
from catalog.contract import PRODUCT_COLUMNS

__all__ = ["Joined", "join_rows"]

MEDIA = ("photos", "sounds")
TEXTS = ("title", "description")
VALUES = tuple(name for name in PRODUCT_COLUMNS if name not in ("product_id", "updated_at", *MEDIA))


@dataclass(frozen=True)
class Joined:
    """Rows of which each is a whole product or a version of one.

    Attributes:
        rows: the rows that stay, completed, under their own index labels.
        absorbed: labels of the rows that completed or repeated another.
        differing: labels and columns of values that gave way to another row's.
    """

    rows: pd.DataFrame
    absorbed: list[int]
    differing: list[tuple[int, str]]


def join_rows(rows: pd.DataFrame, separator: str, reading: Reading = AS_FOUND) -> Joined:
    """Join rows of one product_id that complete each other.

    Args:
        rows: columns of the products' contract as str, some of them at least; other columns stay as they
            are in the row that stays, the first of its product.
        separator: between several keys of a media cell.
        reading: how times are written, where that is told.
    """
    ids = stripped(rows["product_id"])
    several = ids.ne("") & ids.duplicated(keep=False)
    if not several.any():
        return Joined(rows, [], [])
    names = [name for name in (*VALUES, *MEDIA, "updated_at") if name in rows]
    cells = {name: stripped(rows.loc[several, name]) for name in names}
    times = moments(rows["updated_at"], reading.of("updated_at"))[several] if "updated_at" in rows else None
    found = _Rows(pd.DataFrame(cells), times, separator)
    absorbed: list[int] = []
    differing: list[tuple[int, str]] = []
    changed: dict[int, dict[str, str]] = {}
    for labels in ids[several].groupby(ids[several], sort=False).groups.values():
        for product in found.products(list(labels)):
            if len(product) > 1:
                changed[product[0]], others = found.whole(product)
                differing += others
                absorbed += product[1:]
    table = rows.copy()
    for name in names if changed else ():
        table.loc[list(changed), name] = [values[name] for values in changed.values()]
    return Joined(table.drop(index=absorbed), absorbed, differing)


class _Rows:
    """Rows whose id comes again."""

    def __init__(self, cells: pd.DataFrame, times: pd.Series | None, separator: str) -> None:
        columns = {str(name): cells[name].tolist() for name in cells}
        self.cells = {
            label: {name: column[place] for name, column in columns.items()}
            for place, label in enumerate(cells.index)
        }
        self.times = {} if times is None else {label: time for label, time in times.dropna().items()}
        self.separator = separator

    def products(self, labels: Sequence[int]) -> list[list[int]]:
        """Labels of one id, those together that complete each other."""
        products: list[list[int]] = []
        for label in labels:
            if products and self._continues(label, products[-1]):
                products[-1].append(label)
            else:
                products.append([label])
        return products

    def whole(self, product: list[int]) -> tuple[dict[str, str], list[tuple[int, str]]]:
        """The values of the rows together, and those that gave way."""
        earliest = pd.Timestamp.min.tz_localize("UTC")
        latest = sorted(product, key=lambda label: self.times.get(label, earliest), reverse=True)
        values, others = {}, []
        for name in self.cells[product[0]]:
            if name in MEDIA:
                values[name] = self._media([self.cells[label][name] for label in product])
                continue
            given = [label for label in latest if self.cells[label][name]]
            values[name] = self.cells[given[0]][name] if given else ""
            if name != "updated_at":
                others += [(label, name) for label in given if self.cells[label][name] != values[name]]
        return values, others

    def _continues(self, label: int, product: list[int]) -> bool:
        """Whether a row goes on with a product."""
        row, so_far = self.cells[label], self.whole(product)[0]
        bare = [not any(cells.get(name) for name in TEXTS) for cells in (row, so_far)]
        if bare[0] != bare[1]:
            return True
        same_time = len({row.get("updated_at", ""), so_far.get("updated_at", "")} - {""}) < 2
        return same_time and all(
            row[name] == so_far[name] for name in row if name in VALUES and row[name] and so_far[name]
        )

    def _media(self, cells: list[str]) -> str:
        """Media keys of several cells in one."""
        given = [cell for cell in cells if cell]
        if len(given) < 2:
            return "".join(given)
        keys = dict.fromkeys(key for cell in given for key in media_cell(cell, self.separator))
        return json.dumps(list(keys), ensure_ascii=False)
