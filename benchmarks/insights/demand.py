"""Weekly demand on Online Retail: six origins, four weeks ahead, beside recent weeks and statsforecast.

At an origin everything is known up to its week and nothing after; what ships chooses, learns and widens its
quantiles on earlier weeks alone. Judged are the items sold in 10 or more of the last 12 weeks; `intermittent`
are those sold in 1 to 9.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.insights.retail import has_retail, lines, text_vectors, titles
from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task
from insights.demand.demand import ExpectedDemand, expect_demand
from insights.demand.forecast import HORIZON, LEVELS, MEDIAN, pinball
from insights.demand.weekly import WeeklySales, weekly_sales
from shelfspace.settings.insights import Demand

ORIGINS = ("2011-06-13", "2011-07-11", "2011-08-08", "2011-09-05", "2011-10-03", "2011-10-31")
JUDGED = (LEVELS.index(0.5), LEVELS.index(0.9))


@dataclass(frozen=True)
class Origin:
    """One origin.

    Attributes:
        name: Monday of its last known week.
        known: sales until then.
        demand: (n, HORIZON) pieces of the weeks after.
        shipped: what ships.
        recent: (n, levels) empirical quantiles of the last 12 weeks.
        median: (n,) of the last 8 weeks.
        regular, intermittent: rows.
    """

    name: str
    known: WeeklySales
    demand: np.ndarray
    shipped: ExpectedDemand
    recent: np.ndarray
    median: np.ndarray
    regular: np.ndarray
    intermittent: np.ndarray


def retail_sales() -> tuple[WeeklySales, np.ndarray]:
    """Sales of the year and a vector of each product's title."""
    sales = weekly_sales(lines(), titles().index.to_numpy(object))
    return sales, text_vectors()[titles().index.get_indexer(sales.product_ids)]


def origin_of(name: str, sales: WeeklySales, vectors: np.ndarray) -> Origin:
    week = int(np.flatnonzero(sales.weeks == np.datetime64(name))[0])
    known = sales.until(week + 1)
    sold = (known.units[:, -12:] > 0).sum(axis=1)
    return Origin(
        name,
        known,
        sales.units[:, week + 1 : week + 1 + HORIZON].astype(np.float64),
        expect_demand(known, vectors, Demand()),
        np.quantile(known.units[:, -12:], LEVELS, axis=1).T,
        np.median(known.units[:, -8:], axis=1),
        np.flatnonzero(sold >= 10),
        np.flatnonzero((sold >= 1) & (sold <= 9)),
    )


def wape(demand: np.ndarray, said: np.ndarray) -> float:
    """Absolute error over demand."""
    return float(np.abs(demand - said).sum() / demand.sum())


