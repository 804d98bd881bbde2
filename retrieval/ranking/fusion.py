"""Fusion of lexical and dense search, learned from judgements (`retrieval.ranking.fit`).

In two steps. First the order: a linear score of the evidence (`retrieval.ranking.features`), fitted so
that each query's gain (2^g - 1) lies on its best candidates (softmax cross-entropy, a bound on DCG and
on the reciprocal rank: Bruch et al. 2019). Evidence may only speak for a product, never against it: a
negative weight on one of two features that say nearly the same is what few judgements teach by chance.
Then the level: a logistic regression turns the score into the gain to be expected, by what holds for
the query as a whole as well (such as the share of its words that no listing has), so that a query
of which nothing is known gets low scores instead of confident nonsense.

Long queries, short ones (up to SHORT words) and mixed ones (words and a photo, a sound or a product) have
weights of their own; a photo, a sound or a product alone goes by a rule. "This photo, but in red" wants
what is like the photo, and "red" wants anything red: words alone teach a mixed query nothing, nor does it
teach them. A kind of mixed query that few were judged of goes by the nearest kind that has weights
(`NEAREST`), and one whose left-out queries are ranked better by what all mixes teach goes by that. What the
words of a mixed query weigh against its other parts multiplies the lexical evidence: the more they weigh,
the more of it decides the order, while the level stays that of equal weights (`levelled`). A kind that has
no weights, or whose weights do not beat every simple rule on queries left out
(`retrieval.ranking.training.rivals`), is ranked by one of them (`retrieval.ranking.rules`), which need no
judgements.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from retrieval.ranking.candidates import KINDS, MIXED, Candidates
from retrieval.ranking.features import FEATURES, NEAREST, features_of
from retrieval.ranking.rules import default_rule, rule_scores
from shelfspace.files import read_artifact, write_json
from shelfspace.formats import check_format

__all__ = ["FusionModel", "Part"]

FORMAT = 3
BEFORE = 1
"""The format in which all mixed queries had the weights of photo and words, under the name `mixed`."""
LATER = ("complete", *(name for name in FEATURES if name.startswith(("own_", "closeness", "sum"))))
"""Features that weights learned before there were any do not name; they weigh nothing."""
LEAST = 1e-6
"""Score of a candidate for which a rule says nothing: the least that an answer shows."""
UNWEIGHED = {"mean": 0.0, "deviation": 1.0, "weight": 0.0}


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


@dataclass(frozen=True)
class FusionModel:
    """How candidates are scored.

    Attributes:
        parts: by kind of query, only of kinds whose weights are better than every rule.
        rules: kind of query to the rule that ranks it instead, where that was measured; others go by the
            nearest kind that has weights, or by `default_rule`.
        compared: kind of query to how weights and rules did on queries left out (`shelfspace.paired`).
    """

    parts: Mapping[str, Part] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    compared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def fallback(cls) -> "FusionModel":
        """The rules for shops without judgements."""
        return cls()

    def scores(self, candidates: Candidates) -> np.ndarray:
        """(m,) float64, higher is better: the expected gain in [0, 1], or what a rule says."""
        name = self.answering[candidates.kind]
        # By what lexical evidence is multiplied: more for words that weigh more.
        weight = 1.0 if candidates.words_weight is None else candidates.words_weight
        if name:
            part = self.parts[name]
            logit = part.logit(features_of(candidates))
            if weight != 1.0:
                logit = levelled(logit, part.logit(features_of(replace(candidates, words_weight=1.0))))
            return np.asarray(expit(logit))
        return rule_scores(self.rule_of(candidates.kind), candidates)

    def rule_of(self, kind: str) -> str:
        """The simple rule that ranks a kind of query where no weights do."""
        return self.rules.get(kind) or default_rule(kind)

    @cached_property
    def by_kinship(self) -> frozenset[str]:
        """The kinds of query whose order asks for `Candidates.kin`."""
        ruled = (kind for kind in KINDS if not self.answering[kind])
        return frozenset(kind for kind in ruled if self.rule_of(kind) == "kin")

    @cached_property
    def answering(self) -> dict[str, str]:
        """Kind of query to the kind whose weights rank it; "" where a rule does."""
        found = {}
        for kind in KINDS:
            may = (kind,) if kind in self.rules else (kind, *NEAREST.get(kind, ()))
            found[kind] = next((name for name in may if name in self.parts), "")
        return found

    def describe(self) -> dict[str, dict[str, Any]]:
        """Of each kind of query, whose weights rank it and how many judged queries taught them, JSON-able."""
        said = {}
        for kind in KINDS:
            name = self.answering[kind]
            queries = self.parts[name].queries if name else 0
            rule = f"rule: {self.rule_of(kind)}"
            said[kind] = {"weights_of": name or rule, "judged_queries": queries}
            if kind in self.compared:
                said[kind]["compared"] = self.compared[kind]
            if kind in MIXED and name:
                said[kind]["taught_by"] = self.parts[name].taught_by
        return said

    def rank(self, candidates: Candidates) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the candidates, best first, and their scores; ties by row."""
        scores = self.scores(candidates)
        # Rounded, since sums of floats may differ in the last digit between machines.
        order = np.lexsort((candidates.rows, -np.round(scores, 9)))
        scores = scores[order]
        if not self.answering[candidates.kind]:
            # What a rule says has no scale: it is brought to what a score may be, up to 1 and above 0, which
            # is of what was not ranked.
            scores = np.maximum(scores, LEAST) / max(1.0, float(scores.max(initial=0.0)))
        return order, scores

    def save(self, path: Path) -> None:
        """Write one JSON file."""
        parts = {kind: part_to_json(part) for kind, part in sorted(self.parts.items())}
        more = {"rules": dict(sorted(self.rules.items())), "compared": dict(sorted(self.compared.items()))}
        write_json(path, {"format": FORMAT, "parts": parts, **more})

    @classmethod
    def load(cls, path: Path) -> "FusionModel":
        """Read what `save` wrote.

        Raises:
            ArtifactError: the file is missing, damaged, or of other features.
        """
        return read_artifact(path, "the fusion weights", _from_json)


