"""What is older than the settings allow is deleted, each log by its own limit."""

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.lib import retention
from assets.lib.retention import delete_old
from catalog.interactions.log import InteractionLog
from catalog.interactions.reading import read_interactions
from releases.experiments import experiments, note_experiment
from releases.experiments import record as experiment_record
from releases.shadow.kept import FOLDER, PAGE, read_rows
from releases.shadow.page import write_page
from shelfspace.alerts import read_book, write_book
from shelfspace.alerts.book import Book, Open
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.settings import load_settings
from shelfspace.workspace import REQUEST_LOG, Workspace
from tests.catalog.interactions.test_log import seen
from tests.releases.shadow.test_report import row

NOW = datetime.now(UTC)
NAMES = ("requests", "shadow", "access", "deliveries", "alerts", "experiments")
LIMIT = 10
SHORT = load_settings(
    overrides={
        "automation": {f"keep_{name}_days": LIMIT for name in NAMES},
        "events": {"days_kept": LIMIT, "days_late": 1},
    }
)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def challenger(
    workspace: Workspace, name: str, days: float, patch: pytest.MonkeyPatch, promoted: bool
) -> None:
    patch.setattr(experiment_record, "now", lambda: ago(days).isoformat(timespec="seconds"))
    note_experiment(
        workspace, name, promoted=promoted, reasons=[], cause="", evaluation={}, metrics={}, made_by={},
        data={}, epochs=[],
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    made = Workspace.open("shop", tmp_path)
    with closing(DurableLog(made.live / REQUEST_LOG)) as log:
        log.append(
            LogEntry({"time": ago(days).isoformat(timespec="milliseconds"), "endpoint": f"{days} days ago"})
            for days in (30, 20, 10.01, 9.9, 1)
        )
    for days in (11, 9):
        file = made.live / "access" / f"access-{days}.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}\n")
        os.utime(file, (ago(days).timestamp(),) * 2)
    with closing(InteractionLog(made.live / "interactions.db")) as events:
        events.add([seen(days, time=ago(days).timestamp()) for days in (11, 9)])
    over = [Open("run", name, "said", "", "", over=ago(int(name)).isoformat()) for name in ("11", "9")]
    write_book(made.state, Book(over=over))
    for name, days, promoted in (("a1", 40, True), ("b2", 30, True), ("c3", 20, False), ("d4", 15, False)):
        challenger(made, name, days, monkeypatch, promoted)
    for name in ("done/a.csv", "refused/b.csv.reason.txt", "waits.csv"):
        (made.inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (made.inbox / name).write_text("u1,p1\n")
    return made


def test_what_is_older_than_the_settings_allow_goes_and_the_rest_stays(workspace: Workspace) -> None:
    gone = delete_old(workspace, SHORT)
    assert gone == {
        "rows of the request log": 3,
        "answers on the side": 0,
        "files of the access log": 1,
        "delivered files": 0,
        "alerts that are over": 1,
        "records of experiments": 2,
    }
    with closing(DurableLog(workspace.live / REQUEST_LOG)) as log:
        assert [entry.record["endpoint"] for entry in log.read()[0]] == ["9.9 days ago", "1 days ago"]
    assert b"30 days ago" not in (workspace.live / REQUEST_LOG).read_bytes()
    assert [file.name for file in (workspace.live / "access").iterdir()] == ["access-9.jsonl"]
    assert read_interactions(workspace.live)[0]["event_id"].tolist() == ["e9"]
    assert [alert.key for alert in read_book(workspace.state).over] == ["9"]
    # The champion's, and the newest.
    assert [one.fingerprint for one in experiments(workspace)] == ["b2", "d4"]
    assert sum(delete_old(workspace, SHORT).values()) == 0


def test_delivered_files_go_once_they_have_lain_there_and_none_that_waits(workspace: Workspace) -> None:
    later = NOW + timedelta(days=LIMIT + 1)
    os.utime(workspace.inbox / "done" / "a.csv", (0, 0))  # an old file that was delivered today
    assert delete_old(workspace, SHORT)["delivered files"] == 0
    assert delete_old(workspace, SHORT, later)["delivered files"] == 2
    assert [file.name for file in workspace.inbox.rglob("*") if file.is_file()] == ["waits.csv"]


def test_a_new_workspace_has_nothing_to_delete_and_the_defaults_keep_a_year(tmp_path: Path) -> None:
    assert sum(delete_old(Workspace.open("new", tmp_path), load_settings()).values()) == 0
    limits = load_settings().automation
    assert all(getattr(limits, f"keep_{name}_days") >= 400 for name in NAMES)


def test_a_long_log_shrinks_write_by_write(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    assert delete_old(workspace, SHORT)["rows of the request log"] == 3
    with closing(DurableLog(workspace.live / REQUEST_LOG)) as log:
        assert [entry.sequence for entry in log.read()[0]] == [4, 5]
        assert [entry.sequence for entry in log.read(most=1)[0]] == [4]
        assert log.append([LogEntry({"n": 10})]) == 6


def answered_on_the_side(workspace: Workspace, *days: float) -> None:
    with closing(DurableLog(workspace.live / FOLDER / REQUEST_LOG)) as log:
        log.append(
            LogEntry(row(f"{day}", "abc", "xyz", time=ago(day).isoformat(timespec="milliseconds")))
            for day in days
        )
    write_page(workspace)


def test_answers_on_the_side_go_by_days_and_the_page_tells_of_those_that_are_left(
    workspace: Workspace,
) -> None:
    answered_on_the_side(workspace, 30, 20, 9)
    page = workspace.root / PAGE
    assert "question 30" in page.read_text()
    assert delete_old(workspace, SHORT)["answers on the side"] == 2
    assert [kept["question"] for kept in read_rows(workspace.live)] == ["9"]
    shown = page.read_text()
    assert "question 30" not in shown
    assert "question 9" in shown
    assert delete_old(workspace, SHORT, NOW + timedelta(days=LIMIT))["answers on the side"] == 1
    assert not page.exists()
