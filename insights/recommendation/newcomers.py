"""What is new in the shop, for a shopper: products with hardly a purchase, ranked by what is like them.

A product that nobody bought has no co-purchases and no neighbours' purchases. It borrows: each way's word of
the sold products nearest to it by vector, beside the little that is known of itself, as ranks among the
other newcomers, so that what is learned at one moment holds at another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np

from insights.recommendation.candidates import batches, way_scores
from insights.recommendation.history import Histories, Purchases
from insights.recommendation.judge import AT, HORIZON, Truth
from insights.recommendation.knowledge import Knowledge
from insights.recommendation.ranker import Examples, draw

__all__ = [
    "FEATURES",
    "FEW",
    "PARAMETERS",
    "evidence",
    "lessons",
    "new_products",
    "newly_bought",
    "recall_among",
]

FEW = 4
"""Orders up to which a product is new."""
LENDERS = (5, 20, 50)
"""Nearest sold products that lend their word, near and wide."""
WAYS = ("taste", "neighbours", "habits", "baskets", "shoppers")
LENT = (*WAYS, "own", "month", "age", "near")
PLAIN = ("likeness", "profile", "month", "week", "quarter", "lines", "age", "crowd")
RAW = ("month_count", "week_count", "lines_count", "own_lent", "cosine", "order_size")
FEATURES = (
    *(f"{name}_{k}" for k in LENDERS for name in LENT),
    *(f"{name}_itself" for name in WAYS),
    *(f"{name}_rank" for name in PLAIN),
    *RAW,
)
PARAMETERS = {"num_iterations": 150, "num_leaves": 7, "feature_fraction": 0.5}
"""Of the model, where they differ from the ranker's: little is learned of little."""
CROWD = 0.6
"""Cosine from which on newcomers are many of a kind."""


def new_products(known: Knowledge) -> np.ndarray:
    """Ascending rows of the products that were bought at most FEW times."""
    return np.flatnonzero(known.lines <= FEW)


def newly_bought(purchases: Purchases, known: Knowledge, horizon: float = HORIZON) -> Truth:
    """The newcomers that known shoppers bought in the days after a moment; `products` are all there are."""
    later = purchases.between(known.moment, known.moment + horizon)
    kept = (known.histories.orders[later.shopper] > 0) & (known.lines[later.product] <= FEW)
    n = max(known.products, 1)
    shopper, product = np.divmod(np.unique(later.shopper[kept] * n + later.product[kept]), n)
    shoppers, owner = np.unique(shopper, return_inverse=True)
    return Truth(shoppers, owner, product, known.products)


def evidence(of: Histories, known: Knowledge, own: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of a few shoppers, and (b, newcomers, len(FEATURES)) float32 of theirs, until all had their turn.

    Args:
        own: as `candidates.candidates` takes it.
    """
    new, sold = new_products(known), np.flatnonzero(known.lines > FEW)
    cosine = known.vectors[new] @ known.vectors[sold].T
    crowd = (known.vectors[new] @ known.vectors[new].T > CROWD).sum(axis=1)
    weights = [_lent(cosine, k) for k in LENDERS]
    for rows in batches(len(of), known.products):
        part = of.take(rows)
        scores = way_scores(part, known, own[rows])
        scores["own"] = part.matrix(part.slow).toarray()
        profile = part.matrix(part.slow) @ known.vectors
        profile /= np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1e-9)
        yield rows, _features(part, known, new, sold, scores, profile, weights, crowd)


def _lent(cosine: np.ndarray, k: int) -> np.ndarray:
    """(newcomers, sold) weights of the k nearest, their cosines; 0 for the others."""
    if cosine.shape[1] > k:
        kth = np.partition(cosine, -k, axis=1)[:, -k][:, None]
        cosine = np.where(cosine >= kth, cosine, 0)
    return np.maximum(cosine, 0)


def _features(
    of: Histories,
    known: Knowledge,
    new: np.ndarray,
    sold: np.ndarray,
    scores: dict[str, np.ndarray],
    profile: np.ndarray,
    weights: Sequence[np.ndarray],
    crowd: np.ndarray,
) -> np.ndarray:
    from scipy.stats import rankdata

    shape = (len(of), len(new))

    def everyone(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, shape)

    told = {}
    for k, weight in zip(LENDERS, weights, strict=True):
        total = np.maximum(weight.sum(axis=1), 1e-9)
        for name in (*WAYS, "own"):
            told[f"{name}_{k}"] = scores[name][:, sold] @ weight.T
        told[f"month_{k}"] = everyone(weight @ known.month[sold])
        told[f"age_{k}"] = everyone(weight @ known.age[sold] / total)
        told[f"near_{k}"] = everyone(total)
    told |= {f"{name}_itself": scores[name][:, new] for name in WAYS}
    told |= {f"{name}_rank": everyone(getattr(known, name)[new]) for name in PLAIN[2:-1]}
    told |= {"likeness_rank": scores["likeness"][:, new], "profile_rank": profile @ known.vectors[new].T}
    told["crowd_rank"] = everyone(crowd)
    ranked = {name: rankdata(values, axis=1) / max(len(new), 1) for name, values in told.items()}
    raw = {
        "month_count": everyone(known.month[new]),
        "week_count": everyone(known.week[new]),
        "lines_count": everyone(known.lines[new]),
        "own_lent": told[f"own_{LENDERS[1]}"],
        "cosine": told["likeness_rank"],
        "order_size": everyone((of.distinct / np.maximum(of.orders, 1))[:, None]),
    }
    columns = {**ranked, **raw}
    return np.stack([columns[name] for name in FEATURES], axis=-1).astype(np.float32)


def recall_among(score: np.ndarray, bought: np.ndarray, k: int = AT) -> np.ndarray:
    """Recall of the k best of each row, one a row that bought any.

    Args:
        score, bought: (b, newcomers).
    """
    k = min(k, score.shape[1])
    best = np.argpartition(-score, k - 1, axis=1)[:, :k]
    hits, sizes = np.take_along_axis(bought, best, axis=1).sum(axis=1), bought.sum(axis=1)
    return np.asarray(hits[sizes > 0] / sizes[sizes > 0])


def lessons(
    purchases: Purchases,
    known: Knowledge,
    horizon: float = HORIZON,
    shoppers: int | None = None,
    seed: int = 0,
) -> Examples:
    """What can be learned of newcomers from one moment; see `ranker.examples`."""
    rng = np.random.default_rng([seed, int(known.moment)])
    truth = newly_bought(purchases, known, horizon).drawn(shoppers, seed)
    new = new_products(known)
    parts = [Examples(np.empty((0, len(FEATURES)), np.float32), np.empty(0, bool), np.empty(0))]
    for rows, told in evidence(known.histories.take(truth.shoppers), known, truth.shoppers):
        who, what = np.repeat(rows, len(new)), np.tile(new, len(rows))
        bought = truth.holds(who, what)
        kept, weight = draw(bought, rng)
        parts.append(Examples(told.reshape(-1, len(FEATURES))[kept], bought[kept], weight))
    joined = [np.concatenate([getattr(one, part.name) for one in parts]) for part in fields(Examples)]
    return Examples(*joined)
