"""A file of the inbox is read when it is whole."""

import os
import time
from pathlib import Path

import pytest

from catalog.deliveries.settle import files_in, wait_until_settled

NOW_AND_THEN = 5.0


def names(folder: Path, quiet: float = NOW_AND_THEN) -> list[str]:
    return [file.name for file in files_in(folder) if file.settled(quiet)]


def aged(path: Path, seconds: float) -> Path:
    path.write_text("product_id\n1\n")
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


@pytest.mark.parametrize(
    "name",
    ["a.csv.part", "a.csv.tmp", "a.csv.crdownload", "a.csv.filepart", ".a.csv", "a.csv~", "A.CSV.PART"],
)
def test_a_name_may_say_that_a_file_is_on_its_way(tmp_path: Path, name: str) -> None:
    aged(tmp_path / name, 60)
    assert files_in(tmp_path) == []
    (tmp_path / name).rename(tmp_path / "whole.csv")
    assert names(tmp_path) == ["whole.csv"]


def test_a_file_settles_when_it_has_been_quiet(tmp_path: Path) -> None:
    aged(tmp_path / "old.csv", 60)
    aged(tmp_path / "new.csv", 1)
    assert names(tmp_path) == ["old.csv"]
    assert names(tmp_path, 0) == ["old.csv", "new.csv"]


def test_a_file_that_is_open_for_writing_is_not_whole_however_long_it_is_quiet(tmp_path: Path) -> None:
    path = aged(tmp_path / "slow.csv", 600)
    with path.open("a"):
        if names(tmp_path) != []:
            pytest.skip("this file system does not tell who has a file open")
        with path.open():  # a reader does not count
            assert names(tmp_path) == []
    assert names(tmp_path) == ["slow.csv"]


def test_a_clock_that_runs_ahead_keeps_no_file_waiting(tmp_path: Path) -> None:
    aged(tmp_path / "a.csv", -3600)
    assert names(tmp_path, 0.2) == []
    time.sleep(0.25)
    assert names(tmp_path, 0.2) == ["a.csv"]


def test_files_come_in_the_order_they_were_changed(tmp_path: Path) -> None:
    for name, age in (("a.csv", 20), ("c.csv", 40), ("b.csv", 30)):
        aged(tmp_path / name, age)
    assert names(tmp_path) == ["c.csv", "b.csv", "a.csv"]


def test_waiting_ends_when_all_is_quiet_and_no_later_than_asked(tmp_path: Path) -> None:
    (tmp_path / "media" / "shop").mkdir(parents=True)
    aged(tmp_path / "media" / "shop" / "a.png", 0)
    started = time.monotonic()
    wait_until_settled(tmp_path, 0.3, 30)
    assert 0.2 < time.monotonic() - started < 5
    aged(tmp_path / "b.csv", 0)
    started = time.monotonic()
    wait_until_settled(tmp_path, 60, 0.2)
    assert time.monotonic() - started < 5
