"""Fusion of lexical and dense search, learned from judgements.

In two steps. First the order: a linear score of the evidence (`insights.search.evidence`), fitted so
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
decides the order, while the level stays that of equal weights (`insights.search.emphasis`). Where there
are no judgements, `FusionModel.fallback()` adds up reciprocal ranks with k = 60 (Cormack, Clarke &
Büttcher 2009), which needs none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from catalog.errors import ArtifactError, InputError
from catalog.files import read_json, write_json
from insights.search.emphasis import levelled
from insights.search.evidence import FEATURES, FREE, WORDLESS, Candidates, features_of, places
from insights.search.metrics import ndcg

__all__ = ["FEWEST", "KINDS", "MIXED", "PARTS", "SHORT", "FusionModel", "Judged", "kind_named", "kind_of"]

FORMAT = 2
BEFORE = 1
"""The format in which all mixed queries had the weights of photo and words, under the name `mixed`."""
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
FEWEST = 20
"""Judged queries of a kind from which it has weights of its own. Below, all queries of words alone teach the
long and the short ones, and a mixed query goes by the nearest kind, or adds up reciprocal ranks."""
PARTS = 5
"""Into which queries are divided where weights are tried on others than taught them."""
RANK_CONSTANT = 60
"""Of reciprocal rank fusion, from its paper."""


@dataclass(frozen=True)
class Judged:
    """The candidates of one query with the grades that somebody gave them, 0 where nobody did.

    Attributes:
        group: equal for queries that are made of one thing; no part of them is tried on another.
    """

    candidates: Candidates
    grades: np.ndarray
    group: int = 0

    @property
    def useful(self) -> bool:
        return bool((self.grades > 0).any())


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
        worded = [one for one in judged if kind_of(one.candidates) in ("long", "short")]
        mixes = [one for one in judged if kind_of(one.candidates) in MIXED]
        parts: dict[str, Part] = {}
        for kind in ("long", "short", "wordless"):
            own = [one for one in judged if kind_of(one.candidates) == kind]
            if kind != "wordless" and sum(one.useful for one in own) < FEWEST:
                own = worded
            if any(one.useful for one in own):
                parts[kind] = _fit(own, strength)
        return cls(parts | _mixed_parts(mixes, strength))

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
        write_json(path, {"format": FORMAT, "parts": {k: _to_json(p) for k, p in sorted(self.parts.items())}})

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


def _names(kind: str) -> tuple[str, ...]:
    if kind not in KINDS:
        raise ValueError(f"queries of kind {kind!r}")
    return WORDLESS if kind == "wordless" else FEATURES


def _fit(judged: Sequence[Judged], strength: float) -> Part:
    found = [np.ascontiguousarray(features_of(one.candidates)) for one in judged]
    gains = [2.0**one.grades - 1 for one in judged]
    together = np.concatenate(found)
    mean, deviation = together.mean(axis=0), together.std(axis=0)
    still = deviation < 1e-9
    deviation[still] = 1.0
    scaled = [(features - mean) / deviation for features in found]
    names = WORDLESS if together.shape[1] == len(WORDLESS) else FEATURES
    free = np.array([name in FREE for name in names])
    useful = [q for q, gain in enumerate(gains) if gain.any()]
    order = _order([scaled[q] for q in useful], [gains[q] for q in useful], still | free, strength)
    most = max(float(gain.max(initial=0)) for gain in gains)
    # Every query weighs the same, however many candidates it has.
    weight = np.concatenate([np.full(len(gain), 1 / len(gain)) for gain in gains])
    whole = np.concatenate(scaled)
    columns = np.column_stack([whole @ order, whole[:, free & ~still]])
    level, bias = _level(columns, np.concatenate(gains) / most, weight)
    weights = level[0] * order
    weights[free & ~still] = level[1:]
    return Part(mean, deviation, weights, bias, len(judged))


def _mixed_parts(mixes: Sequence[Judged], strength: float) -> dict[str, Part]:
    """Weights of each kind of mixed query that enough were judged of.

    Those are what its own queries teach, or what all mixes teach where that ranks queries of the kind better
    that are left out: few queries of its own may say less than many that are nearly so.
    """
    kinds = {kind: [one for one in mixes if kind_of(one.candidates) == kind] for kind in MIXED}
    kinds = {kind: own for kind, own in kinds.items() if sum(one.useful for one in own) >= FEWEST}
    parts = {kind: _fit(own, strength) for kind, own in kinds.items()}
    if len(kinds) > 1:
        pooled = _left_out_quality(dict.fromkeys(kinds, mixes), kinds, strength)
        alone = _left_out_quality(kinds, kinds, strength)
        for kind in kinds:
            if pooled[kind] > alone[kind]:
                parts[kind] = replace(_fit(mixes, strength), taught_by="mixes")
    return parts


def _left_out_quality(
    teachers: Mapping[str, Sequence[Judged]], kinds: Mapping[str, Sequence[Judged]], strength: float
) -> dict[str, float]:
    """Mean nDCG@10 of each kind's queries, each fifth ranked by what the teachers of other groups teach."""
    groups = sorted({one.group for own in kinds.values() for one in own})
    part_of = {group: place % PARTS for place, group in enumerate(groups)}
    values: dict[str, list[float]] = {kind: [0.0] for kind in kinds}
    for part in range(PARTS):
        learned: dict[int, Part] = {}
        for kind, own in kinds.items():
            # Kinds that share their teachers share their weights.
            shared = id(teachers[kind])
            others = [one for one in teachers[kind] if part_of.get(one.group) != part]
            if not any(one.useful for one in others):
                continue
            if shared not in learned:
                learned[shared] = _fit(others, strength)
            for one in own:
                if part_of[one.group] == part and one.useful:
                    scores = learned[shared].logit(features_of(one.candidates))
                    order = np.lexsort((one.candidates.rows, -np.round(scores, 9)))
                    values[kind].append(ndcg(one.grades[order], one.grades))
    return {kind: float(np.sum(found)) / max(len(found) - 1, 1) for kind, found in values.items()}


