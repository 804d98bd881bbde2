"""Refused rows, with the first reason found, so that clean and refused add up; and refused fields."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from catalog.contract import QUARANTINE_COLUMNS, raw_columns

__all__ = ["NO_TIME", "TWO_DATES", "TWO_NUMBERS", "Cleaned", "Refusals", "refused_files"]

TWO_NUMBERS = (
    "two numbers: 1.261 is 1261 with decimal: ',' and 1.261 with decimal: '.'; "
    "nothing in the column says which, so say it in catalog.yaml"
)
TWO_DATES = (
    "two dates: 03/04/2026 is 3 April with dates: day-first and 4 March with dates: month-first; "
    "nothing in the column says which, so say it in catalog.yaml"
)
NO_TIME = "not a time; give ISO 8601 such as 2026-01-31T10:00:00Z"


@dataclass(frozen=True)
class Cleaned:
    """Clean rows of one table, and what was refused (QUARANTINE_COLUMNS).

    `joined` counts rows that completed another of their product and are no rows of their own any more.
    """

    clean: pd.DataFrame
    quarantine: pd.DataFrame
    joined: int = 0


class Refusals:
    """The refused rows of one raw table.

    Attributes:
        kept: bool per raw row, by its index: not refused so far.
    """

    def __init__(self, table: str, raw: pd.DataFrame) -> None:
        self.table, self.raw = table, raw
        self.kept = pd.Series(True, index=raw.index)
        self._reasons: list[tuple[pd.Index, str, str]] = []
        self._fields: list[tuple[pd.Index, str, str]] = []

    def refuse(self, bad: pd.Series, column: str, reason: str) -> None:
        """Refuse the rows that are bad and still kept; a row's first reason is the one that stands."""
        rows = self.raw.index[bad.to_numpy(dtype=bool) & self.kept.to_numpy()]
        if len(rows):
            self.kept[rows] = False
            self._reasons.append((rows, column, reason))

    def empty(self, bad: pd.Series, column: str, reason: str) -> None:
        """Refuse one field of the rows that are bad: they go on without it, unless they are refused whole."""
        rows = self.raw.index[bad.to_numpy(dtype=bool)]
        if len(rows):
            self._fields.append((rows, column, reason))

    def result(self, clean: pd.DataFrame, media: pd.DataFrame | None = None) -> Cleaned:
        """The clean rows with the quarantine: refused rows and fields in source order, then refused files."""
        parts = [self._part(*found, "row") for found in self._reasons]
        for bad, column, reason in self._fields:
            parts.append(self._part(bad[self.kept[bad].to_numpy()], column, reason, "field"))
        rows = pd.concat(parts).sort_index(kind="stable") if parts else None
        found = [table for table in (rows, media) if table is not None and len(table)]
        columns = list(QUARANTINE_COLUMNS)
        table = pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)
        texts = {c: object for c in columns if c != "source_row"}
        return Cleaned(clean.reset_index(drop=True), table.astype({**texts, "source_row": "int64"}))

    def _part(self, rows: pd.Index, column: str, reason: str, scope: str) -> pd.DataFrame:
        raw = self.raw.loc[rows]
        names = list(raw_columns(self.table))
        cells = zip(*(raw[name] for name in names), strict=True)
        return pd.DataFrame(
            {
                "table": self.table,
                "scope": scope,
                "id": raw["product_id"],
                "field": column,
                "value": raw[column],
                "reason": reason,
                "source_row": raw["source_row"],
                "row": [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in cells],
            },
            index=rows,
        )


def refused_files(rows: Iterable[tuple[str, str, str, str, str]]) -> pd.DataFrame:
    """Quarantine rows of media: (photos|sounds, product id, field, value, reason)."""
    table = pd.DataFrame(rows, columns=["table", "id", "field", "value", "reason"])
    return table.assign(scope="file", source_row=-1, row="")
