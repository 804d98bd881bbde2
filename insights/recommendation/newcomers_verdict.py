"""Who ranks what is new: the learned order of newcomers or their popularity, on weeks not learned from."""

import numpy as np

from insights.recommendation.judge import HORIZON
from insights.recommendation.knowledge import Past
from insights.recommendation.newcomers import (
    FEATURES,
    PARAMETERS,
    evidence,
    lessons,
    new_products,
    newly_bought,
    recall_among,
)
from insights.recommendation.ranker import Examples, Ranker, fit, moments_before
from shelfspace.paired import LEAST_ROWS, Comparison, compare
from shelfspace.settings.insights import Recommendation

__all__ = ["POPULARITY", "decide_newcomers"]

POPULARITY = "popularity among them"


def decide_newcomers(
    past: Past, moment: float, settings: Recommendation, seed: int = 0
) -> tuple[Ranker | None, str, Comparison | None]:
    """The ranker to be used, None where popularity is; why, in a sentence; the comparison, if any."""
    judged, purchases = moment - HORIZON, past.purchases
    known = past.at(judged)
    truth = newly_bought(purchases, known).drawn(2 * settings.shoppers, seed)
    if len(truth) < LEAST_ROWS:
        return None, f"{len(truth)} shoppers bought something new of late, {LEAST_ROWS} are needed", None

    def lesson(then: float) -> Examples:
        return lessons(purchases, past.at(then), shoppers=settings.shoppers, seed=seed)

    taught = {then: lesson(then) for then in moments_before(judged, most=settings.moments)}
    bought = int(sum(one.bought.sum() for one in taught.values()))
    if bought < settings.least_bought:
        return None, f"{bought} purchases of new products, {settings.least_bought} are needed to learn", None
    ranker = fit(list(taught.values()), seed, FEATURES, PARAMETERS)
    new, of = new_products(known), known.histories.take(truth.shoppers)
    seen = [told for _, told in evidence(of, known, truth.shoppers)]
    score = np.concatenate(
        [ranker.score(one.reshape(-1, len(FEATURES))).reshape(one.shape[:2]) for one in seen]
    )
    held = np.zeros((len(truth), known.products), bool)
    held[truth.owner, truth.product] = True
    chance = np.random.default_rng(seed).random(score.shape)
    simple = recall_among(known.month[new][None] + chance, held[:, new])
    comparison = compare(recall_among(score, held[:, new]), {POPULARITY: simple})
    if not comparison.learned_wins:
        return None, comparison.sentence(), comparison
    moments = moments_before(moment, most=settings.moments)
    latest = [taught[then] if then in taught else lesson(then) for then in moments]
    return fit(latest, seed, FEATURES, PARAMETERS), comparison.sentence(), comparison
