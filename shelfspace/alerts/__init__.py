"""What is wrong, told once: what is open, since when, and who has been told."""

from shelfspace.alerts.alert import KINDS, Alert
from shelfspace.alerts.book import Book, Open, read_book, write_book
from shelfspace.alerts.page import PAGE, alert_rows, unwatched_row, write_page
from shelfspace.alerts.telling import tell
from shelfspace.alerts.webhook import post, webhook_address

__all__ = [
    "KINDS",
    "PAGE",
    "Alert",
    "Book",
    "Open",
    "alert_rows",
    "post",
    "read_book",
    "tell",
    "unwatched_row",
    "webhook_address",
    "write_book",
    "write_page",
]
