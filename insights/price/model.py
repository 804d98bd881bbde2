"""The price of a listing, from others that say the like: a point and an interval.

The learned way is the mean of two ridge regressions of the log price, on words alone and on all that a
listing says; beside it stand a ridge on words, the median of the nearest listings, and that of the category.
Every listing is predicted by the others, variants of one product left out together, and what is nearest on
these is used: the learned one where its lead is beyond chance (`shelfspace.paired`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from insights.price.intervals import Difficulty, expected_left_out, quantiles_within
from insights.price.listings import Listing, ListingFeatures
from insights.price.neighbours import Near, nearest, normalised
from insights.price.ridge import chosen_penalty, left_out
from shelfspace.paired import Comparison, compare
from shelfspace.settings.insights import Price

__all__ = ["PriceModel", "Priced", "fit_prices"]

RIVALS = ("median of the category", "median of the nearest", "ridge on words")
PARTS = 10
FEW = 20.0
"""Listings at which the errors of a category count as much as those of all."""


@dataclass(frozen=True)
class Priced:
    """Log prices of m listings.

    Attributes:
        middle, low, high: (m,) the interval is symmetric in the log.
        near: the nearest listings with a price.
    """

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    near: Near


@dataclass(frozen=True)
class PriceModel:
    """What prices a listing; made by `fit_prices`.

    Attributes:
        features: fitted on the listings.
        rows: (n, columns) of the training listings, of unit length.
        log_price, errors: (n,) their prices, and how far the others were from it.
        words, all_said, simple: (columns,) of the regressions, by the blocks of `features` in order.
        centres: what a listing of no known word costs, by category; "" over all.
        medians: of each category, "" over all.
        comparison: of the learned way with its rivals, by absolute error of the log price.
        difficulty: of the way that is used; quantiles: of category, "" over all.
        typical: mean error of each category, drawn towards that of all, which is "".
    """

    features: ListingFeatures
    rows: sparse.csr_matrix
    log_price: np.ndarray
    errors: np.ndarray
    words: np.ndarray
    all_said: np.ndarray
    simple: np.ndarray
    centres: dict[str, float]
    medians: dict[str, float]
    comparison: Comparison
    difficulty: Difficulty
    quantiles: dict[str, float]
    typical: dict[str, float]
    comparables: int

    @property
    def way(self) -> str:
        """Which way is used."""
        return self.comparison.winner

    def predict(self, listings: Sequence[Listing], categories: Sequence[str]) -> Priced:
        """Price m listings that the model has not learned from."""
        rows = self.encode(listings)
        near = nearest(normalised(rows), self.rows)
        middle = self.ways(rows, near, categories)[self.way]
        apart = rows @ (self.words - self.all_said)
        facts = facts_of(near, self.log_price, self.errors, middle, apart, categories, self.typical)
        return self._around(middle, self.difficulty.expected(facts), categories, near)

    def encode(self, listings: Sequence[Listing]) -> sparse.csr_matrix:
        """(m, columns) rows of listings."""
        return sparse.hstack(list(self.features.encode(listings).values())).tocsr()

    def ways(self, rows: sparse.csr_matrix, near: Near, categories: Sequence[str]) -> dict[str, np.ndarray]:
        """Way to the (m,) log prices it gives."""
        centre = np.array([self.centres.get(c, self.centres[""]) for c in categories])
        return {
            "learned": centre + rows @ (self.words + self.all_said) / 2,
            RIVALS[0]: np.array([self.medians.get(c, self.medians[""]) for c in categories]),
            RIVALS[1]: near.median(self.log_price, self.comparables),
            RIVALS[2]: centre + rows @ self.simple,
        }

    def _around(
        self, middle: np.ndarray, expected: np.ndarray, categories: Sequence[str], near: Near
    ) -> Priced:
        half = expected * np.array([self.quantiles.get(c, self.quantiles[""]) for c in categories])
        return Priced(middle, middle - half, middle + half, near)


def fit_prices(
    listings: Sequence[Listing],
    log_price: np.ndarray,
    categories: Sequence[str],
    groups: Sequence[str],
    settings: Price,
) -> tuple[PriceModel, Priced]:
    """Learn from n listings with a price.

    Args:
        log_price: (n,) natural logarithm.
        categories: (n,) labels; "" where there is none.
        groups: (n,) listings of one name are variants of one product, and left out together.

    Returns:
        the model, and each of the listings as the others price it.
    """
    features = ListingFeatures.fit(listings)
    blocks = features.encode(listings)
    rows = sparse.hstack(list(blocks.values())).tocsr()
    group = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)[1]
    narrow, wide = ((part @ part.T).toarray() for part in (blocks["words"], rows))
    centres, centre, penalty = chosen_centre(wide, log_price, categories, group)
    rest = log_price - centre
    weights, middle = {}, {}
    for name, kernel, held in (("words", narrow, penalty), ("all", wide, penalty), (RIVALS[2], narrow, 1.0)):
        weights[name], apart_from = left_out(kernel, rest, group, held)
        middle[name] = centre + apart_from
    unit = normalised(rows)
    near = nearest(unit, unit, group, group)
    middle["learned"] = (middle["words"] + middle["all"]) / 2
    middle[RIVALS[0]] = medians_left_out(log_price, categories, group)
    middle[RIVALS[1]] = near.median(log_price, settings.comparables)
    scores = {name: -np.abs(middle[name] - log_price) for name in ("learned", *RIVALS)}
    comparison = compare(scores["learned"], {name: scores[name] for name in RIVALS}, settings.least_listings)
    chosen = middle[comparison.winner]
    errors = np.abs(log_price - chosen)
    typical = drawn_means(errors, categories)
    apart = middle["words"] - middle["all"]
    facts = facts_of(near, log_price, errors, chosen, apart, categories, typical)
    expected = expected_left_out(facts, errors, group)
    width = blocks["words"].shape[1]
    empty = np.zeros(rows.shape[1] - width)
    model = PriceModel(
        features, unit, log_price, errors,
        np.concatenate([blocks["words"].T @ weights["words"], empty]), rows.T @ weights["all"],
        np.concatenate([blocks["words"].T @ weights[RIVALS[2]], empty]), centres,
        medians(log_price, categories), comparison, Difficulty.fit(facts, errors),
        quantiles_within(errors / expected, categories, settings.coverage, settings.least_in_category),
        typical, settings.comparables,
    )  # fmt: skip
    return model, model._around(chosen, expected, categories, near)


def chosen_centre(
    kernel: np.ndarray, log_price: np.ndarray, categories: Sequence[str], group: np.ndarray
) -> tuple[dict[str, float], np.ndarray, float]:
    """What the regressions start from, the mean of all or of each category, and their penalty.

    Where words tell prices apart they tell categories too; where they hardly do, its mean is half of what is
    known. Left-out listings decide.
    """
    found = []
    for centres in ({"": float(log_price.mean())}, drawn_means(log_price, categories)):
        centre = np.array([centres.get(c, centres[""]) for c in categories])
        penalty, loss = chosen_penalty(kernel, log_price - centre, group)
        found.append((loss, centres, centre, penalty))
    return min(found, key=lambda tried: tried[0])[1:]


def facts_of(
    near: Near,
    log_price: np.ndarray,
    errors: np.ndarray,
    middle: np.ndarray,
    apart: np.ndarray,
    categories: Sequence[str],
    typical: dict[str, float],
) -> np.ndarray:
    """(m, facts) of what makes a price hard to tell: how near the nearest are, how much their prices and the
    errors on them vary, how far they and the two regressions disagree."""
    likeness = near.likeness
    found = [likeness[:, 0], likeness[:, min(4, likeness.shape[1] - 1)], likeness.mean(axis=1)]
    for most in (5, 15, 30):
        mean, deviation = near.mean(log_price, most), near.deviation(log_price, most)
        found += [np.log(deviation + 0.1), np.log(near.mean(errors, most) + 0.1), np.abs(mean - middle)]
    label = np.array([typical.get(c, typical[""]) for c in categories])
    return np.stack([*found, np.abs(apart), middle, np.log(label + 0.1)], axis=1)


def medians(log_price: np.ndarray, categories: Sequence[str]) -> dict[str, float]:
    """Category to the median of its listings, "" to that of all."""
    labels = np.asarray(categories, dtype=object)
    found = {str(c): float(np.median(log_price[labels == c])) for c in sorted(set(labels.tolist()) - {""})}
    return {**found, "": float(np.median(log_price))}


def medians_left_out(log_price: np.ndarray, categories: Sequence[str], group: np.ndarray) -> np.ndarray:
    """(n,) median of each listing's category in the other parts; groups are not parted."""
    found, labels, part = np.empty(len(log_price)), np.asarray(categories, dtype=object), group % PARTS
    for number in np.unique(part):
        held = part == number
        others = ~held if not held.all() else held
        own = medians(log_price[others], labels[others].tolist())
        found[held] = [own.get(c, own[""]) for c in labels[held]]
    return found


def drawn_means(values: np.ndarray, categories: Sequence[str]) -> dict[str, float]:
    """Mean of each category, drawn towards that of all, which is "", where it has few."""
    labels, mean = np.asarray(categories, dtype=object), float(values.mean())
    found = {}
    for label in sorted(set(labels.tolist()) - {""}):
        own = values[labels == label]
        found[str(label)] = float((own.sum() + FEW * mean) / (len(own) + FEW))
    return {**found, "": mean}
