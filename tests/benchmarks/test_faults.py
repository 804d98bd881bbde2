"""The judgement of the fault benchmark: a changed byte is found, and only the two good ends count as good."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.faults.catalogue import write_catalogue
from benchmarks.faults.disks import back_from_small_disk, on_small_disk, own_mounts
from benchmarks.faults.fault import REFUSED, SAME, Fault, judge
from benchmarks.faults.halves import end_at
from benchmarks.faults.kills import fail_at, kill_at
from benchmarks.faults.listed import stages
from benchmarks.faults.world import Ended, World, content, differing, in_child
from shelfspace.errors import ArtifactError
from shelfspace.files import write_bytes, write_sealed_json, write_text


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "world", write_catalogue(tmp_path / "shop", 3))
    root = made.workspace.root
    write_text(root / "prepared" / "texts" / "texts.csv", "a kettle")
    write_text(root / "prepared" / "texts" / "timing.json", "0.1 s")
    write_sealed_json(root / "champion.json", {"fingerprint": "f"})
    return made


def done(_: World) -> Ended:
    return Ended("done")


def test_a_changed_byte_is_found_and_how_fast_it_was_is_none(world: World) -> None:
    clean = content(world.workspace)
    file = world.workspace.root / "prepared" / "texts" / "texts.csv"
    write_text(file.with_name("timing.json"), "0.2 s")
    assert differing(clean, content(world.workspace)) == []
    file.write_text("a kettlf")
    assert differing(clean, content(world.workspace)) == ["prepared/texts/texts.csv"]
    file.unlink()
    assert differing(clean, content(world.workspace)) == ["prepared/texts/texts.csv"]
    write_sealed_json(world.workspace.root / "champion.json", {"fingerprint": "g"})
    assert "the champion" in differing(clean, content(world.workspace))


@pytest.mark.parametrize(
    ("met", "after", "ends", "outcome"),
    [
        (Ended("done"), Ended("done"), ("done",), SAME),
        (Ended("killed"), Ended("done"), ("killed",), SAME),
        (Ended("refused", "say so"), Ended("done"), ("refused",), REFUSED),
        (Ended("done"), Ended("done"), ("refused",), "done, where it should have refused"),
        (Ended("done"), Ended("done"), ("killed",), "done, where it should have killed"),
        (Ended("crashed", "a\nKeyError: 1"), Ended("done"), ("refused",), "crashed: KeyError: 1"),
        (Ended("killed"), Ended("refused", "why"), ("killed",), "recovery refused: why"),
    ],
)
def test_only_the_two_good_ends_count(
    world: World, met: Ended, after: Ended, ends: tuple[str, ...], outcome: str
) -> None:
    fault = Fault("a fault", "somewhere", lambda _: met, lambda _: after, ends)
    assert judge(fault, world, content(world.workspace))["outcome"] == outcome


def test_other_bytes_are_no_good_end(world: World) -> None:
    clean = content(world.workspace)

    def change(_: World) -> Ended:
        write_text(world.workspace.root / "prepared" / "texts" / "texts.csv", "other")
        return Ended("done")

    row = judge(Fault("a fault", "somewhere", change, done), world, clean)
    assert row["outcome"] == "other bytes: prepared/texts/texts.csv"
    assert not row["same_as_clean"]


def refuse() -> None:
    raise ArtifactError("no")


@pytest.mark.parametrize(
    ("call", "how"),
    [
        (lambda: 1, "done"),
        (refuse, "refused"),
        (lambda: 1 / 0, "crashed"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "killed"),
    ],
)
def test_how_a_process_ended(tmp_path: Path, call: Callable[[], object], how: str) -> None:
    assert in_child(call, tmp_path / "log").how == how


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_kill_at_a_write_leaves_what_was_written_before(tmp_path: Path, number: int) -> None:
    def work() -> None:
        kill_at(number, where=str(tmp_path))()
        for name in "ab":
            write_bytes(tmp_path / name, b"1")  # an fsync and a rename each

    assert in_child(work, tmp_path / "log").how == "killed"
    assert [(tmp_path / name).exists() for name in "ab"] == [number > 2, False]


def test_a_full_disk_refuses_from_then_on(tmp_path: Path) -> None:
    def work() -> None:
        fail_at(3, where=str(tmp_path))()
        write_bytes(tmp_path / "a", b"1")
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                write_bytes(tmp_path / "b", b"1")

    assert in_child(work, tmp_path / "log") == Ended("done", "None")


@pytest.mark.parametrize("size", [1, 1000, 30_000])
def test_a_write_is_cut_half_way(tmp_path: Path, size: int) -> None:
    def work() -> None:
        write_bytes(tmp_path / "other", b"1" * 100_000)
        end_at(size, "wanted")()
        write_bytes(tmp_path / "other", b"2" * 100_000)
        write_bytes(tmp_path / "wanted", b"1" * size)

    assert in_child(work, tmp_path / "log").how == ("killed" if size > 1 else "done")
    assert (tmp_path / "wanted").exists() == (size == 1)
    assert (tmp_path / "other").read_bytes() == b"2" * 100_000
    assert [one.stat().st_size for one in tmp_path.glob(".wanted.*")] == ([size // 2] if size > 1 else [])


def test_a_disk_that_is_really_full_is_told_and_freed(world: World) -> None:
    def work() -> None:
        own_mounts()
        place = world.workspace.root / "training"
        write_text(place / "kept", "1")
        met = on_small_disk(("training",), "collection", 4096, world)
        assert (met.how, place.exists()) == ("refused", False), met
        assert "free some room" in met.said or "whether it is full" in met.said
        assert back_from_small_disk("collection", world).how == "done"
        assert not os.path.ismount(world.folder)
        assert (world.workspace.root / "champion.json").exists()

    ended = in_child(work, world.log.with_suffix(".test"))
    if "no mounts of our own" in ended.said:
        pytest.skip(ended.said[-100:])
    assert ended.how == "done", ended.said


def test_every_folder_of_an_asset_has_its_kill() -> None:
    from assets.lib.shop import FOLDERS

    assert set(stages()) == set(FOLDERS.values()), stages()
    assert stages()["tuning"] == "tune"


def test_a_step_that_stops_short_is_a_failure(world: World) -> None:
    def broken(_: World) -> Ended:
        raise KeyError("a port")

    row = judge(Fault("a fault", "somewhere", broken, done), world, content(world.workspace))
    assert row["outcome"] == "crashed: KeyError: 'a port'"


def test_the_same_seed_gives_the_same_shop(tmp_path: Path) -> None:
    first, second = (write_catalogue(tmp_path / name, 6) for name in "ab")
    for file in (f for f in first.rglob("*") if f.is_file()):
        assert file.read_bytes() == (second / file.relative_to(first)).read_bytes(), file
    shutil.rmtree(second)
