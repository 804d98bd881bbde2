"""What a shopper buys in the next weeks: three cuts in time of Online Retail.

Known are the purchases before a cut; foreseen are the 29 dates from it on, of shoppers seen before and of
products sold before. What is learned is learned from eight earlier moments (newcomers: six), whose own
29 days end before the cut.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.insights.retail import has_retail, lines, prices_before, text_vectors, titles
from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task
from insights.recommendation.candidates import Candidates, candidates
from insights.recommendation.features import features
from insights.recommendation.history import Histories, Purchases, days_of, read_purchases
from insights.recommendation.judge import Truth, bought_after, frequency, judge, popularity
from insights.recommendation.knowledge import Knowledge, learn
from insights.recommendation.newcomers import FEATURES as COLD
from insights.recommendation.newcomers import PARAMETERS as COLD_PARAMETERS
from insights.recommendation.newcomers import evidence, lessons, new_products, newly_bought, recall_among
from insights.recommendation.ranker import examples, fit, moments_before

CUTS = ("2011-07-22", "2011-09-16", "2011-11-11")
HORIZON = 29.0
"""Days, so that the last of the dates counts whole."""
SEEDS = (0, 1)
MOMENTS = 8
ANCHORS = ("own frequency", "neighbours (UP-CF)", "popular in 28 days")


@dataclass(frozen=True)
class Cut:
    """One cut: what is known at it, what is bought after it, and what is looked at for its shoppers."""

    name: str
    purchases: Purchases
    known: Knowledge
    truth: Truth
    of: Histories
    found: Candidates


def moment_of(cut: str) -> float:
    """Days since 1970."""
    return float(days_of(pd.Series([pd.Timestamp(cut, tz="UTC")]))[0])


def known_at(purchases: Purchases, moment: float) -> Knowledge:
    """What is known at a moment; prices are those before it."""
    at = pd.Timestamp(0, tz="UTC") + pd.Timedelta(days=moment)
    return learn(purchases, moment, text_vectors(), prices_before(at))


def cut_of(name: str, purchases: Purchases) -> Cut:
    known = known_at(purchases, moment_of(name))
    truth = bought_after(purchases, known, HORIZON)
    of = known.histories.take(truth.shoppers)
    return Cut(name, purchases, known, truth, of, candidates(of, known, truth.shoppers))


def anchors(cut: Cut) -> dict[str, np.ndarray]:
    """The simple things, by name: scores of the candidates. UP-CF as published: half own, half neighbours."""
    own = np.where(cut.found.pair >= 0, cut.of.recent[cut.found.pair], 0.0)
    scores = (
        frequency(cut.found, cut.of, cut.known),
        0.5 * own + 0.5 * cut.found.scores["taste"],
        popularity(cut.found, cut.known),
    )
    return dict(zip(ANCHORS, scores, strict=True))


def learned(cut: Cut) -> list[np.ndarray]:
    """Scores of the candidates by the ranker, one a seed."""
    seen = features(cut.found, cut.of, cut.known)
    known = [
        known_at(cut.purchases, moment)
        for moment in tqdm(moments_before(cut.known.moment, HORIZON, MOMENTS), f"moments before {cut.name}")
    ]
    return [
        fit([examples(cut.purchases, one, HORIZON, seed=seed) for one in known], seed).score(seen)
        for seed in SEEDS
    ]


def run(data: Data) -> Iterator[Figure]:
    """Both figures, from one ranker a cut and seed."""
    del data
    purchases = read_purchases(lines(), list(titles().index))
    figures: list[dict[str, dict[str, float]]] = []
    by_seed = []
    for name in tqdm(CUTS, "cuts", mininterval=1):
        cut = cut_of(name, purchases)
        told = {
            way: judge(cut.found, score, cut.truth, cut.known, cut.of).means()
            for way, score in anchors(cut).items()
        }
        own = [judge(cut.found, score, cut.truth, cut.known, cut.of).means() for score in learned(cut)]
        told["ranker"] = {figure: float(np.mean([seed[figure] for seed in own])) for figure in own[0]}
        by_seed.append([seed["recall"] / told[ANCHORS[0]]["recall"] for seed in own])
        figures.append(told)
    yield ratio(figures, np.array(by_seed))
    yield new(figures)


def ratio(figures: Sequence[dict[str, dict[str, float]]], by_seed: np.ndarray) -> Figure:
    """Recall over own frequency's; the rest of the figures stand beside."""
    of_cuts = by_seed.mean(axis=1)
    shown = {
        f"{way}: {figure}": float(np.mean([told[way][figure] for told in figures]))
        for way in ("ranker", *ANCHORS)
        for figure in figures[0][way]
    }
    return Figure(
        "retail_recall20_ratio",
        float(of_cuts.mean()),
        baseline=1.0,
        spread=float(by_seed.mean(axis=0).std()),
        parts=[
            Part(cut, told["ranker"]["recall"], told[ANCHORS[0]]["recall"])
            for cut, told in zip(CUTS, figures, strict=True)
        ],
        conditions={"above 1 at the worst cut": bool(of_cuts.min() > 1)},
        beside=shown,
    )


