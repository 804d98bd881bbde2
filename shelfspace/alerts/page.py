"""The page of what is wrong, `alerts.html` of the workspace; it loads nothing from elsewhere."""

from html import escape
from pathlib import Path

from tabulate import tabulate

from shelfspace.alerts.alert import KINDS
from shelfspace.alerts.book import Book
from shelfspace.files import write_text

__all__ = ["PAGE", "alert_rows", "write_page"]

PAGE = "alerts.html"
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Alerts of {name}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem}}table{{border-collapse:collapse}}
td,th{{padding:.35rem .8rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}}</style>
<h1>Alerts of {name}</h1><p>{told}</p>
"""


def alert_rows(book: Book) -> list[dict[str, str]]:
    """One row an alert: those that are open, the newest first, then those that are over."""
    opened = [*reversed(book.open.values())]
    return [
        {
            "state": "over" if alert.over else "open",
            "what": KINDS[alert.kind],
            "said": alert.said,
            "since": _minute(alert.since),
            "until": _minute(alert.over),
            "told": _minute(alert.told) or "not yet",
        }
        for alert in [*opened, *reversed(book.over)]
    ]


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")


def write_page(root: Path, book: Book) -> None:
    """Write the page of a workspace; times are UTC."""
    count = len(book.open)
    told = f"{count} open." if count else "Nothing is wrong."
    table = tabulate(alert_rows(book), headers="keys", tablefmt="html", disable_numparse=True)
    write_text(root / PAGE, HEAD.format(name=escape(root.name), told=told) + str(table) + "\n")
