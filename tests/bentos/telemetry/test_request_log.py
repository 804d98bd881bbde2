"""The request log: nothing lost on close, one log for all processes, bounded when the folder fails."""

import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bentos.telemetry.request_log import RequestLog
from shelfspace.durable_log import DurableLog, LogEntry, delete_log
from shelfspace.workspace import REQUEST_LOG


def entries_in(folder: Path) -> list[LogEntry]:
    if not (folder / REQUEST_LOG).exists():
        return []
    with closing(DurableLog(folder / REQUEST_LOG)) as log:
        return log.read()[0]


def rows_in(folder: Path) -> list[dict]:
    return [dict(entry.record) for entry in entries_in(folder)]


def test_rows_are_written_in_batches_and_the_rest_on_close(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "live", every_seconds=60)
    log.add([{"n": 0}, {"n": 1}])
    assert log.flush() is not None
    assert log.flush() is None
    log.add([{"n": 2}])
    log.close()
    assert [row["n"] for row in rows_in(tmp_path / "live")] == [0, 1, 2]
    assert [file.name for file in (tmp_path / "live").iterdir()] == [REQUEST_LOG]


def test_times_and_vectors_are_written_as_the_log_holds_them(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, every_seconds=60)
    vector = np.array([0.6, 0.8], np.float16)
    log.add([{"time": 1_700_000_000.5, "vector": vector, "top_score": np.float32(0.5)}, {"vector": None}])
    log.close()
    first, second = entries_in(tmp_path)
    assert first.record == {"time": "2023-11-14T22:13:20.500+00:00", "top_score": 0.5}
    np.testing.assert_array_equal(first.vector, vector.astype(np.float32))
    assert second.vector is None


def test_two_processes_write_one_log(tmp_path: Path) -> None:
    logs = [RequestLog(tmp_path, every_seconds=60) for _ in range(2)]
    for n in range(6):
        logs[n % 2].add([{"n": n}])
        logs[n % 2].flush()
    for log in logs:
        log.close()
    assert [row["n"] for row in rows_in(tmp_path)] == list(range(6))


def test_a_folder_that_was_cleared_is_written_again(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, every_seconds=60)
    log.add([{"n": 0}])
    log.flush()
    delete_log(tmp_path / REQUEST_LOG)
    log.add([{"n": 1}])
    log.close()
    assert [row["n"] for row in rows_in(tmp_path)] == [1]


def test_a_damaged_log_is_said_and_the_rows_wait(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / REQUEST_LOG).write_text("no log" * 100)
    log = RequestLog(tmp_path, every_seconds=0.01)
    log.add([{"n": 0}])
    for _ in range(200):
        if "cannot be written" in caplog.text:
            break
        threading.Event().wait(0.01)
    assert "restore it, or delete it" in caplog.text
    delete_log(tmp_path / REQUEST_LOG)
    log.close()
    assert [row["n"] for row in rows_in(tmp_path)] == [0]


def test_the_writer_flushes_by_time_and_by_size(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, every_seconds=60, max_rows=10)
    log.add({"n": n} for n in range(10))
    for _ in range(200):
        if rows_in(tmp_path):
            break
        threading.Event().wait(0.01)
    assert len(rows_in(tmp_path)) == 10
    log.close()


def test_threads_lose_no_row(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, every_seconds=0.005)
    threads = [
        threading.Thread(target=lambda t=t: [log.add([{"t": t, "n": n}]) for n in range(300)])
        for t in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert len({(row["t"], row["n"]) for row in rows_in(tmp_path)}) == 1200


def test_off_without_a_folder() -> None:
    log = RequestLog(None)
    log.add([{"n": 1}])
    assert not log.on
    assert log.flush() is None
    log.close()


def test_a_folder_that_cannot_be_written_keeps_rows_up_to_the_bound(tmp_path: Path) -> None:
    blocked = tmp_path / "live"
    blocked.write_text("a file where the folder should be")
    log = RequestLog(blocked, every_seconds=60, keep_rows=5)
    log.add({"n": n} for n in range(8))
    assert log.dropped == 3
    with pytest.raises(OSError, match="live"):
        log.flush()
    blocked.unlink()
    log.close()
    assert [row["n"] for row in rows_in(blocked)] == [3, 4, 5, 6, 7]


def test_the_oldest_rows_go_where_there_are_too_many(tmp_path: Path) -> None:
    log = RequestLog(tmp_path, every_seconds=60, kept=25)
    for number in range(40):
        log.add([{"time": 1.0 * number, "endpoint": "search", "items": number}])
        log.flush()
    log.close()
    with closing(DurableLog(tmp_path / REQUEST_LOG)) as kept:
        assert [entry.record["items"] for entry in kept.read()[0]] == list(range(15, 40))
        assert kept.sequence == 40
    again = RequestLog(tmp_path, every_seconds=60, kept=10)
    again.add([{"time": 1.0, "items": 40}])
    again.close()
    with closing(DurableLog(tmp_path / REQUEST_LOG)) as kept:
        assert [entry.record["items"] for entry in kept.read()[0]] == list(range(31, 41))
