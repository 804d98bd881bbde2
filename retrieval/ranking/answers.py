"""Whether a candidate answers at all: how sure the evidence is of it, and the floor below which nothing is.

An order says which candidate is better; it does not say that the best is good. That is told by evidence that
means the same for every query: how near in meaning, which share of the words. A logistic regression of it,
fitted on queries with an answer and on queries without one, gives each candidate a relevance; below the
floor of its kind of query a product is not shown as a hit.

A photo or a sound is like everything a little. Of its kinds the floor is one of the whole query: where its
most relevant candidate lies below, the shop has nothing like it; else every candidate is a hit. Words beside
it choose among those, and do not make noise a violin.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from retrieval.ranking.candidates import Candidates
from retrieval.ranking.features import FEATURES, LEXICAL, features_of
from shelfspace.files import read_artifact, write_json
from shelfspace.formats import check_format

__all__ = [
    "BY_FILE",
    "TELLING",
    "AnswerFloor",
    "floors_said",
    "load_answers",
    "save_answers",
    "telling",
    "telling_of",
]

FORMAT = 1
TELLING = ("closeness", "cosine", "covered", "complete", "lexical_share", "class_agreement_by_certainty")
"""Features that mean the same for every query; each speaks for an answer."""
BY_FILE = {
    "photo": ("own_image", "own_colour", "cosine"),
    "photo_words": ("own_image", "cosine"),
    "sound": ("own_audio", "cosine"),
    "sound_words": ("own_audio", "cosine"),
}
"""The same of queries with a photo or a sound. The class would not do: that of an unknown thing is as sure.
The colour of a mixed query may be that of its words."""

ASKED = {
    "long": "text", "short": "text", "photo": "image", "photo_words": "image", "sound": "audio",
    "sound_words": "audio",
}  # fmt: skip
"""Kinds of query that may have a floor, and what they are compared by. A product of the shop always has
products like it."""
NO_FLOOR = (
    "no floor: that takes 20 held-out products of the kind, told apart from half of what has no answer; "
    "every candidate is a hit"
)


@dataclass(frozen=True, eq=False)
class AnswerFloor:
    """Relevance of the candidates of a kind of query, and the least of a hit.

    Attributes:
        names: of the features that tell.
        weights: (telling,) float64, none below 0.
        bias: of the logit.
        floor: least relevance of a hit, in [0, 1].
        sorting: least relevance of a hit that is sorted by price, where a weak one would lead.
        figures: what was measured on queries left out.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    bias: float
    floor: float
    sorting: float
    figures: Mapping[str, Any]

    def relevance(self, candidates: Candidates, worded: bool = True) -> np.ndarray:
        """(m,) float64 in [0, 1].

        Args:
            worded: whether the words that a listing has count, or its meaning alone.
        """
        weights = self.weights if worded else self.weights * [name not in LEXICAL for name in self.names]
        return np.asarray(expit(telling(candidates, self.names) @ weights + self.bias))


def telling_of(kind: str) -> tuple[str, ...]:
    """Names of the features that tell of a kind of query."""
    return BY_FILE.get(kind, TELLING)


def telling(candidates: Candidates, names: Sequence[str]) -> np.ndarray:
    """(m, names) float64."""
    return np.asarray(features_of(candidates)[:, [FEATURES.index(name) for name in names]])


def floors_said(floors: Mapping[str, AnswerFloor], reads: Collection[str]) -> dict[str, dict[str, Any]]:
    """Kind of query to the figures of its floor, or to why it has none.

    Args:
        reads: what queries are compared by: text, image, audio.
    """
    asked = [kind for kind, name in ASKED.items() if name in reads]
    return {kind: dict(floors[kind].figures) if kind in floors else {"no_floor": NO_FLOOR} for kind in asked}


def save_answers(path: Path, floors: Mapping[str, AnswerFloor]) -> None:
    """Write one JSON file."""
    write_json(
        path,
        {
            "format": FORMAT,
            "kinds": {
                kind: {
                    "weights": dict(zip(one.names, map(float, one.weights), strict=True)),
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
    check_format("the floors of answers", stored["format"], FORMAT, "run the refresh job")
    found = {}
    for kind, one in stored["kinds"].items():
        names = telling_of(kind)
        if set(one["weights"]) != set(names):
            raise ValueError(f"features {sorted(one['weights'])} instead of {sorted(names)}")
        weights = np.array([float(one["weights"][name]) for name in names])
        floors = float(one["floor"]), float(one["sorting"])
        found[str(kind)] = AnswerFloor(names, weights, float(one["bias"]), *floors, one["figures"])
    return found