def _order(
    features: Sequence[np.ndarray], gains: Sequence[np.ndarray], fixed: np.ndarray, strength: float
) -> np.ndarray:
    """Weights, 0 where fixed, by the softmax cross-entropy of each query's gains."""
    starts = np.cumsum([0, *(len(gain) for gain in gains)])[:-1]
    sizes = np.array([len(gain) for gain in gains])
    table = np.concatenate(features)
    target = np.concatenate([gain / gain.sum() for gain in gains])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = table @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts), sizes)
        total = np.add.reduceat(np.exp(scores), starts)
        chances = np.exp(scores) / np.repeat(total, sizes)
        value = np.log(total).sum() - target @ scores + weights @ weights / (2 * strength)
        return float(value), table.T @ (chances - target) + weights / strength

    # The first column is the cosine; it keeps a little weight, so that candidates are never all alike.
    bounds = [(0.0, 0.0) if still else (0.01 if i == 0 else 0.0, None) for i, still in enumerate(fixed)]
    start = np.array([low for low, _ in bounds])
    options = {"maxiter": 2000}
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x)


def _level(columns: np.ndarray, gain: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic regression of gains between 0 and 1; the first column's weight stays above 0."""
    wide = columns.shape[1]

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        logit = columns @ point[:-1] + point[-1]
        # -log(sigmoid(z)) is log(1 + exp(-z)), here for a target between 0 and 1.
        value = weight @ (np.logaddexp(0, logit) - gain * logit) + point[:-1] @ point[:-1] / 2
        slope = weight * (expit(logit) - gain)
        return float(value), np.append(columns.T @ slope + point[:-1], slope.sum())

    bounds = [(0.01, None), *[(None, None)] * wide]
    start = np.append(1.0, np.zeros(wide))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000})
    return np.asarray(found.x[:-1]), float(found.x[-1])


def _to_json(part: Part) -> dict[str, Any]:
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


def _from_json(stored: Any) -> dict[str, Part]:
    if stored["format"] not in (BEFORE, FORMAT):
        raise ValueError(f"format {stored['format']}; this version reads {BEFORE} and {FORMAT}")
    old = {"mixed": "photo_words"} if stored["format"] == BEFORE else {}
    parts = {old.get(kind, kind): part for kind, part in stored["parts"].items()}
    return {kind: _part(part, _names(kind)) for kind, part in parts.items()}


def _part(stored: Any, names: Sequence[str]) -> Part:
    found = {**{name: UNWEIGHED for name in LATER if name in names}, **stored["features"]}
    if set(found) != set(names):
        raise ValueError(f"features {sorted(found)} instead of {sorted(names)}")

    def column(key: str) -> np.ndarray:
        return np.array([float(found[name][key]) for name in names])

    queries, bias = int(stored["queries"]), float(stored["bias"])
    taught_by = str(stored.get("taught_by", "own"))
    return Part(column("mean"), column("deviation"), column("weight"), bias, queries, taught_by)
