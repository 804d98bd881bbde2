"""Workspaces that nothing happened to, which those that faults happened to are held against.

clean: the chain, and what runs on the side. delivered: the same, then a delivery that one refresh took; or
two, the first of which had half of the rows, or no photo: a vector's last digit depends on how many are
computed together. served: the same, then writes to a service, and what it answers.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.faults.catalogue import write_catalogue
from benchmarks.faults.deliveries import NAME, PHOTO, csv, deliver, first_lines, photo, place
from benchmarks.faults.service import answered, use, write_all
from benchmarks.faults.world import Ended, World

__all__ = ["UNDISTURBED", "made"]


def clean(world: World) -> Ended:
    """Chain, tuning and folds; then the logs of a service that was asked, and told a price."""
    for job in ("chain", "tune", "cross_validate"):
        ended = world.run(job)
        if ended.how != "done":
            return ended
    use(world)
    return Ended("done")


def delivered(world: World) -> Ended:
    deliver(world)
    return world.run("refresh")


def in_parts(first: dict[str, bytes], world: World) -> Ended:
    for name, data in first.items():
        place(world, name, data)
    world.run("refresh")
    return delivered(world)


def served(world: World) -> Ended:
    write_all(world)
    return answered(world)


UNDISTURBED: dict[str, Callable[[World], Ended]] = {
    "clean": clean,
    "delivered": delivered,
    "delivered half first": partial(in_parts, {f"media/{PHOTO}": photo(), "news.jsonl": first_lines()}),
    "delivered photo later": partial(in_parts, {NAME: csv()}),
    "served": served,
}
"""Name to what is done, to a copy of the clean world but for that itself."""


def made(name: str, folder: Path) -> World:
    """An undisturbed world; `clean` is the one that the others are copies of.

    Raises:
        RuntimeError: it did not come to a good end.
    """
    first = World(folder / "clean", folder / "shop")
    if name == "clean":
        write_catalogue(first.catalog)
        first.folder.mkdir(parents=True)
        world = first
    else:
        world = first.copy(folder / name)
    ended = UNDISTURBED[name](world)
    if ended.how != "done":
        raise RuntimeError(f"the undisturbed world {name} {ended.how}: {ended.said}")
    return world
