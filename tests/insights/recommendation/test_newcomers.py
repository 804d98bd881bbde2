"""What is new in the shop is ranked by what is like it."""

import numpy as np

from insights.recommendation.history import read_purchases
from insights.recommendation.knowledge import Past, learn
from insights.recommendation.newcomers import (
    FEATURES,
    PARAMETERS,
    evidence,
    lessons,
    new_products,
    newly_bought,
)
from insights.recommendation.newcomers_verdict import decide_newcomers
from insights.recommendation.ranker import fit
from shelfspace.settings.insights import Recommendation
from tests.insights.recommendation.shop import PRODUCTS, START, event, table

DAY = START.timestamp() / 86_400


def test_a_shopper_finds_the_new_product_of_their_kind() -> None:
    """Two kinds of product by vector; each of forty shoppers buys one kind, and of it what is new as well."""
    rng = np.random.default_rng(0)
    kind = np.arange(40) % 2
    vectors = np.eye(2, dtype=np.float32)[kind] + rng.normal(0, 0.05, (40, 2)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = []
    for shopper in range(40):
        own = np.flatnonzero(kind == shopper % 2)
        rows += [event(f"u{shopper}", PRODUCTS[rng.choice(own[own < 30])], day) for day in range(0, 100, 4)]
        # p30 to p34 come out after day 100, p35 to p39 after day 130.
        for first, day in ((30, 105), (35, 135)):
            fresh = own[(own >= first) & (own < first + 5)]
            rows.append(event(f"u{shopper}", PRODUCTS[rng.choice(fresh)], day + int(rng.integers(20))))
    purchases = read_purchases(table(*rows), PRODUCTS)
    prices = np.full(40, 10.0)
    before, now = (learn(purchases, DAY + day, vectors, prices) for day in (100, 130))
    learned = lessons(purchases, before)
    assert learned.bought.sum() == 40
    ranker = fit([learned], columns=FEATURES, parameters={**PARAMETERS, "min_data_in_leaf": 5})
    truth, new = newly_bought(purchases, now), new_products(now)
    assert set(PRODUCTS[row] for row in new) >= {"p35", "p36", "p37", "p38", "p39"}
    of = now.histories.take(truth.shoppers)
    ((rows_of, seen),) = evidence(of, now, truth.shoppers)
    assert seen.shape == (len(truth), len(new), len(FEATURES))
    score = ranker.score(seen.reshape(-1, len(FEATURES))).reshape(seen.shape[:2])
    best = new[score.argmax(axis=1)]
    assert (kind[best] == kind[truth.product[np.searchsorted(truth.owner, rows_of)]]).mean() > 0.9


def test_popularity_stands_where_hardly_anything_new_was_bought() -> None:
    purchases = read_purchases(table(*(event(f"u{n}", PRODUCTS[n % 40], 3) for n in range(50))), PRODUCTS)
    vectors = np.eye(40, dtype=np.float32)
    past = Past(purchases, vectors, np.full(40, 10.0))
    ranker, why, compared = decide_newcomers(past, DAY + 100, Recommendation(moments=1), 0)
    assert (ranker, compared) == (None, None)
    assert why == "0 shoppers bought something new of late, 30 are needed"
