"""Whether a candidate answers at all: how sure the evidence is of it, and the floor below which nothing is.

An order says which candidate is better; it does not say that the best is good. That is told by evidence that
means the same for every query: how near in meaning, which share of the words. A logistic regression of it,
fitted on queries with an answer and on queries without one, gives each candidate a relevance; below the
floor of its kind of query a product is not shown as a hit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from retrieval.ranking.candidates import Candidates
from retrieval.ranking.features import FEATURES, features_of
from shelfspace.files import read_artifact, write_json

__all__ = ["TELLING", "AnswerFloor", "load_answers", "save_answers"]

FORMAT = 1
TELLING = ("closeness", "cosine", "covered", "complete", "lexical_share", "class_agreement_by_certainty")
"""Features that mean the same for every query; each speaks for an answer."""
COLUMNS = [FEATURES.index(name) for name in TELLING]


@dataclass(frozen=True, eq=False)
class AnswerFloor:
    """Relevance of the candidates of a kind of query, and the least of a hit.

    Attributes:
        weights: (telling,) float64, none below 0.
        bias: of the logit.
        floor: least relevance of a hit, in [0, 1].
        sorting: least relevance of a hit that is sorted by price, where a weak one would lead.
        figures: what was measured on queries left out.
    """

    weights: np.ndarray
    bias: float
    floor: float
    sorting: float
    figures: Mapping[str, Any]

    def relevance(self, candidates: Candidates) -> np.ndarray:
        """(m,) float64 in [0, 1]."""
        return np.asarray(expit(telling(candidates) @ self.weights + self.bias))


def telling(candidates: Candidates) -> np.ndarray:
    """(m, telling) float64."""
    return np.asarray(features_of(candidates)[:, COLUMNS])


def save_answers(path: Path, floors: Mapping[str, AnswerFloor]) -> None:
    """Write one JSON file."""
    write_json(
        path,
        {
            "format": FORMAT,
            "kinds": {
                kind: {
                    "weights": dict(zip(TELLING, map(float, one.weights), strict=True)),
                    "bias": one.bias,
                    "floor": one.floor,
                    "sorting": one.sorting,
                    "figures": dict(one.figures),
                }
                for kind, one in sorted(floors.items())
            },
        },
    )


def load_answers(path: Path) -> dict[str, AnswerFloor]:
    """Read what `save_answers` wrote: kind of query to its floor.

    Raises:
        ArtifactError: the file is missing, damaged or of other features.
    """
    return read_artifact(path, "the floors of answers", _read)


def _read(stored: Any) -> dict[str, AnswerFloor]:
    if stored["format"] != FORMAT:
        raise ValueError(f"format {stored['format']}; this version reads {FORMAT}")
    found = {}
    for kind, one in stored["kinds"].items():
        if set(one["weights"]) != set(TELLING):
            raise ValueError(f"features {sorted(one['weights'])} instead of {sorted(TELLING)}")
        weights = np.array([float(one["weights"][name]) for name in TELLING])
        floors = float(one["floor"]), float(one["sorting"])
        found[str(kind)] = AnswerFloor(weights, float(one["bias"]), *floors, one["figures"])
    return found
