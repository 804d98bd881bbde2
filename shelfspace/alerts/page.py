"""The page of what is wrong, `alerts.html` of the workspace."""

from pathlib import Path

from shelfspace.alerts.alert import KINDS
from shelfspace.alerts.book import Book
from shelfspace.clock import minute
from shelfspace.page import table
from shelfspace.page import write_page as write

__all__ = ["PAGE", "alert_rows", "unwatched_row", "write_page"]

PAGE = "alerts.html"
NOBODY = "nobody looks"


def alert_rows(book: Book) -> list[dict[str, str]]:
    """One row an alert: those that are open, the newest first, then those that are over."""
    opened = [*reversed(book.open.values())]
    return [
        {
            "state": "over" if alert.over else "open",
            "what": KINDS[alert.kind],
            "said": alert.said,
            "since": minute(alert.since),
            "until": minute(alert.over),
            "told": minute(alert.told) or "not yet",
        }
        for alert in [*opened, *reversed(book.over)]
    ]


def unwatched_row(book: Book, said: str) -> dict[str, str]:
    """A row, as `alert_rows` gives them, that says that nobody looks."""
    since = minute(book.looked)
    return {"state": "open", "what": NOBODY, "said": said, "since": since, "until": "", "told": "here alone"}


def write_page(root: Path, book: Book) -> None:
    """Write the page of a workspace; times are UTC."""
    told = f"{len(book.open)} open." if book.open else "Nothing is wrong."
    if book.looked:
        told = f"{told} Looked at {minute(book.looked)} UTC; the next look is due before {minute(book.due)}."
    write(root / PAGE, f"Alerts of {root.name}", told, table(alert_rows(book)))
