"""Rows through a feature store: what it holds is taken, what it lacks is computed in batches."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from models.features.store import FeatureStore
from shelfspace.progress import hide_bar

__all__ = ["Arrays", "Counts", "through_store"]

Arrays = dict[str, np.ndarray]

BATCH = 256
"""Rows between two writes of the ledger: what a kill costs at most."""


@dataclass(frozen=True)
class Counts:
    """Rows computed now, rows that were stored or share their content, and wall time in seconds."""

    computed: int = 0
    reused: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.computed + other.computed, self.reused + other.reused, self.seconds + other.seconds
        )


def through_store(
    store: FeatureStore,
    hashes: Sequence[str],
    compute: Callable[[list[int]], Arrays],
    what: str,
    batch: int = BATCH,
    *,
    progress: bool = True,
) -> tuple[Arrays, Counts]:
    """Arrays of all rows; only hashes the store lacks are computed, batch by batch.

    Args:
        hashes: n content hashes, "" where the modality is absent.
        compute: positions to arrays with a row each.
        what: the progress bar's name.
    """
    started = time.monotonic()
    first = {h: i for i, h in reversed(list(enumerate(hashes))) if h}
    todo = [first[h] for h in store.missing(hashes)]
    hidden = hide_bar(progress and bool(todo))
    with tqdm(total=len(todo), desc=what, unit="row", mininterval=1, disable=hidden) as bar:
        for start in range(0, len(todo), batch):
            rows = todo[start : start + batch]
            store.append([hashes[i] for i in rows], compute(rows))
            bar.update(len(rows))
    reused = sum(1 for h in hashes if h) - len(todo)
    return store.gather(hashes), Counts(len(todo), reused, time.monotonic() - started)
