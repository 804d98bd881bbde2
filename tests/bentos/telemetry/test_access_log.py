"""The files of the access log: appended to, bounded, the oldest deleted."""

import os
from pathlib import Path

import orjson

from bentos.telemetry.access_log import AccessLog


def test_rows_are_appended_to_one_file(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, every_seconds=60)
    for n in range(3):
        log.add([{"n": n, "client": "10.0.0.1"}])
        log.flush()
    log.close()
    (file,) = (tmp_path / "access").iterdir()
    assert [orjson.loads(line)["n"] for line in file.read_text().splitlines()] == [0, 1, 2]


def test_the_size_on_disk_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    log = AccessLog(tmp_path, every_seconds=60, keep_bytes=10_000)
    for n in range(400):
        log.add([{"n": n, "client": "", "x": "a" * 80}])
        path = log.flush()
        assert path is not None
        os.utime(path, (n, n))
    log.close()
    files = sorted((tmp_path / "access").iterdir(), key=lambda p: p.stat().st_mtime)
    rows = [orjson.loads(line)["n"] for file in files for line in file.read_text().splitlines()]
    assert sum(file.stat().st_size for file in files) <= 11_000
    assert rows == list(range(rows[0], 400))
    assert 50 < len(rows) < 100


def test_a_client_is_a_hash_that_tells_no_address(tmp_path: Path) -> None:
    log, other = AccessLog(None), AccessLog(None)
    assert log.client("10.0.0.1") == log.client("10.0.0.1") != log.client("10.0.0.2")
    assert log.client("10.0.0.1") != other.client("10.0.0.1")
    written = AccessLog(tmp_path, every_seconds=60)
    written.add([{"client": "10.0.0.1"}])
    path = written.flush()
    assert path is not None
    assert orjson.loads(path.read_text()) == {"client": written.client("10.0.0.1")}
    written.close()
    assert not log.on
