"""Kinds of queries, and the linear score that ranks the candidates of one kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retrieval.ranking.features import FEATURES, WORDLESS, Candidates

__all__ = [
    "KINDS",
    "MIXED",
    "NEAREST",
    "SHORT",
    "Part",
    "kind_named",
    "kind_of",
    "part_of_json",
    "part_to_json",
]

LATER = ("complete",)
"""Features that weights learned before there were any do not name; they weigh nothing."""
UNWEIGHED = {"mean": 0.0, "deviation": 1.0, "weight": 0.0}
SHORT = 3
"""Words of a short query at most."""
MIXED = ("photo_words", "sound_words", "product_words")
KINDS = ("long", "short", *MIXED, "wordless")
NEAREST: dict[str, tuple[str, ...]] = {
    "photo_words": ("product_words", "sound_words"),
    "sound_words": ("photo_words", "product_words"),
    "product_words": ("photo_words", "sound_words"),
}
"""Whose weights a mixed query goes by where its own kind has none, in this order: a photo and a sound are one
side of a product each."""


def kind_of(candidates: Candidates) -> str:
    """One of KINDS."""
    return kind_named(candidates.words, candidates.beside if candidates.mixed else "")


def kind_named(words: int, beside: str = "") -> str:
    """The kind of a query of so many words with photo, sound or product beside them, "" being nothing."""
    if words == 0:
        return "wordless"
    if beside:
        return f"{beside}_words"
    return "short" if words <= SHORT else "long"


@dataclass(frozen=True)
class Part:
    """A linear score of standardised features, as a logit.

    Attributes:
        mean, deviation, weights: (features,) float64.
        bias: of the logit.
        queries: judged queries behind it.
        taught_by: `own` queries of the kind, or all `mixes`.
    """

    mean: np.ndarray
    deviation: np.ndarray
    weights: np.ndarray
    bias: float
    queries: int
    taught_by: str = "own"

    def logit(self, features: np.ndarray) -> np.ndarray:
        """(m,) float64."""
        return np.asarray(((features - self.mean) / self.deviation) @ self.weights + self.bias)


def part_to_json(part: Part) -> dict[str, Any]:
    """A part by the names of its features."""
    names = WORDLESS if len(part.weights) == len(WORDLESS) else FEATURES
    columns = zip(names, part.mean, part.deviation, part.weights, strict=True)
    return {
        "queries": part.queries,
        "taught_by": part.taught_by,
        "bias": part.bias,
        "features": {
            name: {"mean": float(m), "deviation": float(d), "weight": float(w)} for name, m, d, w in columns
        },
    }


def part_of_json(kind: str, stored: Any) -> Part:
    """What `part_to_json` made of the part of a kind.

    Raises:
        ValueError, KeyError, TypeError: something else.
    """
    if kind not in KINDS:
        raise ValueError(f"queries of kind {kind!r}")
    names: Sequence[str] = WORDLESS if kind == "wordless" else FEATURES
    found = {**{name: UNWEIGHED for name in LATER if name in names}, **stored["features"]}
    if set(found) != set(names):
        raise ValueError(f"features {sorted(found)} instead of {sorted(names)}")

    def column(key: str) -> np.ndarray:
        return np.array([float(found[name][key]) for name in names])

    queries, bias = int(stored["queries"]), float(stored["bias"])
    taught_by = str(stored.get("taught_by", "own"))
    return Part(column("mean"), column("deviation"), column("weight"), bias, queries, taught_by)
