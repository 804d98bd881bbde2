"""What is older than the settings allow is deleted: logs, delivered files, records of experiments."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

from catalog.deliveries.archive import DONE, REFUSED
from catalog.interactions.log import InteractionLog
from catalog.interactions.table import INTERACTIONS
from releases.experiments import experiments
from releases.experiments.record import FOLDER as EXPERIMENTS
from releases.shadow.kept import FOLDER, PAGE, read_rows
from releases.shadow.page import write_page as write_shadow_page
from shelfspace.alerts import read_book, write_book, write_page
from shelfspace.durable_log import DurableLog
from shelfspace.settings import Settings
from shelfspace.workspace import REQUEST_LOG, Workspace

__all__ = ["delete_old"]

AT_ONCE = 10_000
"""Rows that one write deletes at most, so that the service does not wait for it long."""


def delete_old(workspace: Workspace, settings: Settings, now: datetime | None = None) -> dict[str, int]:
    """Delete what is older than `automation.keep_…_days`; what of it is a run of Dagster goes elsewhere.

    The caller holds the workspace's lock; the service may write meanwhile.

    Args:
        now: with a zone; default the clock's.

    Returns:
        what it was, in words, to how many went.

    Raises:
        ArtifactError: a log or record is damaged.
    """
    limits, now = settings.automation, now or datetime.now(UTC)

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    _tidy_events(workspace, settings)
    return {
        "rows of the request log": _delete_rows(
            workspace.live / REQUEST_LOG, before(limits.keep_requests_days)
        ),
        "answers on the side": _delete_answers(workspace, before(limits.keep_shadow_days)),
        "files of the access log": _delete_files(
            workspace.live / "access", _written, before(limits.keep_access_days)
        ),
        "delivered files": sum(
            _delete_files(workspace.inbox / folder, _moved, before(limits.keep_deliveries_days))
            for folder in (DONE, REFUSED)
        ),
        "alerts that are over": _delete_alerts(workspace, before(limits.keep_alerts_days)),
        "records of experiments": _delete_experiments(workspace, before(limits.keep_experiments_days)),
    }


def _tidy_events(workspace: Workspace, settings: Settings) -> None:
    """Events of shoppers go where a service writes; and here, where none does any more."""
    path = workspace.live / INTERACTIONS
    if path.exists():
        with closing(InteractionLog(path, settings.events.days_kept, settings.events.rows)) as log:
            log.add([])


def _delete_rows(path: Path, before: datetime) -> int:
    least = before.isoformat(timespec="milliseconds")
    if not path.exists():
        return 0
    gone = 0
    with closing(DurableLog(path)) as log:
        while True:
            with log.writing():
                oldest, _ = log.read(most=AT_ONCE)
                old = [*takewhile(lambda entry: str(entry.record["time"]) < least, oldest)]
                log.delete([entry.sequence for entry in old])
            gone += len(old)
            if len(old) < AT_ONCE:
                return gone


def _delete_answers(workspace: Workspace, before: datetime) -> int:
    """The page goes with what it shows: it is written anew of what is left, or deleted."""
    gone = _delete_rows(workspace.live / FOLDER / REQUEST_LOG, before)
    if gone and read_rows(workspace.live):
        write_shadow_page(workspace)
    elif gone:
        (workspace.root / PAGE).unlink(missing_ok=True)
    return gone


def _written(file: Path) -> float:
    return file.stat().st_mtime


def _moved(file: Path) -> float:
    """When a file was put there: of a file that is moved this alone changes."""
    return file.stat().st_ctime


def _delete_files(folder: Path, age: Callable[[Path], float], before: datetime) -> int:
    old = [file for file in folder.rglob("*") if file.is_file() and age(file) < before.timestamp()]
    for file in old:
        file.unlink()
    return len(old)


def _delete_alerts(workspace: Workspace, before: datetime) -> int:
    book = read_book(workspace.state)
    kept = [alert for alert in book.over if datetime.fromisoformat(alert.over) >= before]
    if len(kept) < len(book.over):
        write_book(workspace.state, replace(book, over=kept))
        write_page(workspace.root, replace(book, over=kept))
    return len(book.over) - len(kept)


def _delete_experiments(workspace: Workspace, before: datetime) -> int:
    """The newest stays, and the last one promoted: it says how good the champion was."""
    known = experiments(workspace)
    spared = {one.fingerprint for one in (*known[-1:], *[one for one in known if one.promoted][-1:])}
    old = [
        one for one in known if one.fingerprint not in spared and datetime.fromisoformat(one.judged) < before
    ]
    for one in old:
        (workspace.state / EXPERIMENTS / f"{one.fingerprint}.json").unlink()
    return len(old)
