"""A flipped bit in a file of each kind, then what reads it; then the way back that is named."""

import random
import shutil
from functools import partial
from pathlib import Path

from benchmarks.faults.fault import Fault
from benchmarks.faults.readers import KINDS
from benchmarks.faults.rot import flip
from benchmarks.faults.world import Ended, World, remove
from shelfspace.way_back import MADE_BY, OF_STATE

__all__ = ["flipped_bits"]

TRIES = 20


def flipped_bits(clean: World) -> list[Fault]:
    """One fault for each kind of bytes that a workspace keeps.

    Args:
        clean: where a copy of a file comes from that nothing makes again.
    """
    return [
        Fault(
            "flipped bit", kind, partial(flipped, kind, number), partial(way_back, clean), ("refused", "done")
        )
        for number, kind in enumerate(KINDS)
    ]


def noted(world: World) -> Path:
    """Where it is noted which file was damaged."""
    return world.folder.with_suffix(".flipped")


def flipped(kind: str, seed: int, world: World) -> Ended:
    """Flip bits, one at a time, until one matters; how its reader ended.

    A bit whose flip leaves what is read as it was, such as one in a free page, is put back.
    """
    draw, known = random.Random(seed), KINDS[kind]  # noqa: S311 - no secret
    clean = world.call(known.read)
    if clean.how != "done":
        return Ended("crashed", f"undamaged: {clean.said}")
    for _ in range(TRIES):
        file = draw.choice(known.found(world.workspace))
        kept, mode = file.read_bytes(), file.stat().st_mode
        flip(file, draw)
        met = world.call(known.read)
        if met != clean:
            noted(world).write_text(str(file))
            return Ended("silent", "other content was read") if met.how == "done" else met
        file.unlink()
        file.write_bytes(kept)
        file.chmod(mode)
    return Ended("done", f"none of {TRIES} flips changed what is read")


def way_back(clean: World, world: World) -> Ended:
    """What `shelfspace.way_back` says of the damaged file, done."""
    if not noted(world).exists():
        return Ended("done")
    file, root = Path(noted(world).read_text()), world.workspace.root
    noted(world).unlink()
    parts = file.relative_to(root).parts
    if parts[0] == "snapshot":
        from assets.lib.dvc import run_dvc

        file.unlink()
        checkout = ["checkout", "-q", "-f"]
        return world.call(lambda workspace: run_dvc(root, [*checkout, f"{workspace.snapshot}.dvc"]))
    gone, job = made_again(parts)
    if job:
        remove(world, *gone)
        return world.run(job)
    file.unlink(missing_ok=True)
    shutil.copy2(clean.workspace.root / Path(*parts), file)
    return Ended("done")


def made_again(parts: tuple[str, ...]) -> tuple[list[str], str]:
    """What to delete, and the job that makes it again; no job where a copy has to be put back."""
    first, second = parts[0], "/".join(parts[:2])
    if first == "champion.json" or second == "state/champions":
        return ["champion.json", "state/champions"], "evaluation"
    if second == "state/embeddings":
        return ["/".join(parts[:3]), "state/product_embeddings", "state/modality_vectors"], "release"
    if first == "state":
        return [second], OF_STATE.get(parts[1], "")
    if first == "releases" and len(parts) > 2:
        return ["releases", "release"], "release"
    return [second if len(parts) > 2 else first], MADE_BY.get(first, "")
