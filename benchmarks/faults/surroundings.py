"""What lies around: a remote that is gone, a clock set back, a moved workspace, two at once."""

import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import pairwise

import psutil

from benchmarks.faults.deliveries import deliver
from benchmarks.faults.fault import Fault
from benchmarks.faults.world import Ended, World, remove, run
from releases.pointer import current_id, history, promote
from releases.release import list_releases

__all__ = ["surroundings"]


def surroundings() -> list[Fault]:
    """What lies around: a remote that is gone, a lock that is held, a clock set back, a moved workspace."""
    refresh, with_delivery = partial(run, "refresh"), ("", ("refused",), "delivered")
    return [
        Fault("workspace moved", "refresh", moved, partial(run, "preprocessing")),
        Fault("clock set back by a year", "preprocessing", clock_set_back, partial(run, "preprocessing")),
        Fault("two runs at once", "preprocessing", two_runs, partial(run, "preprocessing")),
        Fault("DVC remote gone", "collection", remote_gone, remote_back, ("refused",)),
        Fault(
            "DVC remote gone",
            "refresh with a delivery",
            remote_gone_then,
            remote_back_then,
            *with_delivery[1:],
        ),
        Fault("flipped bit", "snapshot.dvc", pointer_flipped, partial(run, "refresh"), ("done", "refused")),
        Fault("DVC lock held", "for some seconds", partial(lock_held, 8), refresh, ("done",), "delivered"),
        Fault("DVC lock held", "for good", partial(lock_held, 600), refresh, *with_delivery[1:]),
        Fault("kill -9 of the DVC command", "collection", dvc_killed, refresh, *with_delivery[1:]),
        Fault("two runs at once", "refresh with a delivery", two_refreshes, refresh, ("done",), "delivered"),
        Fault(
            "two promoters at once", "releases/current", two_promoters, last_promoted, ("done",), "delivered"
        ),
    ]


def moved(world: World) -> Ended:
    """Move the folder away and back again through a name of its own: no path in it may be absolute."""
    elsewhere = World(world.folder.with_name("moved-" + world.folder.name), world.catalog)
    shutil.rmtree(elsewhere.folder, ignore_errors=True)
    shutil.move(world.folder, elsewhere.folder)
    ended = elsewhere.run("refresh")
    shutil.move(elsewhere.folder, world.folder)
    return ended


def clock_set_back(world: World) -> Ended:
    """Run with a clock that stands a year earlier."""

    def set_back() -> None:
        now, nanoseconds = time.time, time.time_ns
        time.time = lambda: now() - 365 * 86400
        time.time_ns = lambda: nanoseconds() - 365 * 86400 * 10**9

    remove(world, "prepared")
    return world.run("preprocessing", set_back)


def two_runs(world: World) -> Ended:
    """Two runs of one job at the same time: the second waits, and both end well."""
    remove(world, "prepared/texts", "prepared/catalogue")
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _: world.run("preprocessing"), range(2)))
    return next((e for e in ended if e.how != "done"), ended[0])


def two_refreshes(world: World) -> Ended:
    """Two refreshes at the same time, of one delivery."""
    deliver(world)
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _: world.run("refresh"), range(2)))
    return next((e for e in ended if e.how != "done"), ended[0])


def two_promoters(world: World) -> Ended:
    """Two processes, each of which promotes another of two releases, again and again."""
    deliver(world)
    world.run("refresh")
    root = world.workspace.root
    names = [folder.name for folder in list_releases(root / "releases")]

    def promoting(name: str) -> Ended:
        return world.call(lambda _: [promote(root, name, "again").id for _ in range(20)][-1])

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(promoting, names[-2:]))
    moves = history(root)
    lost = [m for before, m in pairwise(moves) if m["before"] != before["release"]]
    if lost or moves[-1]["release"] != current_id(root) or len(names) < 2:
        return Ended("crashed", f"{len(lost)} moves are not in the history, or the last is not the live one")
    return next((e for e in ended if e.how != "done"), ended[0])


def last_promoted(world: World) -> Ended:
    """Promote the newest release."""
    root = world.workspace.root
    newest = list_releases(root / "releases")[-1].name
    return world.call(lambda _: promote(root, newest, "it is the newest").id)


def lock_held(seconds: int, world: World) -> Ended:
    """Another DVC command holds its lock while a delivery is collected."""
    deliver(world)
    hold = (
        "import sys, time; from dvc.repo import Repo\n"
        "with Repo('.').lock: print('held', flush=True); time.sleep(int(sys.argv[1]))"
    )
    words = [sys.executable, "-c", hold, str(seconds)]
    with subprocess.Popen(words, cwd=world.folder, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            return world.run("refresh")
        finally:
            holder.kill()


def dvc_killed(world: World) -> Ended:
    """The DVC command that a run called is killed."""
    deliver(world)
    stop = threading.Event()

    def kill() -> None:
        while not stop.is_set():
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if "dvc.cli" in " ".join(process.cmdline()):
                        time.sleep(0.7)
                        process.kill()
                        return
            time.sleep(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    ended = world.run("refresh")
    stop.set()
    killer.join()
    return ended


def remote_gone_then(world: World) -> Ended:
    deliver(world)
    (world.folder / ".dvc-remote").rename(world.folder / "away")
    (world.folder / ".dvc-remote").write_text("no folder")
    return world.run("refresh")


def remote_back_then(world: World) -> Ended:
    (world.folder / ".dvc-remote").unlink()
    (world.folder / "away").rename(world.folder / ".dvc-remote")
    return world.run("refresh")


def pointer_flipped(world: World) -> Ended:
    """A bit of the hash by which DVC knows the snapshot: still a pointer, to something else."""
    pointer = world.workspace.root / "snapshot.dvc"
    said = pointer.read_bytes()
    place = said.index(b"md5: ") + 5
    pointer.write_bytes(said[:place] + bytes([said[place] ^ 1]) + said[place + 1 :])
    return world.run("refresh")


def remote_gone(world: World) -> Ended:
    """A remote whose folder is a file: nothing can be pushed."""
    remove(world, "snapshot", "snapshot.dvc", "state/snapshot.noted")
    remote = world.folder / ".dvc-remote"
    shutil.rmtree(remote)
    remote.write_text("no folder")
    return world.run("collection")


def remote_back(world: World) -> Ended:
    (world.folder / ".dvc-remote").unlink()
    return world.run("collection")
