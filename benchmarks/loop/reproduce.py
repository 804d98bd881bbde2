"""Whether a release that is built again from what it says made it comes out the same.

Reproduces the live release of the catalogue that SHELFSPACE_CATALOG names (default the sample), which a
chain has released in SHELFSPACE_WORKSPACES: with as many threads as then, and with another number of them.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.loop.results import Figure
from dagster_project.reproduction import reproduce
from releases import Release, current
from releases.comparison import TOLERANCE
from releases.recipe import Recipe
from shelfspace.errors import ArtifactError
from shelfspace.workspace import Workspace

__all__ = ["figures"]


def figures() -> Iterator[Figure]:
    """`reproduce_bit_identical`: whether all vectors of the release come out equal bit by bit.

    Raises:
        ArtifactError: nothing is released.
    """
    workspace = Workspace.find()
    release = current(workspace.root)
    if release is None:
        raise ArtifactError(f"{workspace.name} has no release; run: {workspace.command('demo')}")
    ran = Recipe.of(release).threads
    fewer = 1 if ran > 1 else 2
    began = time.perf_counter()
    same = again(workspace, release, None)
    seconds = time.perf_counter() - began
    figure = Figure(
        "reproduce_bit_identical",
        "vectors of a release built again are equal bit by bit (same threads, one processor)",
        float(same["embeddings_identical"]),
        1.0,
        f"{workspace.name}, {release.manifest['rows']:,} products",
        trials=1,
        parts=[line(f"{ran} threads, as then", same)],
        reason=(
            "Built again by `shelfspace reproduce` from the snapshot in DVC, the code in git and the "
            f"settings in the release. The tolerance elsewhere is {TOLERANCE:g} for each number of a vector."
        ),
        seconds=round(seconds, 1),
    )
    yield figure
    other = line(f"{fewer} threads", again(workspace, release, fewer))
    yield replace(figure, parts=[*figure.parts, other])


def again(workspace: Workspace, release: Release, threads: int | None) -> dict[str, Any]:
    """One reproduction, as JSON."""
    with tempfile.TemporaryDirectory(prefix="shelfspace-reproduce-") as place:
        return reproduce(workspace, release, Path(place), threads=threads).to_dict()


def line(how: str, found: dict[str, Any]) -> dict[str, Any]:
    """What is shown of one reproduction."""
    return {
        "built with": how,
        "files equal": f"{found['files'] - len(found['differing'])} of {found['files']}",
        "model equal": str(found["model_identical"]),
        "vectors equal": str(found["embeddings_identical"]),
        "largest difference": f"{found['largest_difference']:.1e}",
        "least cosine": found["least_cosine"],
        "same nearest products": found["same_neighbours"],
    }
