"""The book of alerts: `state/alerts.json`, written whole or not at all.

A process that was killed after a post and before the book was written tells it once more; what was not told
is never lost.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shelfspace.alerts.alert import Alert
from shelfspace.clock import minute
from shelfspace.files import read_artifact, write_sealed_json

__all__ = ["WEBHOOK", "Book", "Open", "read_book", "write_book"]

FILE = "alerts.json"
WEBHOOK = "webhook:post"
"""The alert that posts do not arrive."""
LATE, LEAST = 10, timedelta(minutes=10)
"""Intervals, and time at least, after which a sensor that has not looked again is no longer at work: on a
busy machine one comes late."""
OVER_KEPT = 100
"""Alerts that are over and stay in the book, the newest."""


@dataclass(frozen=True)
class Open:
    """An alert since it was first seen.

    Attributes:
        kind, key, said: of the alert, as last seen.
        since, seen: when it was first and last seen, ISO 8601 in UTC.
        told: when people were last told of it; "" where they were not yet.
        over: when it was found to be over; "" while it is not.
        over_told: whether people were told that it is over.
        logged, over_logged: the same of the log, which waits for no webhook.
    """

    kind: str
    key: str
    said: str
    since: str
    seen: str
    told: str = ""
    over: str = ""
    over_told: bool = False
    logged: str = ""
    over_logged: bool = False

    @property
    def name(self) -> str:
        """What it is filed under."""
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True)
class Book:
    """What is wrong and what was told of it.

    Attributes:
        open: alerts by name, in the order in which they began.
        over: those that ended, oldest first.
        posts: times of the last hour's posts, ISO 8601.
        failed_posts: posts in a row that did not arrive.
        last_try: time of the last one of those.
        looked: when the alert sensor last looked, ISO 8601; "" where it never did.
        due: until when it should have looked again.
    """

    open: dict[str, Open] = field(default_factory=dict)
    over: list[Open] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    failed_posts: int = 0
    last_try: str = ""
    looked: str = ""
    due: str = ""

    def look(self, present: Sequence[Alert], now: datetime, settle: timedelta) -> "Book":
        """The book after a look at what is wrong.

        Args:
            present: all that is wrong now.
            now: with a zone.
            settle: for so long an alert must not have been seen before it is over.
        """
        at = stamp(now)
        book = {}
        seen = {alert.name: alert for alert in present}
        for name, known in self.open.items():
            alert = seen.pop(name, None)
            if alert is not None:
                book[name] = replace(known, said=alert.said, seen=at)
            elif name == WEBHOOK and self.failed_posts:
                # Between two tries nobody sees it, and it has not ended.
                book[name] = replace(known, seen=at)
            else:
                book[name] = known
        for name, alert in seen.items():
            book[name] = Open(alert.kind, alert.key, alert.said, at, at)
        ended = [
            replace(known, over=at)
            for known in book.values()
            if known.seen != at and now - datetime.fromisoformat(known.seen) >= settle
        ]
        for known in ended:
            del book[known.name]
        return replace(self, open=book, over=[*self.over, *ended][-OVER_KEPT:])

    def watched(self, now: datetime, interval: timedelta) -> "Book":
        """The book of a sensor that has looked now, and does so once in an interval."""
        due = now + max(LATE * interval, LEAST)
        return replace(self, looked=stamp(now), due=stamp(due))

    def unwatched(self, now: datetime) -> str:
        """Why nothing can be said of what is wrong now; "" while the alert sensor looks."""
        if not self.looked:
            return "the alert sensor has never looked: it runs in the daemon (shelfspace daemon, or ui)"
        if now <= datetime.fromisoformat(self.due):
            return ""
        return (
            f"the alert sensor last looked at {minute(self.looked)} UTC: what happened since is not known; "
            "see whether the daemon runs (shelfspace daemon, or ui), and the last ticks of alert_sensor"
        )


def stamp(now: datetime) -> str:
    """A time as the book writes it."""
    return now.isoformat(timespec="seconds")


def read_book(state: Path) -> Book:
    """The book of a workspace; an empty one where there is none.

    Raises:
        ArtifactError: it is damaged.
    """
    path = state / FILE
    return read_artifact(path, "book of alerts", _read) if path.exists() else Book()


def _read(said: dict[str, Any]) -> Book:
    opened = {alert["kind"] + ":" + alert["key"]: Open(**alert) for alert in said["open"]}
    return Book(**{**said, "open": opened, "over": [Open(**alert) for alert in said["over"]]})


def write_book(state: Path, book: Book) -> None:
    """Write the book of a workspace."""
    write_sealed_json(state / FILE, {**asdict(book), "open": [asdict(alert) for alert in book.open.values()]})
