"""What of the book is told now, and telling it: one post holds all that is due."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from shelfspace.alerts.alert import KINDS
from shelfspace.alerts.book import WEBHOOK, Book, Open, stamp
from shelfspace.alerts.webhook import escaped
from shelfspace.clock import minute
from shelfspace.settings.alerts import Alerts

__all__ = ["tell"]

logger = logging.getLogger("shelfspace.alerts")

LINES = 20
"""Alerts that one post names; the page has them all."""
LONGEST = 600
"""Characters of a sentence in a post."""
HOUR = timedelta(hours=1)


def tell(
    book: Book, workspace: str, now: datetime, settings: Alerts, send: Callable[[str], str] | None
) -> Book:
    """Tell people what is due; the book after it.

    An alert is told when it begins, again after `repeat_hours`, and when it is over. Each is written to the
    log at once, whatever becomes of a post; with a webhook all that is due goes into one post,
    `posts_per_hour` at most. What did not arrive is due until it does: posted again after a minute, then
    after twice as long each time, up to an hour.

    Args:
        book: after the look.
        workspace: its name, which the post begins with.
        now: with a zone.
        send: a text to "" or to why it did not arrive; None without a webhook.
    """
    if send is None:
        book = _arrived(book)
    book = _write_log(book, workspace, now, settings)
    due = [alert for alert in book.open.values() if _is_due(alert.told, now, settings)]
    ended = [alert for alert in book.over if alert.told and not alert.over_told]
    if not due and not ended:
        return book
    if send is not None:
        posts = [at for at in book.posts if now - datetime.fromisoformat(at) < HOUR]
        book = replace(book, posts=posts)
        if len(posts) >= settings.posts_per_hour or not _try_again(book, now):
            return book
        wrong = send(post_text(workspace, due, ended))
        if wrong:
            logger.error("alerts of %s: %s; it is tried again", workspace, wrong)
            return _not_arrived(book, wrong, now)
        due = [alert for alert in due if alert.name != WEBHOOK]
        book = replace(_arrived(book), posts=[*posts, stamp(now)])
    told = {alert.name: replace(alert, told=stamp(now)) for alert in due}
    over = [replace(alert, over_told=True) if alert in ended else alert for alert in book.over]
    return replace(book, open={**book.open, **told}, over=over)


def _write_log(book: Book, workspace: str, now: datetime, settings: Alerts) -> Book:
    """The book after what the log does not say yet is written there."""
    due = [alert for alert in book.open.values() if _is_due(alert.logged, now, settings)]
    ended = [alert for alert in book.over if alert.logged and not alert.over_logged]
    for alert in due:
        logger.error("%s: %s: %s", workspace, KINDS[alert.kind], alert.said)
    for alert in ended:
        logger.warning("%s: over: %s: %s", workspace, KINDS[alert.kind], alert.said)
    logged = {alert.name: replace(alert, logged=stamp(now)) for alert in due}
    over = [replace(alert, over_logged=True) if alert in ended else alert for alert in book.over]
    return replace(book, open={**book.open, **logged}, over=over)


def _is_due(before: str, now: datetime, settings: Alerts) -> bool:
    """Whether what was said at that time, "" for never, is to be said again."""
    return not before or now - datetime.fromisoformat(before) >= timedelta(hours=settings.repeat_hours)


def _try_again(book: Book, now: datetime) -> bool:
    if not book.failed_posts:
        return True
    wait = min(timedelta(minutes=2 ** min(book.failed_posts - 1, 6)), HOUR)
    return now - datetime.fromisoformat(book.last_try) >= wait


def _arrived(book: Book) -> Book:
    """The book where nothing is wrong with posting."""
    opened = {name: alert for name, alert in book.open.items() if name != WEBHOOK}
    return replace(book, open=opened, failed_posts=0, last_try="")


def _not_arrived(book: Book, wrong: str, now: datetime) -> Book:
    """The book after a post that did not arrive: an alert more, which the page shows."""
    kind, _, key = WEBHOOK.partition(":")
    at = stamp(now)
    since = book.open[WEBHOOK].since if WEBHOOK in book.open else at
    said = f"{wrong}; what is wrong waits for it, see the address and this page"
    alert = Open(kind, key, said, since, at, logged=at)
    opened = {**book.open, WEBHOOK: alert}
    return replace(book, open=opened, failed_posts=book.failed_posts + 1, last_try=at)


def post_text(workspace: str, due: list[Open], ended: list[Open]) -> str:
    """What one post says: what is wrong, then what is over; nothing in it is taken for markup."""
    lines = [f"Shelfspace, {escaped(workspace)}:"]
    lines += [f"- {KINDS[a.kind]}{_again(a)}: {escaped(a.said[:LONGEST])}" for a in due[:LINES]]
    if len(due) > LINES:
        lines.append(f"- and {len(due) - LINES} more: `shelfspace alerts` has them all")
    lines += [f"- over: {KINDS[a.kind]} (since {minute(a.since)} UTC)" for a in ended[:LINES]]
    return "\n".join(lines)


def _again(alert: Open) -> str:
    return f", still, since {minute(alert.since)} UTC" if alert.told else ""
