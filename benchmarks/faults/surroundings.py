"""What lies around: a remote that is gone, a clock set back, a moved workspace, two at once."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks.faults.fault import Fault
from benchmarks.faults.world import Ended, World, remove, run

__all__ = ["surroundings"]


def surroundings() -> list[Fault]:
    """What lies around: a remote that is gone, a lock that is held, a clock set back, a moved workspace."""
    return [
        Fault("workspace moved", "refresh", moved, partial(run, "preprocessing")),
        Fault("clock set back by a year", "preprocessing", clock_set_back, partial(run, "preprocessing")),
        Fault("two runs at once", "preprocessing", two_runs, partial(run, "preprocessing")),
        Fault("DVC remote gone", "collection", remote_gone, remote_back, ("refused",)),
        Fault("two promoters at once", "releases/current", two_promoters, partial(run, "preprocessing")),
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


def two_promoters(world: World) -> Ended:
    """Promote the live release from two processes at once."""

    def promoting(_: int) -> Ended:
        from releases.pointer import current_id, promote

        def work(workspace: object) -> str:
            root = world.workspace.root
            return promote(root, current_id(root) or "", "again").id

        return world.call(work)

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(promoting, range(2)))
    return next((e for e in ended if e.how != "done"), ended[0])


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
