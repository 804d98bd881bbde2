"""Demand of products without a history, on Online Retail: borrowed from the nearest by words.

At each of the six origins a tenth of the products that sold in 4 or more of the last 12 weeks is taken to be
new, each tenth once: what ships borrows their weekly demand, which is compared with the mean of the four
weeks after. The simple thing says the mean of all other products for each. Real newcomers, first sold after
the origin, are told beside: known is their demand in the weeks after the first sale.
"""

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from benchmarks.insights.demand import ORIGINS, retail_sales, wape
from benchmarks.insights.retail import has_retail
from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task
from insights.demand.demand import shrunk_mean
from insights.demand.forecast import HORIZON
from insights.demand.spread import weekly_variance
from insights.demand.weekly import WeeklySales
from insights.stock.plan import borrowed_demand

TENTHS, WEEKS_SOLD = 10, 4


def borrowed(then: WeeklySales, vectors: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(new,) demand of some rows as borrowed, NaN where nothing is near; and the mean of all others."""
    mean = shrunk_mean(then, 26)
    variance = weekly_variance(then, mean)
    usable = ((then.units > 0).sum(axis=1) >= 2) & ~np.isin(np.arange(len(then)), new)
    told, _ = borrowed_demand(vectors, np.where(usable, mean, np.nan), np.where(usable, variance, np.nan))
    return told[new], np.full(len(new), mean[usable].mean())


def run(data: Data) -> Iterator[Figure]:
    """WAPE over that of the mean, mean of the origins."""
    del data
    sales, vectors = retail_sales()
    parts, newcomers, answered = [], [], []
    for name in tqdm(ORIGINS, "origins", mininterval=1):
        week = int(np.flatnonzero(sales.weeks == np.datetime64(name))[0])
        then, later = sales.until(week + 1), sales.units[:, week + 1 : week + 1 + HORIZON].mean(axis=1)
        sold = np.flatnonzero((then.units[:, -12:] > 0).sum(axis=1) >= WEEKS_SOLD)
        tenth = np.random.default_rng(0).permutation(len(sold)) % TENTHS
        rows = [sold[tenth == number] for number in range(TENTHS)]
        said = [borrowed(then, vectors, new) for new in rows]
        ours, simple = (np.concatenate([one[i] for one in said]) for i in (0, 1))
        demand, near = later[np.concatenate(rows)].astype(np.float64), np.isfinite(ours)
        answered.append(near.mean())
        parts.append(Part(name, wape(demand[near], ours[near]), wape(demand[near], simple[near])))
        first = np.flatnonzero(((sales.units[:, : week + 1] > 0).sum(axis=1) == 0) & (later > 0))
        ours, simple = borrowed(then, vectors, first)
        near = np.isfinite(ours)
        if near.any():
            since = sales.units[first, week + 1 : week + 1 + HORIZON]
            began = (since > 0).argmax(axis=1)
            demand = since.sum(axis=1) / (HORIZON - began)
            newcomers.append((wape(demand[near], ours[near]), wape(demand[near], simple[near]), near.sum()))
    own, other = (np.array([getattr(part, name) for part in parts]) for name in ("value", "baseline"))
    counted = np.array(newcomers)
    yield Figure(
        "retail_borrowed_demand_ratio", float(own.mean() / other.mean()), float(other.mean()),
        spread=float((own / other).std()), parts=parts,
        beside={
            "share that something near lends to": float(np.mean(answered)),
            "real newcomers, WAPE": float(np.average(counted[:, 0], weights=counted[:, 2])),
            "real newcomers, WAPE of the mean": float(np.average(counted[:, 1], weights=counted[:, 2])),
        },
        reason="the value is the ratio of both errors; parts are the errors themselves (WAPE)",
    )  # fmt: skip


WITHOUT_HISTORY = Task("without_history", ("retail_borrowed_demand_ratio",), run, has_retail)
