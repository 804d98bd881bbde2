"""Fusion of lexical and dense search, learned from judgements.

In two steps. First the order: a linear score of the evidence (`retrieval.ranking.features`), fitted so
that each query's gain (2^g - 1) lies on its best candidates (softmax cross-entropy, a bound on DCG and
on the reciprocal rank: Bruch et al. 2019). Evidence may only speak for a product, never against it: a
negative weight on one of two features that say nearly the same is what few judgements teach by chance.
Then the level: a logistic regression turns the score into the gain to be expected, by what holds for
the query as a whole as well (such as the share of its words that no listing has), so that a query
of which nothing is known gets low scores instead of confident nonsense.

Long queries, short ones (up to SHORT words), mixed ones (words and a photo, a sound or a product) and those
without words (a photo, a sound) have weights of their own; for the last there is nothing to be fused, and
their order is that of the cosine. "This photo, but in red" wants what is like the photo, and "red" wants
anything red: words alone teach a mixed query nothing, nor does it teach them. A kind of mixed query that
few were judged of goes by the nearest kind that has weights (`NEAREST`), and one whose left-out queries
are ranked better by what all mixes teach goes by that. What the words of a mixed
query weigh against its other parts multiplies the lexical evidence: the more they weigh, the more of it
decides the order, while the level stays that of equal weights (`retrieval.ranking.emphasis`). Where there
are no judgements, `FusionModel.fallback()` adds up reciprocal ranks with k = 60 (Cormack, Clarke &
Büttcher 2009), which needs none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from retrieval.ranking.emphasis import levelled
from retrieval.ranking.features import Candidates, features_of, places
from retrieval.ranking.fit import Judged, learned_parts
from retrieval.ranking.parts import KINDS, MIXED, NEAREST, Part, kind_of, part_of_json, part_to_json
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import read_json, write_json

__all__ = ["FusionModel"]

FORMAT = 2
BEFORE = 1
"""The format in which all mixed queries had the weights of photo and words, under the name `mixed`."""
RANK_CONSTANT = 60
"""Of reciprocal rank fusion, from its paper."""


@dataclass(frozen=True)
class FusionModel:
    """How candidates are scored.

    Attributes:
        parts: by kind of query; of a kind that is not there, reciprocal ranks are added up.
    """

    parts: Mapping[str, Part] = field(default_factory=dict)

    @classmethod
    def fallback(cls) -> "FusionModel":
        """The rule for shops without judgements."""
        return cls()

    @classmethod
    def fit(cls, judged: Sequence[Judged], strength: float = 0.1) -> "FusionModel":
        """Learn from judged queries; equal judgements give equal weights.

        Args:
            judged: queries, each with at least one candidate. One of which no candidate is relevant is
                welcome: it says what a query without an answer looks like.
            strength: inverse of the regularisation of the order's weights; 0.1 did best when queries of
                training listings were left out in turn.

        Raises:
            InputError: no query has a candidate above grade 0.
        """
        if not any(one.useful for one in judged):
            remedy = "give a query with a relevant candidate, or use FusionModel.fallback()"
            raise InputError("judged", len(judged), remedy)
        return cls(learned_parts(judged, strength))

    def scores(self, candidates: Candidates) -> np.ndarray:
        """(m,) float64, higher is better: the expected gain in [0, 1], or the sum of reciprocal ranks."""
        name = self.answering(kind_of(candidates))
        if name:
            part = self.parts[name]
            logit = part.logit(features_of(candidates))
            if candidates.emphasis != 1.0:
                logit = levelled(logit, part.logit(features_of(replace(candidates, words_weight=1.0))))
            return np.asarray(expit(logit))
        total = 1 / (RANK_CONSTANT + 1 + places(candidates.cosine, candidates.rows))
        lexical = candidates.emphasis / (RANK_CONSTANT + 1 + places(candidates.lexical, candidates.rows))
        # Both weights together are 2, as they are where the parts weigh the same.
        return (
            np.asarray(total + np.where(candidates.lexical > 0, lexical, 0.0)) * 2 / (1 + candidates.emphasis)
        )

    def answering(self, kind: str) -> str:
        """The kind whose weights rank a query of a kind; "" where reciprocal ranks do."""
        return next((name for name in (kind, *NEAREST.get(kind, ())) if name in self.parts), "")

    def describe(self) -> dict[str, dict[str, Any]]:
        """Of each kind of query, whose weights rank it and how many judged queries taught them, JSON-able."""
        said = {}
        for kind in KINDS:
            name = self.answering(kind)
            queries = self.parts[name].queries if name else 0
            said[kind] = {"weights_of": name or "reciprocal ranks", "judged_queries": queries}
            if kind in MIXED and name:
                said[kind]["taught_by"] = self.parts[name].taught_by
        return said

    def rank(self, candidates: Candidates) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the candidates, best first, and their scores; ties by row."""
        scores = self.scores(candidates)
        # Rounded, since sums of floats may differ in the last digit between machines.
        order = np.lexsort((candidates.rows, -np.round(scores, 9)))
        return order, scores[order]

    def save(self, path: Path) -> None:
        """Write one JSON file."""
        write_json(
            path, {"format": FORMAT, "parts": {k: part_to_json(p) for k, p in sorted(self.parts.items())}}
        )

    @classmethod
    def load(cls, path: Path) -> "FusionModel":
        """Read what `save` wrote.

        Raises:
            ArtifactError: the file is missing, damaged, or of other features.
        """
        try:
            return cls(_from_json(read_json(path)))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"the fusion weights at {path} are missing or damaged: {error}") from error


def _from_json(stored: Any) -> dict[str, Part]:
    if stored["format"] not in (BEFORE, FORMAT):
        raise ValueError(f"format {stored['format']}; this version reads {BEFORE} and {FORMAT}")
    old = {"mixed": "photo_words"} if stored["format"] == BEFORE else {}
    parts = {old.get(kind, kind): part for kind, part in stored["parts"].items()}
    return {kind: part_of_json(kind, part) for kind, part in parts.items()}
