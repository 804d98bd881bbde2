"""The demand that is used: learned where earlier weeks of the shop say that it is better, else simple."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.demand.conformal import WAY, conformal_shifts
from insights.demand.features import WARM_UP, DemandFeatures
from insights.demand.forecast import HORIZON, LEVELS, Forecast, pinball, simple_forecast
from insights.demand.learned import LearnedDemand, learn_demand
from insights.demand.spread import inflation, span_loss, weekly_variance
from insights.demand.weekly import MONDAY, WEEK, WeeklySales
from shelfspace.paired import LEARNED, Comparison, compare
from shelfspace.settings.insights import Demand

__all__ = ["ExpectedDemand", "expect_demand", "forecast_table", "shrunk_mean"]

RECENT = "quantiles of recent weeks"
QUARTER, HALF = "mean of 12 weeks", "shrunk mean of 26 weeks"
CHINESE = {LEARNED: "学习模型", RECENT: "近几周分位数", QUARTER: "12 周均值", HALF: "26 周收缩均值"}
LEFT_OUT = ((16, 12, 8, 4), (8, 4))
"""Weeks before the last from which forecasts are tried, by trees that know nothing after the first; the
second where the first leave too little to learn from."""
REGULAR = 10
"""Sold in so many of the last 12 weeks, a product has quantiles of its own kind."""


@dataclass(frozen=True)
class ExpectedDemand:
    """Demand of the n products of `sales` in the weeks after it.

    Attributes:
        forecast: of each of the next weeks.
        weekly_mean: (n,) float64 pieces a week, of longer spans too.
        weekly_variance: (n,) float64 of a week.
        quantiles_by: how quantiles were chosen; None where the past is too short to compare.
        means_by: how means were chosen: by what stock for four weeks would have cost.
    """

    sales: WeeklySales
    forecast: Forecast
    weekly_mean: np.ndarray
    weekly_variance: np.ndarray
    quantiles_by: Comparison | None
    means_by: Comparison | None

    def sentences(self) -> list[tuple[str, str]]:
        """What is used, and why, in English and in Chinese."""
        if self.quantiles_by is None or self.means_by is None:
            weeks = len(self.sales.weeks)
            return [
                (
                    f"the shop's {weeks} whole weeks are too few to learn from: "
                    "demand is that of recent weeks",
                    f"店铺只有 {weeks} 个整周的记录，不足以学习：需求取近几周的水平",
                )
            ]
        told = (("weekly quantiles", "每周分位数", self.quantiles_by), ("means", "均值", self.means_by))
        return [(f"{name}: {by.sentence()}", f"{zh}：{_sentence_zh(by)}") for name, zh, by in told]


def _sentence_zh(by: Comparison) -> str:
    """`Comparison.sentence` in Chinese."""
    low, high = by.interval
    return (
        f"采用{CHINESE[by.winner]}（学习模型 {by.learned:.3f}，"
        f"{CHINESE[by.rival]} {by.rivals[by.rival]:.3f}；"
        f"相差 {by.by:+.3f}，95% 区间 {low:+.3f} 至 {high:+.3f}，{by.rows} 行）"
    )


def forecast_table(expected: ExpectedDemand) -> pd.DataFrame:
    """product_id, week (its Monday), mean and a column a quantile, the rows of a product side by side."""
    sales, forecast = expected.sales, expected.forecast
    last = sales.weeks[-1] if len(sales.weeks) else MONDAY
    weeks = np.datetime_as_string(last + WEEK * np.arange(1, HORIZON + 1), unit="D")
    table = {
        "product_id": np.repeat(sales.product_ids, HORIZON),
        "week": np.tile(weeks, len(sales)),
        "mean": forecast.mean.ravel(),
    }
    named = {f"q{100 * share:02.0f}": forecast.quantiles[..., i].ravel() for i, share in enumerate(LEVELS)}
    return pd.DataFrame({**table, **named})


def expect_demand(
    sales: WeeklySales, vectors: np.ndarray | None, settings: Demand, seed: int = 0
) -> ExpectedDemand:
    """Forecast, from the last week of `sales`.

    The last 16 weeks, of a short past 8, are forecast as they would have been then, by trees fitted on what
    lies before, and by the simple rules. Who wins there forecasts now, fitted on all weeks; the same weeks
    say how far each quantile has to be moved to hold, and how wide demand over four weeks really was.

    Args:
        vectors: (n, d) float32 of unit length of the products of `sales`, or None.
    """
    last = len(sales.weeks) - 1
    simple = simple_forecast(sales)
    if len(sales) == 0 or last - LEFT_OUT[-1][0] <= WARM_UP:
        mean = means(sales)[QUARTER]
        return ExpectedDemand(sales, simple, mean, weekly_variance(sales, mean), None, None)
    features = DemandFeatures(sales, vectors)
    tried = ((weeks, learn_demand(features, last - weeks[0], settings, seed)) for weeks in LEFT_OUT)
    weeks, earlier = next((found for found in tried if found[1] is not None), (LEFT_OUT[-1], None))
    trials = [Trial(sales, features, last - back, earlier) for back in weeks]
    quantiles_by = _compare_quantiles(trials)
    means_by, wider = _compare_means(trials, settings.service_level)
    learned = None
    if quantiles_by.learned_wins or means_by.learned_wins:
        learned = learn_demand(features, last, settings, seed)
    forecast = simple
    if learned is not None:
        ahead = learned.forecast(features, last)
        forecast = replace(simple, mean=ahead.mean) if not quantiles_by.learned_wins else ahead
    mean = means(sales, forecast)[means_by.winner]
    forecast = shifted(forecast, trials, features.level(last), sales, quantiles_by.learned_wins)
    variance = weekly_variance(sales, mean) * wider
    return ExpectedDemand(sales, forecast, mean, variance, quantiles_by, means_by)


class Trial:
    """A past week from which demand was forecast, and what came."""

    def __init__(
        self, sales: WeeklySales, features: DemandFeatures, week: int, learned: LearnedDemand | None
    ) -> None:
        ahead = slice(week + 1, week + 1 + HORIZON)
        self.then = sales.until(week + 1)
        self.demand = sales.units[:, ahead]
        self.known = sales.known[:, ahead]
        self.level = features.level(week)
        self.sold = sold_weeks(self.then) > 0
        self.simple = simple_forecast(self.then)
        self.learned = None if learned is None else learned.forecast(features, week)

    def loss(self, forecast: Forecast) -> np.ndarray:
        """(n,) pinball loss over the product's level, of all weeks and levels."""
        lost = pinball(self.demand, forecast.quantiles).sum(axis=2)
        return np.where(self.known, lost, 0).sum(axis=1) / self.level

    def spans(self) -> dict[str, np.ndarray]:
        """Demand of all weeks ahead together, level, and each mean's (2, m) mean and variance of it."""
        by_name = means(self.then, self.learned)
        usable = self.sold & self.known.all(axis=1) & np.all([mean > 0 for mean in by_name.values()], axis=0)
        found = {"demand": self.demand.sum(axis=1)[usable].astype(np.float64), "level": self.level[usable]}
        for name, mean in by_name.items():
            variance = weekly_variance(self.then, mean)
            found[name] = np.stack([mean, variance])[:, usable] * HORIZON
        return found


