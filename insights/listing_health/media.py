"""Whether the photo or the sound of a product is that of another.

From words and given category a ridge regression says what vector the photo should have, by a fit without the
product; how near the photo comes, and whether it speaks for the given category, is compared with what the
same words make of other products' photos. Those are certainly wrong ones, so a logistic regression on the two
tells how much likelier what is seen is of a wrong photo.
"""

from dataclasses import dataclass

import numpy as np

from insights.listing_health.belief import ROUNDS, probability_of_wrong
from insights.listing_health.categories import Categories
from insights.listing_health.evidence import FEWEST, Evidence
from insights.listing_health.left_out import BLOCK, left_out, some_of
from insights.listing_health.sentences import MEDIA, Why

__all__ = ["Media", "judge_media"]

FOLDS = 5
OTHERS = 4
"""Other products' photos that each product's words are tried with."""
LARGE, NARROW = 20_000, 256
"""Products from which on vectors are narrowed, and to what."""
PENALTIES = (1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Media:
    """Of n products.

    Attributes:
        wrong: (n,) probability that the photo (sound) is another product's; NaN where it is not judged.
        share: of wrong ones, as far as can be told.
        skipped: why none is judged; None where some are.
    """

    wrong: np.ndarray
    share: float
    skipped: Why | None = None


def judge_media(evidence: Evidence, categories: Categories, modality: str, called: str) -> Media:
    """Judge each product's photo or sound by its words and category.

    Args:
        modality: `image` or `audio`.
        called: `photo` or `sound`, for people.
    """
    wrong = np.full(len(evidence), np.nan)
    view, text = evidence.views.get(modality), evidence.views.get("text")
    if view is None:
        said = (
            f"no {called} is judged: no product has one that says anything",
            f"未检查{MEDIA[called][1]}：没有商品带有可用的{MEDIA[called][1]}",
        )
        return Media(wrong, 0.0, said)
    beside = evidence.labels >= 0 if text is None else text.present
    rows = np.flatnonzero(view.present & beside)
    if len(rows) < FEWEST:
        said = (
            f"no {called} is judged: {len(rows)} products have one beside words, and {FEWEST} are needed",
            f"未检查{MEDIA[called][1]}：仅{len(rows)}件商品兼有文字与{MEDIA[called][1]}，至少需要{FEWEST}件",
        )
        return Media(wrong, 0.0, said)
    features = _Pairs(evidence, categories, modality, rows)
    others = _others(len(rows))
    pairs = [features.of(np.arange(len(rows)), with_it) for with_it in (np.arange(len(rows)), *others)]
    doubt, share = np.zeros(len(rows)), 0.0
    for _ in range(ROUNDS):
        doubt, share = probability_of_wrong(_log_ratio(pairs, 1 - doubt))
    wrong[rows] = doubt
    return Media(wrong, share)


def _others(count: int) -> list[np.ndarray]:
    """For each row, OTHERS other rows, drawn at random."""
    rng = np.random.default_rng(0)
    return [(np.arange(count) + rng.integers(1, count, count)) % count for _ in range(OTHERS)]


class _Pairs:
    """What is seen of a product's words and category with any product's photo."""

    def __init__(self, evidence: Evidence, categories: Categories, modality: str, rows: np.ndarray) -> None:
        from insights.listing_health.evidence import facts_view

        view, facts, text = evidence.views[modality], facts_view(evidence), evidence.views.get("text")
        seen = np.asarray(view.rows, dtype=np.float32)
        if len(seen) > LARGE and seen.shape[1] > NARROW:
            # Cosines outlast a random projection (Johnson & Lindenstrauss 1984), and memory has a bound.
            seen = seen @ np.random.default_rng(0).normal(size=(seen.shape[1], NARROW)).astype(np.float32)
        photos = np.zeros((len(evidence), seen.shape[1]))
        photos[rows] = seen[rows] - seen[rows].mean(axis=0)

        def kernel(some: np.ndarray, learned: np.ndarray) -> np.ndarray:
            known = 0.5 * facts(some, learned)
            return known if text is None else known + text(some, learned)

        self._expected = _unit(left_out(kernel, rows, photos, PENALTIES)[rows])
        self._photos = _unit(photos[rows])
        typical = self._photos[some_of(np.arange(len(rows)), 500)]
        self._usual_for_words = _usual(self._expected, typical)
        self._usual_for_photo = _usual(self._photos, self._expected[some_of(np.arange(len(rows)), 500)])
        nothing = np.zeros((len(evidence), 1))
        self._speaks = categories.by_view.get(modality, nothing)[rows]
        self._words = categories.by_view.get("text", nothing)[rows].argmax(axis=1)
        self._labels = evidence.labels[rows]

    def of(self, words: np.ndarray, photos: np.ndarray) -> np.ndarray:
        """(pairs, features)."""
        near = np.einsum("ij,ij->i", self._expected[words], self._photos[photos])
        mean, spread = self._usual_for_words
        other, wide = self._usual_for_photo
        found = [near, (near - mean[words]) / spread[words], (near - other[photos]) / wide[photos]]
        speaks = self._speaks[photos]
        if speaks.shape[1] > 1:
            given = self._labels[words]
            own = np.where(given >= 0, speaks[np.arange(len(photos)), np.maximum(given, 0)], 0.0)
            by_words = speaks[np.arange(len(photos)), self._words[words]]
            found += [own, own - speaks.max(axis=1), by_words - speaks.max(axis=1)]
        return np.column_stack(found)


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _usual(rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each row's cosine with the others."""
    mean, spread = np.zeros(len(rows)), np.ones(len(rows))
    for start in range(0, len(rows), BLOCK):
        here = slice(start, start + BLOCK)
        cosine = rows[here] @ others.T
        mean[here], spread[here] = cosine.mean(axis=1), np.maximum(cosine.std(axis=1), 1e-3)
    return mean, spread


def _log_ratio(pairs: list[np.ndarray], trust: np.ndarray) -> np.ndarray:
    """(n,) how much likelier the first of the pairs is to be one of the others, out of fold; `trust` (n,) is
    how much each teaches."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    count = len(pairs[0])
    fold = np.random.default_rng(1).permutation(count) % FOLDS
    ratio = np.zeros(count)
    for number in range(FOLDS):
        teach = some_of(np.flatnonzero(fold != number), 5000)
        table = np.concatenate([one[teach] for one in pairs])
        foreign = np.repeat([0, *[1] * (len(pairs) - 1)], len(teach))
        scaler = StandardScaler().fit(table)
        weight = np.concatenate([trust[teach], np.ones(len(foreign) - len(teach))])
        model = LogisticRegression(C=1000.0, max_iter=200)
        model.fit(scaler.transform(table), foreign, sample_weight=weight)
        test = np.flatnonzero(fold == number)
        # The fit has met OTHERS wrong ones for each right one.
        met = np.log(weight[len(teach) :].sum() / weight[: len(teach)].sum())
        ratio[test] = model.decision_function(scaler.transform(pairs[0][test])) - met
    return ratio
