"""The faults that are tried."""

import errno
import shutil
from functools import partial
from pathlib import Path

from benchmarks.faults.daemon import daemons
from benchmarks.faults.deliveries import deliveries
from benchmarks.faults.disks import real_disks
from benchmarks.faults.fault import Fault
from benchmarks.faults.flips import flipped_bits
from benchmarks.faults.halves import half_written
from benchmarks.faults.kills import fail_at, kill_at
from benchmarks.faults.service import killed_services
from benchmarks.faults.surroundings import surroundings
from benchmarks.faults.world import Ended, World, remove, run

__all__ = ["faults", "stages"]


def stages() -> dict[str, str]:
    """Folder of each asset to the job that makes it, as the definitions have them."""
    from assets.lib.shop import FOLDERS
    from dagster_project.definitions import defs
    from dagster_project.graph import SIDE

    made = {}
    for node in defs.resolve_asset_graph().asset_nodes:
        folder = FOLDERS.get(node.key.to_user_string())
        if folder is not None:
            made[folder] = next(
                (job for job, group in SIDE.items() if group == node.group_name), node.group_name
            )
    return dict(sorted(made.items()))


def faults(clean: World) -> list[Fault]:
    """All faults, in the order they are tried; `clean` is the world that none of them happens to."""
    return [
        *daemons(), *killed_services(), *deliveries(), *surroundings(), *real_disks(), *refusing_disks(),
        *killed_assets(), *killed_writes(), *half_written(clean), *flipped_bits(clean),
    ]  # fmt: skip


def killed_asset(folder: str, job: str, world: World) -> Ended:
    """Kill the run when the folder of an asset is computed and about to take its place."""
    shutil.rmtree(world.workspace.root / folder, ignore_errors=True)
    return world.run(job, kill_at(1, ("replace",), f"/.{Path(folder).name}."))


def killed_write(gone: tuple[str, ...], job: str, number: int, world: World) -> Ended:
    """Kill a job that has everything to write at its n-th write."""
    remove(world, *gone)
    return world.run(job, kill_at(number, where=str(world.workspace.root)))


def refused_write(gone: tuple[str, ...], job: str, number: int, code: int, world: World) -> Ended:
    """Let the disk refuse from the n-th write of a job on."""
    remove(world, *gone)
    return world.run(job, fail_at(number, code, str(world.workspace.root)))


def killed_assets() -> list[Fault]:
    """kill -9 of the run in every asset."""
    return [
        Fault(
            "kill -9 of the run", folder, partial(killed_asset, folder, job), partial(run, job), ("killed",)
        )
        for folder, job in stages().items()
    ]


def killed_writes() -> list[Fault]:
    """kill -9 at the n-th write of a job that has everything to write."""

    made = [
        (("snapshot", "snapshot.dvc", "state/snapshot.noted"), "collection", (1, 2, 5, 8, 11)),
        (("champion.json", "state/champions"), "evaluation", (1, 2, 4)),
        (("release", "releases", "state/reference"), "release", (1, 3, 10, 40)),
    ]
    return [
        Fault(
            f"kill -9 at write {number}",
            job,
            partial(killed_write, gone, job, number),
            partial(run, job),
            ("killed",),
        )
        for gone, job, numbers in made
        for number in numbers
    ]


def refusing_disks() -> list[Fault]:
    """A disk that is full, or read-only, from the n-th write on; then it is mended and the job run again."""

    made = [
        (("snapshot", "snapshot.dvc", "state/snapshot.noted"), "collection", (1, 4)),
        (("prepared",), "preprocessing", (1, 5)),
        (("release", "releases", "state/reference"), "release", (1, 9)),
    ]
    return [
        Fault(
            what,
            f"{job}, write {number}",
            partial(refused_write, gone, job, number, code),
            partial(run, job),
            ("refused",),
        )
        for what, code in (("disk full", errno.ENOSPC), ("read-only disk", errno.EROFS))
        for gone, job, numbers in made
        for number in numbers[: 2 if code == errno.ENOSPC else 1]
    ]
