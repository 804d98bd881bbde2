"""How well ranked candidates foresee what is bought after a moment, shopper by shopper."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insights.recommendation.candidates import Candidates
from insights.recommendation.history import Histories, Purchases
from insights.recommendation.knowledge import Knowledge

__all__ = ["AT", "HORIZON", "Judged", "Truth", "bought_after", "frequency", "judge", "pooled", "popularity"]

AT = 20
"""Products of a list."""
HORIZON = 28.0
"""Days after the moment whose purchases are foreseen."""


@dataclass(frozen=True)
class Truth:
    """What known shoppers bought after a moment of the products sold before it.

    Attributes:
        shoppers: (t,) rows of those who bought something, ascending.
        owner, product: (b,) place in `shoppers` and row of each product bought, by owner.
        products: number of products there are.
    """

    shoppers: np.ndarray
    owner: np.ndarray
    product: np.ndarray
    products: int

    def __len__(self) -> int:
        return len(self.shoppers)

    @property
    def sizes(self) -> np.ndarray:
        """(t,) how many products each bought."""
        return np.bincount(self.owner, minlength=len(self))

    def drawn(self, most: int | None, seed: int) -> "Truth":
        """At most so many of the shoppers, at random; None for all."""
        if most is None or len(self) <= most:
            return self
        kept = np.zeros(len(self), bool)
        kept[np.random.default_rng(seed).choice(len(self), most, replace=False)] = True
        own = kept[self.owner]
        place = np.cumsum(kept) - 1
        return Truth(self.shoppers[kept], place[self.owner[own]], self.product[own], self.products)

    def holds(self, shopper: np.ndarray, product: np.ndarray) -> np.ndarray:
        """(c,) bool: whether each product was bought by the shopper at that place."""
        n = max(self.products, 1)
        return np.isin(shopper * n + product, self.owner * n + self.product)


def bought_after(purchases: Purchases, known: Knowledge, horizon: float = HORIZON) -> Truth:
    """What the shoppers that are known at a moment bought in the days after it."""
    later = purchases.between(known.moment, known.moment + horizon)
    seen = (known.histories.orders[later.shopper] > 0) & (known.buyers[later.product] > 0)
    n = max(known.products, 1)
    shopper, product = np.divmod(np.unique(later.shopper[seen] * n + later.product[seen]), n)
    shoppers, owner = np.unique(shopper, return_inverse=True)
    return Truth(shoppers, owner, product, known.products)


@dataclass(frozen=True)
class Judged:
    """Figures of t shoppers; NaN where a figure does not apply.

    Attributes:
        recall: (t,) share of what was bought that is among the 20 first.
        gain: (t,) nDCG of the same list.
        repeat: (t,) share, of what was bought and had been bought before, that is in the same list.
        explore: (t,) share, of what was bought for the first time, that is among the 20 first of the
            products never bought before.
        coverage: share of all products that stand in anyone's list.
        novelty: mean of -log2 of the share of shoppers who had bought a listed product.
    """

    recall: np.ndarray
    gain: np.ndarray
    repeat: np.ndarray
    explore: np.ndarray
    coverage: float
    novelty: float

    def means(self) -> dict[str, float]:
        """Figure to its mean over the shoppers it applies to; NaN where there is none."""
        named = {"recall": self.recall, "ndcg": self.gain, "repeat": self.repeat, "explore": self.explore}
        told = {name: values[np.isfinite(values)] for name, values in named.items()}
        means = {name: float(values.mean()) if len(values) else float("nan") for name, values in told.items()}
        return {**means, "coverage": self.coverage, "novelty": self.novelty}


def pooled(parts: Sequence[Judged]) -> Judged:
    """One figure of several moments: all their shoppers; coverage and novelty are the moments' means."""
    recall, gain, repeat, explore = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("recall", "gain", "repeat", "explore")
    )
    coverage, novelty = (float(np.mean([getattr(p, n) for p in parts])) for n in ("coverage", "novelty"))
    return Judged(recall, gain, repeat, explore, coverage, novelty)


def judge(found: Candidates, score: np.ndarray, truth: Truth, known: Knowledge, of: Histories) -> Judged:
    """Judge the lists that a score makes of candidates.

    Args:
        found: for the shoppers of `truth`, in its order.
        score: (c,) the higher the better; ties by product.
        of: those shoppers' histories.
    """
    n, sizes = len(truth), truth.sizes.astype(np.float64)
    hit, fresh = truth.holds(found.shopper, found.product), found.pair < 0
    known_before = of.per_shopper(truth.holds(of.owner, of.product))
    listed, rank = found.best(score, AT)
    who = found.shopper[listed]
    hits = np.bincount(who, hit[listed], minlength=n)
    again = np.bincount(who, hit[listed] & ~fresh[listed], minlength=n)
    discount = 1 / np.log2(np.arange(AT) + 2)
    ideal = np.cumsum(discount)[np.minimum(sizes, AT).astype(int) - 1]
    unseen = np.flatnonzero(fresh)
    first, _ = found.take(unseen).best(score[unseen], AT)
    newly = np.bincount(found.shopper[unseen[first]], hit[unseen[first]], minlength=n)
    share = known.buyers[found.product[listed]] / max(int((known.histories.orders > 0).sum()), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Judged(
            recall=hits / sizes,
            gain=np.bincount(who, hit[listed] * discount[rank], minlength=n) / ideal,
            repeat=again / np.where(known_before > 0, known_before, np.nan),
            explore=newly / np.where(sizes > known_before, sizes - known_before, np.nan),
            coverage=len(np.unique(found.product[listed])) / max(known.products, 1),
            novelty=float(-np.log2(np.maximum(share, 1e-9)).mean()) if len(listed) else float("nan"),
        )


def frequency(found: Candidates, of: Histories, known: Knowledge) -> np.ndarray:
    """(c,) what a shopper bought most often first, ties and the rest by popularity in the last 28 days."""
    count = np.where(found.pair >= 0, of.count[found.pair], 0) if len(of.count) else np.zeros(len(found))
    return count + popularity(found, known) / (known.month.max(initial=0) + 1)


def popularity(found: Candidates, known: Knowledge) -> np.ndarray:
    """(c,) shoppers who bought a product in the last 28 days."""
    return known.month[found.product]