def means(sales: WeeklySales, learned: Forecast | None = None) -> dict[str, np.ndarray]:
    """(n,) float64 pieces a week, by who says so."""
    found = {QUARTER: recent_mean(sales, 12), HALF: shrunk_mean(sales, 26)}
    if learned is None:
        return found
    # Two that err in different ways: their geometric mean is better than either (docs/insights.md).
    trees = learned.mean.mean(axis=1).astype(np.float64)
    return {**found, LEARNED: np.sqrt(trees * found[HALF])}


def recent_mean(sales: WeeklySales, weeks: int) -> np.ndarray:
    """(n,) float64 mean of the last known weeks; of a product on sale for less, since it is."""
    known = sales.known[:, -weeks:]
    units = np.where(known, sales.units[:, -weeks:], 0).astype(np.float64)
    return units.sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def shrunk_mean(sales: WeeklySales, weeks: int) -> np.ndarray:
    """(n,) float64 recent mean, shrunk to that of all products as far as a few weeks leave it open.

    Gamma-Poisson: the prior's mean and spread are those of the products' own means (Clayton & Kaldor,
    Biometrics 1987). A product that did not sell lately keeps a little of what its like sell.
    """
    count = np.maximum(sales.known[:, -weeks:].sum(axis=1), 1)
    own = recent_mean(sales, weeks)
    there = sales.known[:, -weeks:].any(axis=1)
    if not there.any() or own[there].mean() <= 0:
        return own
    centre = float(own[there].mean())
    between = max(float(own[there].var() - (own[there] / count[there]).mean()), 1e-3 * centre**2)
    rate = centre / between
    return (own * count + centre * rate) / (count + rate)