def new(figures: Sequence[dict[str, dict[str, float]]]) -> Figure:
    """Recall of what was never bought before, beside the best simple thing of each cut."""
    parts = [
        Part(cut, told["ranker"]["explore"], max(told[way]["explore"] for way in ANCHORS))
        for cut, told in zip(CUTS, figures, strict=True)
    ]
    baseline = float(np.mean([part.baseline for part in parts]))
    return Figure(
        "retail_recall20_new", float(np.mean([part.value for part in parts])), baseline=baseline, parts=parts
    )


def run_cold(data: Data) -> Iterator[Figure]:
    """Lists of newcomers alone, beside the most popular of them; the shoppers of all cuts are pooled."""
    del data
    purchases = read_purchases(lines(), list(titles().index))
    told: dict[str, list[np.ndarray]] = {}
    parts = []
    for name in tqdm(CUTS, "cuts, newcomers", mininterval=1):
        known = known_at(purchases, moment_of(name))
        truth = newly_bought(purchases, known, HORIZON)
        learned_from = [
            lessons(purchases, known_at(purchases, moment), HORIZON)
            for moment in tqdm(moments_before(known.moment, HORIZON), f"moments before {name}")
        ]
        ranker = fit(learned_from, columns=COLD, parameters=COLD_PARAMETERS)
        of = known.histories.take(truth.shoppers)
        score = np.concatenate(
            [
                ranker.score(seen.reshape(-1, len(COLD))).reshape(seen.shape[:2])
                for _, seen in evidence(of, known, truth.shoppers)
            ]
        )
        new = new_products(known)
        bought = np.zeros((len(truth), known.products), bool)
        bought[truth.owner, truth.product] = True
        never = known.lines[new] == 0
        draws = np.random.default_rng(0).random((20, *score.shape))
        popular = [known.month[new][None] + draw for draw in draws]
        for group, chosen in (("all", np.ones(len(new), bool)), ("never sold", never)):
            found = recall_among(score[:, chosen], bought[:, new[chosen]])
            simple = np.mean(
                [recall_among(one[:, chosen], bought[:, new[chosen]]) for one in popular], axis=0
            )
            told.setdefault(group, []).append(found)
            told.setdefault(f"{group}, popular", []).append(simple)
            parts.append(Part(f"{name}, {group}", float(found.mean()), float(simple.mean())))
    pooled = {group: float(np.concatenate(values).mean()) for group, values in told.items()}
    yield Figure(
        "retail_recall20_cold",
        pooled["all"] / pooled["all, popular"],
        baseline=1.0,
        parts=parts,
        beside={**pooled, "never sold, ratio": pooled["never sold"] / pooled["never sold, popular"]},
        reason="vectors are TF-IDF and SVD of the titles; ties of popularity are drawn 20 times",
    )


COLD_TASK = Task("newcomers", ("retail_recall20_cold",), run_cold, has_retail)
TASK = Task("recommendation", ("retail_recall20_ratio", "retail_recall20_new"), run, has_retail)