def _from_json(stored: Any) -> FusionModel:
    check_format("the fusion weights", stored["format"], range(BEFORE, FORMAT + 1), "run the refresh job")
    old = {"mixed": "photo_words"} if stored["format"] == BEFORE else {}
    # Without words, older weights knew the cosine alone.
    parts = {old.get(kind, kind): part for kind, part in stored["parts"].items() if kind != "wordless"}
    read = {kind: part_of_json(kind, part) for kind, part in parts.items()}
    return FusionModel(read, dict(stored.get("rules", {})), dict(stored.get("compared", {})))


def part_to_json(part: Part) -> dict[str, Any]:
    """A part by the names of its features."""
    columns = zip(FEATURES, part.mean, part.deviation, part.weights, strict=True)
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
    found = {**dict.fromkeys(LATER, UNWEIGHED), **stored["features"]}
    if set(found) != set(FEATURES):
        raise ValueError(f"features {sorted(found)} instead of {sorted(FEATURES)}")

    def column(key: str) -> np.ndarray:
        return np.array([float(found[name][key]) for name in FEATURES])

    queries, bias = int(stored["queries"]), float(stored["bias"])
    taught_by = str(stored.get("taught_by", "own"))
    return Part(column("mean"), column("deviation"), column("weight"), bias, queries, taught_by)


def levelled(logit: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """Logits in the order that the weights ask for, at the level of equal weights.

    The fusion learns from mixed queries whose parts weigh the same; that says how high scores are. Other
    weights ask for another order and say nothing of how good the answer is: multiplied evidence alone would
    score everything that has the words higher the more they weigh. So the best and the mean of the query's
    candidates become those of `plain`: how sure a query is of an answer does not hang on what its parts
    weigh. The map is linear and rising, so the order stays, ties included.

    Args:
        logit: (m,) of the candidates, by the weights asked for.
        plain: (m,) of the same candidates at equal weights.
    """
    if len(logit) == 0:
        return logit
    height, wanted = float(logit.max() - logit.mean()), float(plain.max() - plain.mean())
    stretch = wanted / height if height > 1e-9 else 0.0
    return np.asarray((logit - logit.mean()) * stretch + plain.mean())
