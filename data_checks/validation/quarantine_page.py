"""The quarantine page: what came, what was kept, and every refused row with its reason, beside the checks."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from catalog.cleaning.losses import TableLoss, losses_table
from data_checks.validation.pages import QUARANTINE, STYLE
from shelfspace.files import write_text

__all__ = ["write_quarantine_page"]

SHOWN_ROWS = 200
"""Refused rows shown of each table; all stand in prepared/catalogue/quarantine.parquet, shoppers' events in
state/interactions/interactions_quarantine.parquet."""


def write_quarantine_page(
    docs: Path, losses: Sequence[TableLoss], quarantine: pd.DataFrame, facts: Mapping[str, str]
) -> Path:
    """Write `<docs>/quarantine.html`, which loads nothing from elsewhere.

    Args:
        losses: of each table and kind of media.
        quarantine: QUARANTINE_COLUMNS.
        facts: what else is to be known of the rows that were kept, in words: name to what is found.
    """
    parts = [_section("Rows that came", f'<div class="scroll">{losses_table(losses, "html")}</div>')]
    if facts:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{escape(said)}</td></tr>" for name, said in facts.items()
        )
        parts.append(_section("Of the kept rows", f'<div class="scroll"><table>{rows}</table></div>'))
    for table in dict.fromkeys(quarantine["table"]):
        parts.append(_refused(str(table), quarantine[quarantine["table"].eq(table)]))
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Quarantine</title><style>{STYLE}</style></head><body><main>"
        '<h1>Quarantine</h1><p>What was refused, and why. <a href="index.html">All data checks</a></p>'
        f"{''.join(parts)}</main></body></html>\n"
    )
    return write_text(docs / QUARANTINE, html)


def _section(title: str, body: str, said: str = "") -> str:
    head = f'<div class="head"><h2>{escape(title)}</h2><span class="soft">{escape(said)}</span></div>'
    return f"<section>{head}{body}</section>"


def _refused(table: str, rows: pd.DataFrame) -> str:
    """The first refused rows of one table, the whole row behind a click."""
    shown = rows.head(SHOWN_ROWS)
    cells = "".join(
        f"<tr><td>{'' if number < 0 else number + 1}</td>"
        f'<td class="cell">{escape(name) or "(empty)"}</td><td>{escape(scope)}</td><td>{escape(field)}</td>'
        f'<td class="cell">{escape(value[:200]) or "(empty)"}</td><td>{escape(reason)}{_whole(row)}</td></tr>'
        for name, scope, field, value, reason, number, row in shown[
            ["id", "scope", "field", "value", "reason", "source_row", "row"]
        ].itertuples(index=False, name=None)
    )
    names = ("row", "id", "refused", "field", "value", "why it is refused")
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"
    said = f"{len(shown):,} of {len(rows):,} refused"
    return _section(table.capitalize(), f'<div class="scroll"><table>{head}{cells}</table></div>', said)


def _whole(row: str) -> str:
    return f"<details><summary>the row</summary><code>{escape(row[:2000])}</code></details>" if row else ""
