"""Whether the given category fits what else is known of a product, and which would.

Each modality's left-out scores are put together by a logistic regression, itself out of fold, so that it
learns which categories a modality cannot tell apart: where words alone cannot, the photo decides.
"""

from dataclasses import dataclass

import numpy as np

from insights.listing_health.belief import ROUNDS, probability_of_wrong
from insights.listing_health.evidence import FEWEST, OF_A_CATEGORY, Evidence
from insights.listing_health.left_out import left_out, some_of
from insights.listing_health.sentences import Why
from models.expert.ridge import counted

__all__ = ["Categories", "judge_categories"]

FOLDS = 5
STACKED = 100
"""Categories up to which each has weights of its own; with more, all share one weight a modality."""
LEAST = 1e-6


@dataclass(frozen=True)
class Categories:
    """Of n products.

    Attributes:
        likely: (n, classes) probabilities of categories, by fits without the product.
        by_view: view to (n, classes) scores by it alone, zero where it is absent.
        wrong: (n,) probability that the given one is wrong; NaN where it is not judged.
        share: of wrong ones, as far as can be told.
        skipped: why none is judged; None where some are.
    """

    likely: np.ndarray
    by_view: dict[str, np.ndarray]
    wrong: np.ndarray
    share: float
    skipped: Why | None = None


def judge_categories(evidence: Evidence) -> Categories:
    """Judge the given category of each product that has one and anything else to go by."""
    n, classes = len(evidence), len(evidence.names)
    known = np.flatnonzero(evidence.labels >= 0)
    here = np.unique(evidence.labels[known])
    wrong = np.full(n, np.nan)
    by_view: dict[str, np.ndarray] = {}
    if len(known) < FEWEST or len(here) < 2:
        said = (
            (
                f"no category is judged: {len(known)} products have a category that {OF_A_CATEGORY} share, "
                f"and {FEWEST} are needed",
                f"未检查类目：仅{len(known)}件商品的类目有{OF_A_CATEGORY}件以上，至少需要{FEWEST}件",
            )
            if len(known) < FEWEST
            else ("no category is judged: all products have the same", "未检查类目：所有商品类目相同")
        )
        return Categories(np.zeros((n, classes)), by_view, wrong, 0.0, said)
    for name, view in evidence.views.items():
        rows = known[view.present[known]]
        if len(rows) >= FEWEST:
            by_view[name] = left_out(view, rows, evidence.one_hot)
    seen = np.any([view.present for name, view in evidence.views.items() if name in by_view], axis=0)
    judged = known[seen[known]] if by_view else known[:0]
    if len(judged) < FEWEST:
        said = (
            f"no category is judged: fewer than {FEWEST} products have words, a photo or a sound beside it",
            f"未检查类目：有文字、图片或声音的商品不足{FEWEST}件",
        )
        return Categories(np.zeros((n, classes)), by_view, wrong, 0.0, said)
    likely, given = np.zeros((n, classes)), evidence.labels[judged]
    # A wrong one is drawn from the others by how common they are.
    common = np.bincount(given, minlength=classes) / len(given)
    drawn, doubt, share = np.log(common[given]) - np.log1p(-common[given]), np.zeros(len(judged)), 0.0
    for _ in range(ROUNDS):
        likely[judged] = _together(evidence, by_view, judged, 1 - doubt)
        right = np.clip(likely[judged, given], LEAST, 1 - LEAST)
        doubt, share = probability_of_wrong(drawn + np.log1p(-right) - np.log(right))
    wrong[judged] = doubt
    return Categories(likely, by_view, wrong, share)


def _together(
    evidence: Evidence, by_view: dict[str, np.ndarray], rows: np.ndarray, trust: np.ndarray
) -> np.ndarray:
    """(rows, classes) probabilities of all views together; `trust` (rows,) is how much each row teaches."""
    from scipy.special import softmax
    from sklearn.linear_model import LogisticRegression

    labels, classes = evidence.labels[rows], len(evidence.names)
    if len(np.unique(labels)) > STACKED:
        learned = np.searchsorted(rows, some_of(rows))
        scores = [own[rows] for own in by_view.values()]
        weights = counted([own[learned] for own in scores], labels[learned])
        return np.asarray(softmax(sum(w * own for w, own in zip(weights, scores, strict=True)), axis=1))
    price = evidence.log_price[rows]
    priced = np.isfinite(price)
    spread = float(np.std(price[priced])) if priced.any() else 1.0
    scaled = np.where(priced, price, 0.0) / max(spread, 1e-6)
    there = [evidence.views[name].present[rows] for name in by_view]
    table = np.column_stack([*(own[rows] for own in by_view.values()), *there, priced, scaled, scaled**2])
    likely = np.zeros((len(rows), classes))
    fold = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    for number in range(FOLDS):
        teach = some_of(np.flatnonzero(fold != number))
        model = LogisticRegression(C=10.0, max_iter=200)
        model.fit(table[teach], labels[teach], sample_weight=trust[teach])
        test = np.flatnonzero(fold == number)
        likely[np.ix_(test, model.classes_)] = model.predict_proba(table[test])
    return likely
