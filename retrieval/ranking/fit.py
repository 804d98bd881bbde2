"""Learning the fusion's weights from judged queries; `retrieval.ranking.fusion` says how and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from retrieval.ranking.candidates import MIXED, Candidates
from retrieval.ranking.features import FEATURES, FREE, features_of
from retrieval.ranking.fusion import FusionModel, Part
from retrieval.ranking.metrics import ndcg
from shelfspace.errors import InputError

__all__ = ["FEWEST", "PARTS", "Judged", "fit_fusion"]

FEWEST = 20
"""Judged queries of a kind from which it has weights of its own. Below, all queries of words alone teach the
long and the short ones, and a mixed query goes by the nearest kind, or by its rule."""
PARTS = 5
"""Into which queries are divided where weights are tried on others than taught them."""


@dataclass(frozen=True)
class Judged:
    """The candidates of one query with the grades that somebody gave them, 0 where nobody did.

    Attributes:
        group: equal for queries that are made of one thing; no part of them is tried on another.
        weight: how much it counts beside others.
    """

    candidates: Candidates
    grades: np.ndarray
    group: int = 0
    weight: float = 1.0

    @property
    def useful(self) -> bool:
        return bool((self.grades > 0).any())


def fit_fusion(judged: Sequence[Judged], strength: float = 0.1) -> FusionModel:
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
    worded = [one for one in judged if one.candidates.kind in ("long", "short")]
    mixes = [one for one in judged if one.candidates.kind in MIXED]
    parts: dict[str, Part] = {}
    for kind in ("long", "short"):
        own = [one for one in judged if one.candidates.kind == kind]
        if sum(one.useful for one in own) < FEWEST:
            own = worded
        if any(one.useful for one in own):
            parts[kind] = _fit(own, strength)
    return FusionModel(parts | _mixed_parts(mixes, strength))


def _fit(judged: Sequence[Judged], strength: float) -> Part:
    found = [np.ascontiguousarray(features_of(one.candidates)) for one in judged]
    gains = [2.0**one.grades - 1 for one in judged]
    together = np.concatenate(found)
    mean, deviation = together.mean(axis=0), together.std(axis=0)
    still = deviation < 1e-9
    deviation[still] = 1.0
    scaled = [(features - mean) / deviation for features in found]
    free = np.array([name in FREE for name in FEATURES])
    useful = [q for q, gain in enumerate(gains) if gain.any()]
    counts = np.array([one.weight for one in judged])
    counts /= counts[useful].mean()
    taught = [scaled[q] for q in useful], [gains[q] for q in useful], counts[useful]
    order = _order(*taught, still | free, strength)
    most = max(float(gain.max(initial=0)) for gain in gains)
    # A query weighs the same, however many candidates it has.
    weight = np.concatenate(
        [np.full(len(gain), n / len(gain)) for n, gain in zip(counts, gains, strict=True)]
    )
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
    kinds = {kind: [one for one in mixes if one.candidates.kind == kind] for kind in MIXED}
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
    features: Sequence[np.ndarray],
    gains: Sequence[np.ndarray],
    counts: np.ndarray,
    fixed: np.ndarray,
    strength: float,
) -> np.ndarray:
    """Weights, 0 where fixed, by the softmax cross-entropy of each query's gains, queries counted as told."""
    starts = np.cumsum([0, *(len(gain) for gain in gains)])[:-1]
    sizes = np.array([len(gain) for gain in gains])
    table = np.concatenate(features)
    target = np.concatenate([n * gain / gain.sum() for n, gain in zip(counts, gains, strict=True)])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = table @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts), sizes)
        total = np.add.reduceat(np.exp(scores), starts)
        chances = np.exp(scores) * np.repeat(counts / total, sizes)
        value = counts @ np.log(total) - target @ scores + weights @ weights / (2 * strength)
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
