"""Who ranks: the learned ranker, own frequency or popularity, compared on moments it has not learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from insights.recommendation.candidates import candidates
from insights.recommendation.features import features
from insights.recommendation.history import Purchases
from insights.recommendation.judge import HORIZON, Judged, bought_after, frequency, judge, pooled, popularity
from insights.recommendation.knowledge import Knowledge, Past
from insights.recommendation.ranker import Examples, Ranker, examples, fit, moments_before
from shelfspace.paired import LEARNED, LEAST_ROWS, Comparison, compare
from shelfspace.settings.insights import Recommendation

__all__ = ["FREQUENCY", "POPULARITY", "Verdict", "decide"]

FREQUENCY, POPULARITY = "own frequency", "popularity"


@dataclass(frozen=True)
class Verdict:
    """Who ranks, and why.

    Attributes:
        winner: `learned`, `own frequency` or `popularity`.
        why: in a sentence.
        comparison: recall@20 over shoppers of later moments; None where too few bought anything.
        figures: way to figure to mean; empty without a comparison.
        gains: of the ranker in use, feature to its share of the gain.
    """

    winner: str
    why: str
    comparison: Comparison | None
    figures: Mapping[str, Mapping[str, float]]
    gains: Mapping[str, float]

    def describe(self) -> dict[str, Any]:
        """JSON-able."""
        told = None if self.comparison is None else self.comparison.describe()
        return {"winner": self.winner, "why": self.why, "comparison": told, "figures": self.figures}


def decide(
    past: Past, moment: float, settings: Recommendation, seed: int = 0
) -> tuple[Knowledge, Ranker | None, Verdict]:
    """What is known at a moment, and who ranks from then on.

    The windows of the latest `settings.judged` moments are not learned from when the ranker is compared;
    the one that is used learns from them too.
    """
    purchases, known = past.purchases, past.at(moment)
    shoppers = int((known.histories.orders > 0).sum())
    if shoppers < LEAST_ROWS:
        why = f"{shoppers} shoppers bought something, {LEAST_ROWS} are needed; what is popular is shown"
        return known, None, Verdict(POPULARITY, why, None, {}, {})
    lessons: dict[float, Examples] = {}

    def learned_before(end: float) -> list[Examples]:
        moments = moments_before(end, most=settings.moments)
        for then in moments:
            if then not in lessons:
                lessons[then] = examples(purchases, past.at(then), shoppers=settings.shoppers, seed=seed)
        return [lessons[then] for then in moments]

    judged = [moment - HORIZON * (back + 1) for back in range(settings.judged)]
    first = learned_before(judged[-1])
    bought = int(sum(one.bought.sum() for one in first))
    if bought < settings.least_bought:
        why = (
            f"{bought} purchases could be learned from, {settings.least_bought} are needed; what a shopper "
            "buys most often comes first, then what is popular"
        )
        return known, None, Verdict(FREQUENCY, why, None, {}, {})
    ranker = fit(first, seed)
    figures, comparison = _compared(purchases, [past.at(then) for then in judged], ranker, settings, seed)
    if comparison is None:
        why = f"fewer than {LEAST_ROWS} shoppers bought again since; own frequency stands"
        return known, None, Verdict(FREQUENCY, why, None, {}, {})
    if not comparison.learned_wins:
        return known, None, Verdict(comparison.winner, comparison.sentence(), comparison, figures, {})
    used = fit(learned_before(moment), seed)
    return known, used, Verdict(LEARNED, comparison.sentence(), comparison, figures, used.gains())


def _compared(
    purchases: Purchases, judged: Sequence[Knowledge], ranker: Ranker, settings: Recommendation, seed: int
) -> tuple[dict[str, dict[str, float]], Comparison | None]:
    """Figures by way, and the paired comparison of recall over the shoppers of all judged moments."""
    told: dict[str, list[Judged]] = {LEARNED: [], FREQUENCY: [], POPULARITY: []}
    for known in judged:
        truth = bought_after(purchases, known).drawn(2 * settings.shoppers, seed)
        of = known.histories.take(truth.shoppers)
        found = candidates(of, known, truth.shoppers)
        scores = {
            LEARNED: ranker.score(features(found, of, known)),
            FREQUENCY: frequency(found, of, known),
            POPULARITY: popularity(found, known),
        }
        for way, score in scores.items():
            told[way].append(judge(found, score, truth, known, of))
    every = {way: pooled(own) for way, own in told.items()}
    if len(every[LEARNED].recall) < LEAST_ROWS:
        return {}, None
    rivals = {way: every[way].recall for way in (FREQUENCY, POPULARITY)}
    figures = {way: own.means() for way, own in every.items()}
    return figures, compare(every[LEARNED].recall, rivals)