def losses(origin: Origin, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pinball loss over mean demand of what ships and of recent quantiles, each (levels,)."""
    demand = origin.demand[rows]
    of = (origin.shipped.forecast.quantiles[rows], np.repeat(origin.recent[rows, None], HORIZON, axis=1))
    ours, theirs = (pinball(demand, said).sum(axis=(0, 1)) / demand.sum() for said in of)
    return ours, theirs


def pinball_figure(row: str, origins: list[Origin], rows: str) -> Figure:
    """Of both judged levels together, the mean of the origins over the baseline's."""
    both = [losses(origin, getattr(origin, rows)) for origin in origins]
    ours, theirs = (np.array([pair[i] for pair in both]) for i in (0, 1))
    mean = ours[:, JUDGED].mean(axis=1), theirs[:, JUDGED].mean(axis=1)
    beside = {
        f"{who} at {LEVELS[level]}": round(float(lost[:, level].mean()), 4)
        for who, lost in (("shipped", ours), ("recent quantiles", theirs))
        for level in JUDGED
    }
    parts = [
        Part(origin.name, float(own), float(other)) for origin, own, other in zip(origins, *mean, strict=True)
    ]
    value = float(mean[0].mean() / mean[1].mean())
    return Figure(row, value, float(mean[1].mean()), parts=parts, beside=beside)


def cover_figure(row: str, origins: list[Origin], low: float, high: float) -> Figure:
    """Share of the weeks within two quantiles."""
    ends = LEVELS.index(low), LEVELS.index(high)
    parts = []
    for origin in origins:
        demand, said = origin.demand[origin.regular], origin.shipped.forecast.quantiles[origin.regular]
        inside = (demand >= said[..., ends[0]]) & (demand <= said[..., ends[1]])
        parts.append(Part(origin.name, float(inside.mean())))
    values = [part.value for part in parts]
    return Figure(row, float(np.mean(values)), spread=float(np.std(values)), parts=parts)


def statsforecast(origin: Origin) -> Mapping[str, float]:
    """WAPE of statsforecast's models, and of their median, over the regular items."""
    from statsforecast import StatsForecast
    from statsforecast.models import (
        IMAPA,
        TSB,
        AutoETS,
        CrostonSBA,
        SimpleExponentialSmoothingOptimized,
        Theta,
    )

    known, rows = origin.known, origin.regular
    series = pd.DataFrame(
        {
            "unique_id": np.repeat(known.product_ids[rows], len(known.weeks)),
            "ds": np.tile(known.weeks.astype("datetime64[ns]"), len(rows)),
            "y": known.units[rows].ravel().astype(np.float64),
        }
    )
    models = [
        SimpleExponentialSmoothingOptimized(), AutoETS(model="AZN"), Theta(), CrostonSBA(),
        TSB(0.2, 0.2), IMAPA(),
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = StatsForecast(models=models, freq="7D", n_jobs=1).forecast(df=series, h=HORIZON)
    at = pd.Index(known.product_ids[rows]).get_indexer(pd.Index(told["unique_id"].unique()))
    demand, names = origin.demand[rows][at], [str(model) for model in models]
    said = {name: np.maximum(told[name].to_numpy().reshape(-1, HORIZON), 0) for name in names}
    said["median of the six models"] = np.median([said[name] for name in names], axis=0)
    return {f"statsforecast {name}": wape(demand, values) for name, values in said.items()}


def measure(data: Data) -> Iterator[Figure]:
    """The five figures; all wait for the last origin."""
    del data
    sales, vectors = retail_sales()
    origins = [origin_of(name, sales, vectors) for name in tqdm(ORIGINS, "origins")]
    yield from figures(origins, [statsforecast(origin) for origin in tqdm(origins, "statsforecast")])


def figures(origins: list[Origin], others: list[Mapping[str, float]]) -> Iterator[Figure]:
    """The five figures.

    Args:
        others: of each origin, the WAPE of other models by name.
    """
    parts = []
    for origin in origins:
        rows = origin.regular
        ours = wape(origin.demand[rows], origin.shipped.forecast.quantiles[rows, :, MEDIAN])
        parts.append(Part(origin.name, ours, wape(origin.demand[rows], origin.median[rows, None])))
    own, simple = (np.array([getattr(part, name) for part in parts]) for name in ("value", "baseline"))
    yield Figure(
        "retail_demand_wape_ratio",
        float(own.mean() / simple.mean()),
        float(simple.mean()),
        spread=float((own / simple).std()),
        parts=parts,
        conditions={"below the median of 8 weeks at every origin": bool((own < simple).all())},
        beside={name: round(float(np.mean([found[name] for found in others])), 4) for name in others[0]},
    )
    yield pinball_figure("retail_demand_pinball_ratio", origins, "regular")
    yield cover_figure("retail_interval_cover80", origins, 0.1, 0.9)
    yield cover_figure("retail_interval_cover90", origins, 0.05, 0.95)
    yield pinball_figure("retail_demand_intermittent_pinball_ratio", origins, "intermittent")


DEMAND = Task(
    "demand",
    (
        "retail_demand_wape_ratio",
        "retail_demand_pinball_ratio",
        "retail_interval_cover80",
        "retail_interval_cover90",
        "retail_demand_intermittent_pinball_ratio",
    ),
    measure,
    has_retail,
)
