"""What a page for the shop's people holds: facts and tables, said in both languages of the pages.

The pages draw any `Sheet`; a table is sent with its first rows and downloaded whole, as CSV.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

__all__ = [
    "LANGUAGES", "Column", "Fact", "Said", "Sheet", "Shown", "Table", "said_json", "sheet_json", "table_csv",
]  # fmt: skip

Kind = Literal["text", "number", "money", "percent", "share", "product", "series", "words", "said", "time"]
"""What cells are: `product` is a product's id, `series` numbers in time, which are drawn as a line, `words`
a list of texts, `said` a sentence (`Said`), `time` ISO 8601; a `percent` is one of 1, and a `share`
too, drawn as a bar beside the column's largest."""
Shown = Callable[[str], Mapping[str, Any]]
"""From a product's id to its `title` and `photo`, a media key or ""; both "" of one that is not there."""
LANGUAGES = ("en", "zh")
SHOWN = 200
"""Rows of a table that a page is sent."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run (OWASP, CSV injection)."""


@dataclass(frozen=True)
class Said:
    """A text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: in the frame.
        title: of the column.
        kind: of its cells.
        digits: of a number after its point.
        currency: the frame's column that names the currency of `money`.
    """

    name: str
    title: Said
    kind: Kind = "text"
    digits: int = 0
    currency: str = "currency"


@dataclass(frozen=True)
class Table:
    """A table, what matters most first.

    Attributes:
        name: of its download; letters, digits and hyphens.
        text: how to read it.
        empty: what is said where it has no row.
    """

    name: str
    title: Said
    text: Said
    columns: Sequence[Column]
    rows: pd.DataFrame
    empty: Said = Said("Nothing to show.", "没有可显示的内容。")


@dataclass(frozen=True)
class Fact:
    """One figure of the page's head.

    Attributes:
        value: None where it is not known.
        currency: of money.
    """

    title: Said
    value: Any
    kind: Kind = "number"
    digits: int = 0
    currency: str = ""
    note: Said | None = None


@dataclass(frozen=True)
class Sheet:
    """One page.

    Attributes:
        lacks: why there is nothing, or less than could be; None where nothing is lacking.
        until: the last day that its data know of, ISO 8601; "" where it has no time.
    """

    tables: Sequence[Table] = ()
    facts: Sequence[Fact] = ()
    lacks: Said | None = None
    until: str = ""


def sheet_json(sheet: Sheet, shown: Shown) -> dict[str, Any]:
    """A sheet as JSON values; a product that is not there shows its id."""
    return {
        "until": sheet.until,
        "lacks": said_json(sheet.lacks),
        "facts": [
            {
                "title": said_json(fact.title),
                "value": plain(fact.value),
                "kind": fact.kind,
                "digits": fact.digits,
                "currency": fact.currency,
                "note": said_json(fact.note),
            }
            for fact in sheet.facts
        ],
        "tables": [
            {
                "name": table.name,
                "title": said_json(table.title),
                "text": said_json(table.text),
                "empty": said_json(table.empty),
                "columns": [
                    {"title": said_json(column.title), "kind": column.kind, "digits": column.digits}
                    for column in table.columns
                ],
                "rows": rows_json(table, shown),
                "total": len(table.rows),
            }
            for table in sheet.tables
        ],
    }


def rows_json(table: Table, shown: Shown) -> list[list[Any]]:
    """The first rows; a product as its id, title and photo, money as a value and its currency."""
    first = table.rows.head(SHOWN)
    columns = []
    for column in table.columns:
        cells = [plain(cell) for cell in first[column.name]]
        if column.kind == "product":
            cells = [{"id": cell, **shown(str(cell))} for cell in cells]
        elif column.kind == "money":
            cells = [list(pair) for pair in zip(cells, currencies(first, column), strict=True)]
        columns.append(cells)
    return [list(row) for row in zip(*columns, strict=True)]


def table_csv(table: Table, shown: Shown, language: str) -> bytes:
    """A whole table as CSV (RFC 4180) that spreadsheets open as UTF-8; no cell of it is a formula to them.

    Args:
        shown: gives a product's title, which stands in a column of its own.
        language: of `LANGUAGES`.
    """
    head: list[str] = []
    columns: list[list[str]] = []
    for column in table.columns:
        cells = [plain(cell) for cell in table.rows[column.name]]
        head.append(column.title.of(language))
        columns.append([safe(cell, language) for cell in cells])
        if column.kind == "product":
            head.append({"en": "title", "zh": "标题"}[language])
            columns.append([safe(shown(str(cell))["title"], language) for cell in cells])
        elif column.kind == "money":
            head.append({"en": "currency", "zh": "货币"}[language])
            columns.append([safe(cell, language) for cell in currencies(table.rows, column)])
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows(zip(*columns, strict=True))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def currencies(rows: pd.DataFrame, column: Column) -> list[str]:
    """The currency of each row; "" where the table does not say."""
    if column.currency not in rows:
        return [""] * len(rows)
    return [str(plain(cell) or "") for cell in rows[column.currency]]


def said_json(said: Said | None) -> dict[str, str] | None:
    """A text as JSON values."""
    return None if said is None else {"en": said.en, "zh": said.zh}


def plain(cell: Any) -> Any:
    """A cell as a JSON value; what is not known is None."""
    if isinstance(cell, Said):
        return said_json(cell)
    if isinstance(cell, (np.ndarray, list, tuple)):
        return [plain(one) for one in cell]
    if isinstance(cell, (pd.Timestamp, np.datetime64)):
        return None if pd.isna(cell) else pd.Timestamp(cell).isoformat()
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or cell is pd.NA or (isinstance(cell, float) and not math.isfinite(cell)):
        return None
    return cell


def safe(cell: Any, language: str) -> str:
    """A JSON cell as a text that no spreadsheet runs; numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, dict):
        cell = cell[language]
    if isinstance(cell, list):
        cell = "; ".join(safe(one, language) for one in cell)
    if isinstance(cell, (bool, int, float)):
        return str(cell)
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
