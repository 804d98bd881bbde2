"""What is wrong is told when it begins, now and then while it lasts, and when it is over; nothing is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shelfspace.alerts import Alert, Book, read_book, tell, write_book, write_page
from shelfspace.errors import ArtifactError
from shelfspace.settings import Alerts

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, SETTLE = timedelta(minutes=1), timedelta(minutes=5)
FAILED = Alert("run", "chain", "the last run of chain failed: no room")
DRIFT = Alert("drift", "c1", "price moved")


class Receiver:
    """Takes posts; `broken` says why it does not."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.broken = ""

    def __call__(self, text: str) -> str:
        if not self.broken:
            self.texts.append(text)
        return self.broken


def look(book: Book, now: datetime, send: Receiver | None, *present: Alert, **settings: float) -> Book:
    return tell(book.look(present, now, SETTLE), "shop", now, Alerts(**settings), send)


def test_it_is_told_once_when_it_begins_and_once_when_it_is_over() -> None:
    sent, book = Receiver(), Book()
    for minute in range(10):
        book = look(book, NOW + minute * MINUTE, sent, FAILED)
    assert len(sent.texts) == 1
    assert "a run failed: the last run of chain failed: no room" in sent.texts[0]
    for minute in range(10, 20):
        book = look(book, NOW + minute * MINUTE, sent)
    assert len(sent.texts) == 2
    assert "over: a run failed" in sent.texts[1]
    assert not book.open
    assert book.over[0].over == "2026-03-02T12:14:00+00:00", "five minutes after it was last seen"


def test_what_comes_and_goes_is_told_once() -> None:
    sent, book = Receiver(), Book()
    for minute in range(0, 60, 3):
        book = look(book, NOW + minute * MINUTE, sent, *([FAILED] if minute % 2 else []))
    assert len(sent.texts) == 1


def test_it_is_told_again_after_a_day() -> None:
    sent, book = Receiver(), Book()
    for hour in range(0, 50):
        book = look(book, NOW + timedelta(hours=hour), sent, FAILED)
    assert len(sent.texts) == 3
    assert "still, since 2026-03-02 12:00 UTC" in sent.texts[-1]


def test_all_that_is_due_goes_into_one_post_and_posts_are_bounded() -> None:
    sent, book = Receiver(), Book()
    many = [Alert("delivery", str(n), f"file {n} is held") for n in range(50)]
    book = look(book, NOW, sent, *many, posts_per_hour=2)
    assert len(sent.texts) == 1
    assert "and 30 more" in sent.texts[0]
    for minute in range(1, 59):
        many.append(Alert("delivery", f"more-{minute}", "another"))
        book = look(book, NOW + minute * MINUTE, sent, *many, posts_per_hour=2)
    assert len(sent.texts) == 2, "what waits is told when an hour has passed"
    assert len([alert for alert in book.open.values() if not alert.told]) == 57
    book = look(book, NOW + 61 * MINUTE, sent, *many, posts_per_hour=2)
    assert all(alert.told for alert in book.open.values())


def test_what_did_not_arrive_is_posted_until_it_does() -> None:
    sent, book = Receiver(), Book()
    sent.broken = "hooks.example does not answer"
    tries = 0
    for minute in range(40):
        before = book.failed_posts
        book = look(book, NOW + minute * MINUTE, sent, FAILED)
        tries += book.failed_posts - before
    assert tries == 6, "after 1, 2, 4, 8 and 16 minutes"
    assert "does not answer" in book.open["webhook:post"].said
    assert not book.open["run:chain"].told
    sent.broken = ""
    book = look(book, NOW + 70 * MINUTE, sent, FAILED)
    assert len(sent.texts) == 1
    assert "no room" in sent.texts[0]
    assert (book.failed_posts, "webhook:post" in book.open) == (0, False)


def test_without_a_webhook_the_log_tells(caplog: pytest.LogCaptureFixture) -> None:
    book = look(Book(), NOW, None, FAILED, DRIFT)
    assert [record.message for record in caplog.records] == [
        "shop: a run failed: the last run of chain failed: no room",
        "shop: drift: price moved",
    ]
    assert all(alert.told for alert in book.open.values())


def test_the_log_tells_at_once_while_the_webhook_is_away(caplog: pytest.LogCaptureFixture) -> None:
    sent, book = Receiver(), Book()
    sent.broken = "hooks.example answers 500"
    for minute in range(4):
        book = look(book, NOW + minute * MINUTE, sent, FAILED)
    assert "shop: a run failed: the last run of chain failed: no room" in caplog.messages
    for minute in range(4, 20):
        book = look(book, NOW + minute * MINUTE, sent)
    told = [said for said in caplog.messages if "a run failed" in said]
    assert [said.split(": ")[1] for said in told] == ["a run failed", "over"], "each once"


def test_a_post_takes_nothing_for_markup() -> None:
    sent = Receiver()
    look(Book(), NOW, sent, Alert("delivery", "1", "<!channel>.csv is held"))
    assert "&lt;!channel&gt;.csv is held" in sent.texts[0]


def test_a_book_that_nobody_keeps_any_more_says_so(tmp_path: Path) -> None:
    assert "never looked" in Book().unwatched(NOW)
    book = Book().watched(NOW, MINUTE)
    write_page(tmp_path, book)
    assert "Looked at 2026-03-02 12:00 UTC" in (tmp_path / "alerts.html").read_text()
    assert book.unwatched(NOW + 9 * MINUTE) == ""
    assert "last looked at 2026-03-02 12:00 UTC" in book.unwatched(NOW + 11 * MINUTE)
    slow = Book().watched(NOW, timedelta(hours=1))
    assert slow.unwatched(NOW + timedelta(hours=9)) == "", "ten of its intervals"


def test_the_book_comes_back_as_it_was_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    book = look(look(Book(), NOW, None, FAILED, DRIFT), NOW + 9 * MINUTE, None, DRIFT)
    write_book(tmp_path, book)
    assert read_book(tmp_path) == book
    assert (len(book.open), len(book.over)) == (1, 1)
    path = tmp_path / "alerts.json"
    path.write_text(path.read_text().replace("price", "prize"))
    with pytest.raises(ArtifactError, match=r"alerts\.json"):
        read_book(tmp_path)


def test_the_page_shows_text_as_text(tmp_path: Path) -> None:
    write_page(tmp_path, look(Book(), NOW, None, replace(FAILED, said="<script>alert(1)</script>")))
    page = (tmp_path / "alerts.html").read_text()
    assert "1 open." in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
