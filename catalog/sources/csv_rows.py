"""Rows of a CSV that are not the table's: lines above the header, the header again, a separator too many."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

import pandas as pd

__all__ = ["evened", "lines_above", "records", "without_headers"]

MOST_ABOVE = 20
"""Lines above a header that are looked through."""


def records(text: str, delimiter: str, strict: bool = False) -> Iterator[list[str]]:
    """The records of a text as lists of values."""
    # newline="": line ends inside quotes stay, and a lone carriage return ends a row as elsewhere.
    return iter(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict))


def lines_above(text: str, delimiter: str) -> int:
    """Lines above the header: those with one value at most, and comments (#) of another length.

    0 where no line of the first ones has two values: then the table has one column.
    """
    lines = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        first = [(row, reader.line_num) for row in islice(reader, MOST_ABOVE) if row]
    except csv.Error:
        return 0
    for place, (row, ends) in enumerate(first[:-1]):
        comment = row[0].startswith("#") and len(row) != len(first[place + 1][0])
        if sum(map(bool, map(str.strip, row))) > 1 and not comment:
            return lines
        lines = ends
    return 0


def evened(text: str, delimiter: str) -> pd.DataFrame | None:
    """All rows, the header among them, where they differ by empty values at their ends alone; else None."""
    try:
        rows = [row for row in records(text, delimiter) if row]
    except csv.Error:
        return None
    header = rows[0]
    while header and not header[-1].strip():
        header = header[:-1]
    width = len(header)
    if any(len(row) < width or any(row[width:]) for row in rows):
        return None
    return pd.DataFrame([row[:width] for row in rows], dtype=object)


def without_headers(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The rows that do not repeat the header, as files put together do, and how many did."""
    again = pd.Series(True, index=table.index)
    for place, name in enumerate(table.columns):
        again &= table.iloc[:, place].str.strip().eq(name)
        if not again.any():
            return table, 0
    return table[~again], int(again.sum())
