"""Demand learned over all products at once: gradient-boosted trees, one head a quantile and one for the mean.

LightGBM (Ke et al., NeurIPS 2017) over lags, buyers, prices and neighbours, as the strongest entries of the
M5 competition did (Makridakis et al., 2022), with the Tweedie loss for the mean.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from insights.demand.features import WARM_UP, DemandFeatures
from insights.demand.forecast import HORIZON, LEVELS, MEDIAN, Forecast
from shelfspace.settings.insights import Demand

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["LearnedDemand", "learn_demand"]

TREES = {
    "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 100, "feature_fraction": 0.4,
    "bagging_fraction": 0.6, "bagging_freq": 1, "verbose": -1, "num_threads": 1, "deterministic": True,
    "force_col_wise": True,
}  # fmt: skip
TWEEDIE = 1.3
"""Variance power of the mean's loss: between counts (1) and their sums (2)."""


OF_OTHERS = ("direction", "near", "shop")
"""How features begin that tell of the shop and of other products."""
STEADY = 8 / 12
"""Share of the last 12 weeks with a sale from which on a product's median has forecasters of its own."""
LOG = 4.0
"""Demand over level is multiplied by it before the logarithm: about where zero and one part."""


class LearnedDemand:
    """Heads that were fitted on the weeks before some week, and forecast from any later one.

    The median of products that sell in most weeks is the mean of three that err in different ways: of the
    quantile head, of trees on the logarithm that see nothing but the product's own past, and the geometric
    mean of eight weeks. Averages of forecasts beat the best of them more often than not (Bates & Granger,
    Operational Research Quarterly 1969).
    """

    def __init__(self, heads: list["Booster"], mean: "Booster", steady: "Booster | None") -> None:
        self._heads, self._mean, self._steady = heads, mean, steady

    def forecast(self, features: DemandFeatures, week: int) -> Forecast:
        """Of all products, from what is known at the end of week number `week`."""
        level = features.level(week)[:, None]
        rows = features.at(week)
        ahead = pd.concat([rows.assign(ahead=np.float32(h)) for h in range(1, HORIZON + 1)])

        def of(head: "Booster") -> np.ndarray:
            shares = np.asarray(head.predict(ahead, num_threads=1))
            return (shares.reshape(HORIZON, len(rows)).T * level).astype(np.float32)

        quantiles = np.stack([of(head) for head in self._heads], axis=2)
        if self._steady is not None:
            own = np.asarray(self._steady.predict(without_others(ahead), num_threads=1))
            trees = np.expm1(own.reshape(HORIZON, len(rows)).T) / LOG * level
            geometric = rows["geometric_8"].to_numpy()[:, None] * level
            three = np.mean(
                [quantiles[..., MEDIAN], np.maximum(trees, 0), geometric * np.ones(HORIZON)], axis=0
            )
            often = rows["weeks_sold"].to_numpy() >= STEADY
            quantiles[often, :, MEDIAN] = three[often]
        return Forecast(quantiles, of(self._mean))


def without_others(rows: pd.DataFrame) -> pd.DataFrame:
    """The features of the product alone."""
    return rows.loc[:, [not str(name).startswith(OF_OTHERS) for name in rows]]


def learn_demand(
    features: DemandFeatures, until: int, settings: Demand, seed: int = 0
) -> LearnedDemand | None:
    """Fit on the weeks up to number `until`, that one too.

    What is learned is demand over the product's own level; a row weighs as its level, so that the loss is
    that of all pieces together.

    Returns:
        None where there are fewer than `settings.least_rows` rows to learn from.
    """
    rows, shares, weights = training_rows(features, until, settings, seed)
    if len(rows) < settings.least_rows:
        return None
    import lightgbm

    data = lightgbm.Dataset(rows, shares, weight=weights, params={"verbose": -1}, free_raw_data=False)

    def fit(**objective: object) -> "Booster":
        return lightgbm.train({**TREES, **objective, "seed": seed}, data, settings.trees)

    heads = [fit(objective="quantile", alpha=level) for level in LEVELS]
    mean = fit(objective="tweedie", tweedie_variance_power=TWEEDIE)
    often = (rows["weeks_sold"] >= STEADY).to_numpy()
    if often.sum() < settings.least_rows:
        return LearnedDemand(heads, mean, None)
    own = without_others(rows[often])
    data = lightgbm.Dataset(own, np.log1p(LOG * shares[often]), weight=weights[often], params={"verbose": -1})
    return LearnedDemand(heads, mean, fit(objective="l2", learning_rate=0.1))


def training_rows(
    features: DemandFeatures, until: int, settings: Demand, seed: int
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Rows of features, demand over level, and weights: a product and week once, one week ahead drawn.

    Products that did not sell in the last 12 weeks teach nothing; weeks sold out are no target.
    """
    sales, draw = features.sales, np.random.default_rng(seed)
    tables, shares, weights = [pd.DataFrame()], [np.empty(0)], [np.empty(0)]
    for week in range(max(WARM_UP, until - settings.origins), until):
        sold = np.flatnonzero((sales.units[:, max(week - 11, 0) : week + 1] > 0).any(axis=1))
        ahead = draw.integers(1, min(HORIZON, until - week) + 1, len(sold))
        usable = sales.known[sold, week + ahead]
        sold, ahead = sold[usable], ahead[usable]
        level = features.level(week)[sold]
        tables.append(features.at(week).iloc[sold].assign(ahead=ahead.astype(np.float32)))
        shares.append(sales.units[sold, week + ahead] / level)
        weights.append(level)
    return pd.concat(tables, ignore_index=True), np.concatenate(shares), np.concatenate(weights)
