"""Disks that are really full and folders that really cannot be written: mounts in a namespace of our own."""

import ctypes
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

from benchmarks.faults.fault import Fault
from benchmarks.faults.world import Ended, World, remove, run

__all__ = ["back_from_small_disk", "on_small_disk", "own_mounts", "real_disks"]

NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
"""Of `unshare` of Linux."""
LARGE = "1g"


def own_mounts() -> None:
    """Give this process, and those it starts, mounts that nobody else sees; they end with it.

    Raises:
        SystemExit: this machine allows none.
    """
    user, group, root = os.geteuid(), os.getegid(), os.geteuid() == 0
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_MOUNTS if root else NEW_MOUNTS | NEW_USER):
        why = os.strerror(ctypes.get_errno())
        raise SystemExit(f"no mounts of our own ({why}); be root, or allow user namespaces")
    if not root:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    mount("--make-rprivate", "/")


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def unmount(place: Path) -> None:
    subprocess.run(["umount", str(place)], check=True)


def on_small_disk(gone: tuple[str, ...], job: str, room: int, world: World) -> Ended:
    """Move a world to a disk of its own, remove what a job makes, leave so many bytes, and run the job."""
    aside = world.folder.with_suffix(".aside")
    world.folder.rename(aside)
    world.folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={LARGE}", "none", world.folder)
    shutil.copytree(aside, world.folder, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(aside)
    remove(world, *gone)
    at = os.statvfs(world.folder)
    used = (at.f_blocks - at.f_bfree) * at.f_frsize
    mount("-o", f"remount,size={used + room}", world.folder)
    return world.run(job)


def back_from_small_disk(job: str, world: World) -> Ended:
    """Make room, run the job again, and move the world back."""
    mount("-o", f"remount,size={LARGE}", world.folder)
    ended = world.run(job)
    aside = world.folder.with_suffix(".aside")
    shutil.copytree(world.folder, aside, symlinks=True)
    unmount(world.folder)
    world.folder.rmdir()
    aside.rename(world.folder)
    return ended


def in_read_only(gone: tuple[str, ...], job: str, folder: str, world: World) -> Ended:
    """Run a job while a folder of the workspace cannot be written."""
    remove(world, *gone)
    place = world.workspace.root / folder
    mount("--bind", place, place)
    mount("-o", "remount,bind,ro", place)
    try:
        return world.run(job)
    finally:
        unmount(place)


def real_disks() -> list[Fault]:
    """Disks that fill while a job runs, and folders that cannot be written; mended, and the job run again."""
    snapshot, release = ("snapshot", "snapshot.dvc", "state/snapshot.noted"), ("release", "releases")
    full = [
        (snapshot, "collection", 0),
        (snapshot, "collection", 150_000),
        (snapshot, "collection", 300_000),
        (("prepared",), "preprocessing", 100_000),
        (("prepared",), "preprocessing", 400_000),
        (("training", "state/training"), "training", 300_000),
        (("champion.json", "state/champions"), "evaluation", 200_000),
        (release, "release", 400_000),
        (("bento",), "packaging", 1_500_000),
    ]
    closed = [
        (("prepared",), "preprocessing", "."),
        (("features/text",), "features", "features"),
        (snapshot, "collection", "state"),
        (("training",), "training", "state/dagster"),
    ]
    return [
        *(
            Fault(
                "a disk that is really full",
                f"{job}, {room // 1000} kB left",
                partial(on_small_disk, gone, job, room),
                partial(back_from_small_disk, job),
                ("refused",),
            )
            for gone, job, room in full
        ),
        *(
            Fault(
                "a folder that cannot be written",
                f"{job}, {folder}",
                partial(in_read_only, gone, job, folder),
                partial(run, job),
                ("refused",),
            )
            for gone, job, folder in closed
        ),
    ]
