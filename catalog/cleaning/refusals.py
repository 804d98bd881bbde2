"""Refused rows: collected with the first reason found, so that clean and refused add up."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from catalog.contract import QUARANTINE_COLUMNS, raw_columns

__all__ = ["Cleaned", "Refusals"]


@dataclass(frozen=True)
class Cleaned:
    """Clean rows of one table, and what was refused (QUARANTINE_COLUMNS)."""

    clean: pd.DataFrame
    quarantine: pd.DataFrame


class Refusals:
    """The refused rows of one raw table.

    Attributes:
        kept: bool per raw row, by its index: not refused so far.
    """

    def __init__(self, table: str, raw: pd.DataFrame) -> None:
        self.table, self.raw = table, raw
        self.kept = pd.Series(True, index=raw.index)
        self._reasons: list[tuple[pd.Index, str, str]] = []

    def refuse(self, bad: pd.Series, column: str, reason: str) -> None:
        """Refuse the rows that are bad and still kept; a row's first reason is the one that stands."""
        rows = self.raw.index[bad.to_numpy(dtype=bool) & self.kept.to_numpy()]
        if len(rows):
            self.kept[rows] = False
            self._reasons.append((rows, column, reason))

    def result(self, clean: pd.DataFrame, media: pd.DataFrame | None = None) -> Cleaned:
        """The clean rows with the quarantine: refused rows in source order, then refused files."""
        parts = [self._part(*found) for found in self._reasons]
        rows = pd.concat(parts).sort_index() if parts else None
        found = [table for table in (rows, media) if table is not None and len(table)]
        columns = list(QUARANTINE_COLUMNS)
        table = pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)
        texts = {c: object for c in columns if c != "source_row"}
        return Cleaned(clean.reset_index(drop=True), table.astype({**texts, "source_row": "int64"}))

    def _part(self, rows: pd.Index, column: str, reason: str) -> pd.DataFrame:
        raw = self.raw.loc[rows]
        names = list(raw_columns(self.table))
        cells = zip(*(raw[name] for name in names), strict=True)
        return pd.DataFrame(
            {
                "table": self.table,
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
    return table.assign(source_row=-1, row="")
