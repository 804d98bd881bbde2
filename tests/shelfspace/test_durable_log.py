"""The log: durable, whole writes, several readers and writers, damage and foreign files named."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shelfspace.durable_log import START, DurableLog, LogEntry, delete_log
from shelfspace.errors import ArtifactError


def said(log: DurableLog, **options: bool) -> list[tuple[int, dict]]:
    return [(entry.sequence, dict(entry.record)) for entry in log.read(**options)[0]]


def test_entries_come_back_as_they_were_given(tmp_path: Path) -> None:
    log = DurableLog(tmp_path / "new" / "a.log", {"whose": "mine"})
    vector = np.arange(3, dtype=np.float32)
    assert log.append([LogEntry({"n": 1}), LogEntry({"n": 2}, vector, (b"photo", b""))]) == 2
    log.close()
    again = DurableLog(tmp_path / "new" / "a.log", {"whose": "another's"})
    assert again.owner == {"whose": "mine"}
    first, second = again.read(files=True)[0]
    assert (first.record, first.vector, first.files) == ({"n": 1}, None, ())
    np.testing.assert_array_equal(second.vector, vector)
    assert second.files == (b"photo", b"")
    assert again.read()[0][1].files == ()
    assert sorted(p.name for p in (tmp_path / "new").iterdir())[0] == "a.log"
    again.close()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.log"]


def test_a_reader_goes_on_where_it_stopped(tmp_path: Path) -> None:
    log, reader = DurableLog(tmp_path / "a.log"), DurableLog(tmp_path / "a.log")
    assert reader.changed()
    entries, position = reader.read(START)
    assert (entries, position.sequence) == ([], 0)
    assert not reader.changed()
    log.append([LogEntry({"n": n}) for n in range(3)])
    assert reader.changed()
    entries, position = reader.read(position)
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    log.append([LogEntry({"n": 3})])
    entries, position = reader.read(position)
    assert [entry.sequence for entry in entries] == [4]
    with log.writing():
        log.replace([LogEntry({"n": 9}, sequence=2)], sequence=7)
    entries, after = reader.read(position)
    assert ([entry.sequence for entry in entries], after.sequence) == ([2], 7)
    assert after.generation != position.generation
    assert log.append([LogEntry()]) == 8


def test_what_was_taken_out_leaves_its_room_and_not_its_number(tmp_path: Path) -> None:
    log = DurableLog(tmp_path / "a.log")
    log.append([LogEntry({"n": n}, files=(bytes(20_000),)) for n in range(20)])
    size = log.size
    with log.writing():
        log.delete(range(3, 21))
    assert log.size < size / 3
    assert log.append([LogEntry(files=(bytes(20_000),))]) == 21
    assert [number for number, _ in said(log)] == [1, 2, 21]
    assert log.path.stat().st_size <= size + 100_000


def test_a_write_that_fails_is_not_there(tmp_path: Path) -> None:
    log = DurableLog(tmp_path / "a.log")
    log.append([LogEntry({"n": 0})])

    def entries() -> Iterator[LogEntry]:
        yield LogEntry({"n": 1})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        log.append(entries())
    assert said(log) == [(1, {"n": 0})]
    assert log.append([LogEntry({"n": 2})]) == 2


def test_many_writers_make_it_at_once_and_lose_nothing(tmp_path: Path) -> None:
    def write(thread: int) -> None:
        log = DurableLog(tmp_path / "a.log")
        for n in range(20):
            log.append([LogEntry({"thread": thread, "n": n, "part": part}) for part in range(3)])
        log.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = said(DurableLog(tmp_path / "a.log"))
    assert [number for number, _ in entries] == list(range(1, 361))
    for first in range(0, 360, 3):  # writes stand whole, one after the other
        one = [record for _, record in entries[first : first + 3]]
        assert len({(r["thread"], r["n"]) for r in one}) == 1
        assert [r["part"] for r in one] == [0, 1, 2]


WRITER = """
import sys
from pathlib import Path
from shelfspace.durable_log import DurableLog, LogEntry
log = DurableLog(Path(sys.argv[1]))
for n in range(100_000):
    log.append([LogEntry({"n": n, "part": part}, files=(bytes(3000),)) for part in range(5)])
    print(n, flush=True)
"""


def test_killed_in_the_middle_nothing_confirmed_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        confirmed = 0
        reader = None
        for line in writer.stdout:
            confirmed = int(line)
            reader = reader or DurableLog(path)
            assert reader.read()[1].sequence >= 5 * (confirmed + 1)  # at the same time, from another process
            if confirmed >= 30:
                break
        writer.send_signal(signal.SIGKILL)
        confirmed = max([confirmed, *(int(n) for n in writer.stdout.read().splitlines() if n.isdigit())])
    entries = said(DurableLog(path), files=True)
    assert len(entries) % 5 == 0
    assert len(entries) >= 5 * (confirmed + 1)


def test_a_file_that_is_no_log_is_named_with_the_remedy(tmp_path: Path) -> None:
    text, foreign, later = tmp_path / "text.log", tmp_path / "foreign.log", tmp_path / "later.log"
    text.write_text("no log at all, but longer than what one expects of a header " * 10)
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE other (a)")
    log = DurableLog(later)
    log._database.execute("UPDATE header SET format = 9")
    restored, installed = "restore it, or delete it", "install that one, or restore a backup"
    for path, problem, remedy in (
        (text, "not a database", restored),
        (foreign, "no such table", restored),
        (later, "format = 9", installed),
    ):
        with pytest.raises(ArtifactError, match=problem) as caught:
            DurableLog(path)
        assert str(path) in str(caught.value)
        assert remedy in str(caught.value)


def test_a_folder_that_cannot_be_written_is_the_systems_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        DurableLog(tmp_path / "file" / "a.log")
    (tmp_path / "folder.log").mkdir()
    with pytest.raises(OSError, match="unable to open"):
        DurableLog(tmp_path / "folder.log")


def test_deleting_leaves_nothing(tmp_path: Path) -> None:
    log = DurableLog(tmp_path / "a.log")
    log.append([LogEntry()])
    delete_log(log.path)
    assert list(tmp_path.iterdir()) == []
    del log
    assert list(tmp_path.iterdir()) == []
