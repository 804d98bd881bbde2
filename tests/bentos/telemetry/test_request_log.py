"""The request log: whole files, nothing lost on close, bounded when the folder fails."""

import json
import threading
from pathlib import Path

import pytest

from bentos.telemetry.request_log import RequestLog


def rows_in(folder: Path) -> list[dict]:
    files = sorted(folder.glob("requests-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_rows_are_written_in_batches_and_the_rest_on_close(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "live", every_seconds=60)
    log.add([{"n": 0}, {"n": 1}])
    assert log.flush() is not None
    assert log.flush() is None
    log.add([{"n": 2}])
    log.close()
    assert [row["n"] for row in rows_in(tmp_path / "live")] == [0, 1, 2]
    assert len(list((tmp_path / "live").iterdir())) == 2  # two whole files, no temporary names


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