def sold_weeks(sales: WeeklySales) -> np.ndarray:
    """(n,) of the last 12 weeks, those with a sale."""
    return (sales.units[:, -12:] > 0).sum(axis=1)


def _compare_quantiles(trials: list[Trial]) -> Comparison:
    """The better the less a forecast lost, over the pieces of all products that had sold."""
    rows = [trial.sold for trial in trials]
    simple = np.concatenate([trial.loss(trial.simple)[r] for trial, r in zip(trials, rows, strict=True)])
    learned = np.concatenate(
        [trial.loss(trial.learned or trial.simple)[r] for trial, r in zip(trials, rows, strict=True)]
    )
    level = np.concatenate([trial.level[r] for trial, r in zip(trials, rows, strict=True)])
    if not len(simple):
        simple, learned, level = np.zeros(1), np.zeros(1), np.ones(1)
    return compare(-learned, {RECENT: -simple}, weights=level)


def _compare_means(trials: list[Trial], share: float) -> tuple[Comparison, float]:
    """Who is used, and by how much its variances have to be multiplied."""
    spans = [trial.spans() for trial in trials]
    demand, level = (np.concatenate([span[part] for span in spans]) for part in ("demand", "level"))
    if not len(demand):
        return compare(np.zeros(1), {QUARTER: np.zeros(1), HALF: np.zeros(1)}), 1.0
    scores, factors = {}, {}
    for name in spans[0].keys() - {"demand", "level"}:
        mean, variance = np.concatenate([span[name] for span in spans], axis=1)
        factors[name] = inflation(demand, mean, variance, share)
        scores[name] = -span_loss(demand, mean, variance * factors[name], share) / level
    learned = scores.pop(LEARNED, scores[QUARTER])
    found = compare(learned, {name: scores[name] for name in (QUARTER, HALF)}, weights=level)
    return found, factors[found.winner]


def shifted(
    forecast: Forecast, trials: list[Trial], level: np.ndarray, sales: WeeklySales, learned: bool
) -> Forecast:
    """The forecast with each quantile moved as the trials say, apart for products that sell every week."""
    demand, quantiles, levels, groups = [], [], [], []
    for trial in trials:
        made = trial.learned if learned and trial.learned is not None else trial.simple
        rows, weeks = np.nonzero(trial.known & trial.sold[:, None])
        demand.append(trial.demand[rows, weeks])
        quantiles.append(made.quantiles[rows, weeks])
        levels.append(trial.level[rows])
        groups.append((sold_weeks(trial.then)[rows] >= REGULAR).astype(np.int64))
    joined = [np.concatenate(part) for part in (demand, quantiles, levels, groups)]
    shifts = conformal_shifts(*joined)
    group = np.minimum((sold_weeks(sales) >= REGULAR).astype(np.int64), len(shifts) - 1)
    moved = forecast.quantiles + WAY * (shifts[group] * level[:, None])[:, None, :]
    # What has not sold for a quarter has a level of 1 in name only.
    moved = np.where((sold_weeks(sales) > 0)[:, None, None], moved, forecast.quantiles)
    return replace(forecast, quantiles=moved)
