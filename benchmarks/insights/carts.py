"""Carts of Online Retail: one product of an order is left out and looked for beside the others.

Known is what was bought before a cut; the orders are those of the 29 dates from it on, of two known products
or more. What ships ranks what goes with the cart, then what is like it; popularity is the simple thing.
"""

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from benchmarks.insights.recommendation import CUTS, HORIZON, known_at, moment_of
from benchmarks.insights.retail import has_retail, lines, text_vectors, titles
from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task
from insights.recommendation.beside import beside
from insights.recommendation.history import read_purchases

ORDERS, LONGEST, AT = 500, 20, 10
"""Orders of a cut, drawn; products of one that are looked at; places that count."""


def run(data: Data) -> Iterator[Figure]:
    """Share of the products left out that are found, over all cuts."""
    del data
    purchases, vectors = read_purchases(lines(), list(titles().index)), text_vectors()
    parts, found, likes = [], [], []
    for name in CUTS:
        known = known_at(purchases, moment_of(name))
        later = purchases.between(known.moment, known.moment + HORIZON)
        later = later.take(known.lines[later.product] > 0)
        by_order = np.split(later.product[np.argsort(later.order, kind="stable")],
                            np.cumsum(np.unique(later.order, return_counts=True)[1])[:-1])  # fmt: skip
        rng = np.random.default_rng(0)
        orders = [order for order in by_order if len(order) > 1]
        picked = rng.choice(len(orders), min(ORDERS, len(orders)), replace=False)
        own = []
        for place in tqdm(picked.tolist(), f"orders after {name}", mininterval=1):
            order = rng.permutation(orders[place])[:LONGEST]
            left, cart = order[0], order[1:]
            told = beside(known, cart.tolist(), vectors[cart])
            # What goes with the cart comes first, what is like it after.
            score = np.where(told.scores > 0, 1 + told.scores, told.likeness)
            popular = known.month.copy()
            likely = told.likeness.copy()
            for one in (score, popular, likely):
                one[cart] = -np.inf
            own.append([left in np.argsort(-one, kind="stable")[:AT] for one in (score, popular, likely)])
        hits = np.array(own, float)
        found.append(hits[:, :2])
        likes.append(hits[:, 2])
        parts.append(Part(name, float(hits[:, 0].mean()), float(hits[:, 1].mean())))
    pooled = np.concatenate(found)
    difference = pooled[:, 0] - pooled[:, 1]
    error = float(difference.std() / np.sqrt(len(difference)))
    yield Figure(
        "retail_cart_recall10", float(pooled[:, 0].mean()), float(pooled[:, 1].mean()),
        spread=float(np.std([part.value for part in parts])), parts=parts,
        beside={"by likeness alone": float(np.concatenate(likes).mean()),
                "standard error of the difference": error},
    )  # fmt: skip


CARTS = Task("carts", ("retail_cart_recall10",), run, has_retail)
