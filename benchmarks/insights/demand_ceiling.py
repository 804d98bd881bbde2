"""How far any forecast of weekly demand on Online Retail could get: trees that may look at what comes after.

    python -m benchmarks.insights.demand_ceiling

They see all that the product's trees see, and also the four weeks before and the four weeks after the week
that is asked for, the other weeks of the test among them; they learn from all weeks of the year but those of
the test, later ones too. What they leave over, neither a product's own past nor its future tells.
"""

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from benchmarks.insights.demand import ORIGINS, retail_sales, wape
from insights.demand.features import WARM_UP, DemandFeatures
from insights.demand.forecast import HORIZON
from insights.demand.learned import TREES

AROUND = 4
"""Weeks on either side that they look at."""
REGULAR, LEARNED_FROM = 10, 5
"""Sold in so many of the last 12 weeks: those that are judged, and that teach."""
TREES_OF_A_HEAD = 100


def around(units: np.ndarray, level: np.ndarray, week: int) -> np.ndarray:
    """(n, 12) demand over level of the weeks around one, without it; medians and means of both sides."""
    places = [week + step for step in range(-AROUND, AROUND + 1) if step]
    nothing = np.full(len(units), np.nan)
    seen = np.array([units[:, at] / level if at < units.shape[1] else nothing for at in places])
    both = [np.nanmedian(seen, axis=0), np.nanmean(seen, axis=0)]
    return np.vstack([seen, *both, *(np.nanmedian(side, axis=0) for side in np.split(seen, 2))]).T


def ceilings() -> Iterator[tuple[str, dict[str, float], dict[str, float]]]:
    """Each origin's name, losses of the trees that look ahead, and of recent weeks."""
    import lightgbm

    sales, vectors = retail_sales()
    features = DemandFeatures(sales, vectors)
    units, last = sales.units.astype(np.float64), len(sales.weeks) - 1
    tables = {week: features.at(week).to_numpy() for week in range(WARM_UP, last)}

    def rows(origin: int, week: int, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        chosen = np.flatnonzero((units[:, origin - 11 : origin + 1] > 0).sum(axis=1) >= least)
        level = features.level(origin)
        ahead = np.full((len(chosen), 1), week - origin)
        seen = np.hstack([tables[origin][chosen], ahead, around(units, level, week)[chosen]])
        return seen, units[chosen, week], level[chosen]

    for name in tqdm(ORIGINS, "origins"):
        origin = int(np.flatnonzero(sales.weeks == np.datetime64(name))[0])
        tested = range(origin + 1, origin + 1 + HORIZON)
        # Of the pairs of a week and one ahead every third, spread evenly, is enough to learn from.
        pairs = [(at, at + ahead) for at in range(WARM_UP, last) for ahead in range(1, HORIZON + 1)]
        pairs = [pair for place, pair in enumerate(pairs) if pair[1] not in tested and pair[1] <= last]
        lessons = [rows(*pair, LEARNED_FROM) for pair in pairs[::3]]
        seen, demand, level = (np.concatenate(part) for part in zip(*lessons, strict=True))
        asked = [rows(origin, week, REGULAR) for week in tested]
        truth = np.stack([one[1] for one in asked], axis=1)
        known = units[:, : origin + 1]
        regular = (known[:, -12:] > 0).sum(axis=1) >= REGULAR
        recent = np.quantile(known[regular, -12:], (0.5, 0.9), axis=1)
        data = lightgbm.Dataset(seen, demand / level, weight=level, free_raw_data=False)
        said = []
        for share in (0.5, 0.9):
            asks = {**TREES, "objective": "quantile", "alpha": share, "seed": 0}
            head = lightgbm.train(asks, data, TREES_OF_A_HEAD)
            said.append(np.stack([head.predict(one[0]) * one[2] for one in asked], axis=1))
        eighth = np.median(known[regular, -8:], axis=1)[:, None]
        yield (
            name,
            {"wape": wape(truth, said[0]), "pinball": _pinball(truth, said)},
            {"wape": wape(truth, eighth), "pinball": _pinball(truth, [q[:, None] for q in recent])},
        )


def _pinball(demand: np.ndarray, said: list[np.ndarray]) -> float:
    """Of the quantiles 0.5 and 0.9 together, over mean demand."""
    short = [demand - quantile for quantile in said]
    lost = [np.maximum(q * s, (q - 1) * s).sum() for q, s in zip((0.5, 0.9), short, strict=True)]
    return float(np.mean(lost) / demand.sum())


def main() -> None:
    """Print each origin's ratio, and that of the means."""
    found = list(ceilings())
    for figure in ("wape", "pinball"):
        ours, simple = (np.array([one[part][figure] for one in found]) for part in (1, 2))
        each = " ".join(f"{ratio:.3f}" for ratio in ours / simple)
        print(f"{figure}: {ours.mean() / simple.mean():.3f} ({each})")


if __name__ == "__main__":
    main()
