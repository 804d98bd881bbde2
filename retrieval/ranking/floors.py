"""Which score makes a hit relevant, learned from judged queries.

Sorted by price, a weak hit would lead an answer. The floor of a kind of query is the score that divides its
candidates best into those that answer and the rest: it maximises the mean over queries of the graded F
measure 2 * G / (k + A), where k candidates reach the floor, G is their gain and A that of all candidates
(gains between 0 and 1; with grades of 0 and 1 alone this is F1). For a query without an answer it is 1
where nothing reaches the floor and 0 otherwise. Every query is scored by a fusion that learned from others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.ranking.fit import FEWEST
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.training.held_out import Lesson
from shelfspace.files import read_artifact, write_json
from shelfspace.formats import check_format

__all__ = ["learn_floors", "load_floors", "save_floors"]

FORMAT = 1
STEPS = 200
"""Floors that are tried, quantiles of the scores."""


def learn_floors(tried: Sequence[tuple[FusionModel, Sequence[Lesson]]]) -> dict[str, float]:
    """Kind of query (one of `KINDS`) to its floor; only of kinds that have weights and enough answers.

    Args:
        tried: lessons with the fusion that ranks them, as `left_out` gives them.
    """
    lessons = [one for _, asked in tried for one in asked]
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    answered: dict[str, int] = {}
    most = 2.0 ** max((int(one.grades.max(initial=0)) for one in lessons), default=0) - 1
    for fusion, asked in tried:
        for one in asked:
            kind = one.judged.candidates.kind
            if not fusion.answering[kind]:
                continue
            gains = (2.0**one.judged.grades - 1) / most
            found.setdefault(kind, []).append((fusion.scores(one.judged.candidates), gains))
            answered[kind] = answered.get(kind, 0) + one.judged.useful
    return {kind: best_floor(pairs) for kind, pairs in sorted(found.items()) if answered[kind] >= FEWEST}


def best_floor(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """The floor with the highest mean measure; of equal ones the lowest.

    Args:
        pairs: of each query, scores and gains of its candidates.
    """
    every = np.concatenate([scores for scores, _ in pairs])
    floors = np.unique(np.quantile(every, np.linspace(0, 1, STEPS)))
    return float(floors[np.argmax(measured(pairs, floors))])


def measured(pairs: Sequence[tuple[np.ndarray, np.ndarray]], floors: np.ndarray) -> np.ndarray:
    """(floors,) mean over queries of the graded F measure."""
    total = np.zeros(len(floors))
    for scores, gains in pairs:
        order = np.argsort(-scores, kind="stable")
        kept = np.searchsorted(-scores[order], -floors, side="right")
        reached = np.concatenate([[0.0], np.cumsum(gains[order])])[kept]
        whole = float(gains.sum())
        below = np.maximum(kept + whole, 1e-12)
        total += 2 * reached / below if whole > 0 else kept == 0
    return total / len(pairs)


def save_floors(path: Path, floors: Mapping[str, float]) -> None:
    """Write one JSON file."""
    write_json(path, {"format": FORMAT, "floors": dict(sorted(floors.items()))})


def load_floors(path: Path) -> dict[str, float]:
    """Read what `save_floors` wrote.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    return read_artifact(path, "the score floors", _read)


def _read(stored: Any) -> dict[str, float]:
    check_format("the score floors", stored["format"], FORMAT, "run the refresh job")
    return {str(kind): float(floor) for kind, floor in stored["floors"].items()}
