"""Two years of what shoppers did: weekly demand that follows price, season and growth; tastes decide who."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from catalog.sample.world import (
    BRANDS,
    CATEGORIES,
    CO_PURCHASE,
    PRODUCT_PAIR_PROBABILITY,
    START,
    WEEKS,
    YEARLY_GROWTH,
    colours_of,
    random,
    season,
)

__all__ = ["Events", "make_events"]

PRICE_STEPS = np.array([0.5, 0.65, 0.8, 1.0, 1.2, 1.4, 1.6])
STEADY_STEPS = np.array([0.9, 1.0, 1.1])
TRIED = 0.25
"""Share of a category, what sells most in it, whose prices the shop tries out over all steps: nobody learns
from the price of what hardly sells. The others have three prices at most."""
STEP_WEEKS = 6
"""Prices stay for this many weeks; then a product may move to another step."""


@dataclass(frozen=True)
class Events:
    """The events and the numbers behind them.

    Attributes:
        table: user_id, product_id, event, quantity, unit_price, time, order_id, by time.
        weekly: (products, WEEKS) expected purchase lines before companions are added.
        partners: product pairs bought together: first, second.
    tried: (products,) bool, whose prices move over all steps.
    """

    table: pd.DataFrame
    weekly: np.ndarray
    partners: list[tuple[str, str]]
    tried: np.ndarray


@dataclass(frozen=True)
class _Lines:
    """Purchase lines as parallel arrays: order, shopper, product, week, second within the week."""

    order: np.ndarray
    shopper: np.ndarray
    product: np.ndarray
    week: np.ndarray
    second: np.ndarray


def make_events(plan: pd.DataFrame, seed: int) -> Events:
    """Events of the planned products (their index is 0..n-1).

    A product's expected purchases in a week are weekly(category) x popularity x season(month) x
    growth x (price / list price) ** its own elasticity, from its launch on. Who buys is drawn by taste:
    categories, a favourite brand in each department, a favourite colour.
    """
    rng = random(seed, "events")
    tried = _tried(plan)
    prices = plan["list_price"].to_numpy()[:, None] * _price_path(rng, tried)
    weekly = _demand(plan, prices)
    affinity = _affinity(rng, plan)
    partners = _partners(rng, plan)
    bought = _first_lines(rng, weekly, affinity)
    bought = _with_companions(rng, plan, weekly, bought, partners)
    purchases = _frame(bought, "purchase")
    purchases["quantity"] = 1 + (rng.random(len(purchases)) < 0.12) + (rng.random(len(purchases)) < 0.04)
    table = pd.concat([purchases, _before_buying(rng, purchases), _browsing(rng, plan, affinity)])
    table = table.sort_values(["time", "shopper", "product", "event"], kind="stable")
    table = table.drop_duplicates(["time", "shopper", "product", "event"])  # cleaning takes them for repeats
    week = ((table["time"] - pd.Timestamp(START)).dt.days // 7).clip(0, WEEKS - 1)
    table["unit_price"] = prices[table["product"].to_numpy(), week.to_numpy()].round(2)
    ids = plan["product_id"].to_numpy()
    columns = {
        "user_id": "u" + table["shopper"].astype(str).str.zfill(5),
        "product_id": ids[table["product"].to_numpy()],
        "event": table["event"],
        "quantity": table["quantity"].astype("int64"),
        "unit_price": table["unit_price"],
        "time": table["time"],
        "order_id": table["order"].map(lambda n: f"o{n:06d}" if n >= 0 else ""),
    }
    named = [(str(ids[a]), str(ids[b])) for a, b in partners]
    return Events(pd.DataFrame(columns).reset_index(drop=True), weekly, named, tried)


def _tried(plan: pd.DataFrame) -> np.ndarray:
    """(n,) bool: the most popular products of each category."""
    rank = plan.groupby("category")["popularity"].rank(ascending=False, method="first", pct=True)
    return rank.to_numpy() <= TRIED


def _price_path(rng: np.random.Generator, tried: np.ndarray) -> np.ndarray:
    """(n, WEEKS) price over list price, piecewise constant."""
    shape = (len(tried), WEEKS // STEP_WEEKS + 1)
    wide, narrow = (some[rng.integers(0, len(some), shape)] for some in (PRICE_STEPS, STEADY_STEPS))
    steps = np.where(tried[:, None], wide, narrow)
    return np.repeat(steps, STEP_WEEKS, axis=1)[:, :WEEKS]


def _demand(plan: pd.DataFrame, prices: np.ndarray) -> np.ndarray:
    category = plan["category"].to_numpy()
    weeks = START + np.arange(WEEKS) * np.timedelta64(7, "D") + np.timedelta64(3, "D")
    months = weeks.astype("datetime64[M]").astype(int) % 12
    seasons = np.array([season(c)[months] for c in CATEGORIES])[category]
    base = np.array([c.weekly for c in CATEGORIES])[category] * plan["popularity"].to_numpy()
    elasticity = plan["elasticity"].to_numpy()
    growth = (1 + YEARLY_GROWTH) ** (np.arange(WEEKS) / 52)
    effect = (prices / plan["list_price"].to_numpy()[:, None]) ** elasticity[:, None]
    on_sale = weeks[None, :] > plan["launched"].to_numpy()[:, None]
    return base[:, None] * seasons * growth * effect * on_sale


def _affinity(rng: np.random.Generator, plan: pd.DataFrame) -> np.ndarray:
    """(shoppers, products) relative inclination; about two and a half shoppers a product."""
    shoppers = max(60, int(2.5 * len(plan)))
    category = plan["category"].to_numpy()
    taste = rng.dirichlet(np.full(len(CATEGORIES), 0.25), shoppers) + 0.003
    active = rng.gamma(0.7, 1.0, shoppers) + 0.05
    weights = active[:, None] * taste[:, category]
    for department, brands in BRANDS.items():
        inside = np.flatnonzero(np.array([CATEGORIES[c].department == department for c in category]))
        favourite = np.array(brands)[rng.integers(0, len(brands), shoppers)]
        palette = colours_of(department)
        colour = np.array(palette)[rng.integers(0, len(palette), shoppers)]
        same_brand = favourite[:, None] == plan["brand"].to_numpy()[inside][None, :]
        same_colour = colour[:, None] == plan["colour"].to_numpy()[inside][None, :]
        weights[:, inside] *= np.where(same_brand, 4.0, 1.0) * np.where(same_colour, 3.0, 1.0)
    return weights


def _partners(rng: np.random.Generator, plan: pd.DataFrame) -> list[tuple[int, int]]:
    """Pairs of products (3% of them) of different categories, sold from the start, of good popularity."""
    category, popularity = plan["category"].to_numpy(), plan["popularity"].to_numpy()
    early = plan["launched"].to_numpy() <= START
    chosen = rng.permutation(np.flatnonzero(early & (popularity > np.median(popularity))))
    pairs: list[tuple[int, int]] = []
    wanted = max(2, int(0.03 * len(plan)))
    for first, second in zip(chosen[::2].tolist(), chosen[1::2].tolist(), strict=False):
        if category[first] != category[second] and len(pairs) < wanted:
            pairs.append((first, second))
    return pairs


def _first_lines(rng: np.random.Generator, weekly: np.ndarray, affinity: np.ndarray) -> _Lines:
    """One order a line: Poisson counts by product and week, shoppers by affinity."""
    counts = rng.poisson(weekly)
    product, week = (np.repeat(part.ravel(), counts.ravel()) for part in np.indices(counts.shape))
    cumulative = np.cumsum(affinity, axis=0)
    shopper = np.empty(len(product), np.int64)
    draws = rng.random(len(product))
    for index in np.unique(product):  # lines come by product
        rows = slice(*np.searchsorted(product, [index, index + 1]))
        column = cumulative[:, index]
        shopper[rows] = np.searchsorted(column, draws[rows] * column[-1])
    return _Lines(np.arange(len(product)), shopper, product, week, _seconds(rng, len(product)))


def _with_companions(
    rng: np.random.Generator,
    plan: pd.DataFrame,
    weekly: np.ndarray,
    lines: _Lines,
    partners: list[tuple[int, int]],
) -> _Lines:
    """Add to some orders a product of the companion category, or the companion product."""
    category = plan["category"].to_numpy()
    paths = [c.path for c in CATEGORIES]
    source: list[np.ndarray] = []
    added: list[np.ndarray] = []
    for first, second, probability in CO_PURCHASE:
        rows = np.flatnonzero(category[lines.product] == paths.index(first))
        rows = rows[rng.random(len(rows)) < probability]
        options = np.flatnonzero(category == paths.index(second))
        cumulative = np.cumsum(weekly[options], axis=0)  # price and season of the week count here too
        draws = rng.random(len(rows)) * cumulative[-1, lines.week[rows]]
        picks = (cumulative[:, lines.week[rows]] <= draws).sum(axis=0)
        source.append(rows)
        added.append(options[np.minimum(picks, len(options) - 1)])
    for one, other in partners:
        rows = np.flatnonzero(lines.product == one)
        rows = rows[rng.random(len(rows)) < PRODUCT_PAIR_PROBABILITY]
        source.append(rows)
        added.append(np.full(len(rows), other))
    rows, products = np.concatenate(source), np.concatenate(added)
    joined = [
        np.concatenate([part, part[rows]]) for part in (lines.order, lines.shopper, lines.week, lines.second)
    ]
    return _Lines(joined[0], joined[1], np.concatenate([lines.product, products]), joined[2], joined[3])


def _seconds(rng: np.random.Generator, n: int) -> np.ndarray:
    """Second within the week; evenings are busier."""
    hour = np.clip(rng.normal(17.5, 4.5, n), 0, 23.99)
    return rng.integers(0, 7, n) * 86_400 + (hour * 3600).astype(np.int64)


def _frame(lines: _Lines, event: str) -> pd.DataFrame:
    offset = lines.week * 7 * 86_400 + lines.second
    time = START.astype("datetime64[s]") + offset.astype("timedelta64[s]")
    frame = pd.DataFrame(
        {"shopper": lines.shopper, "product": lines.product, "time": time, "order": lines.order}
    )
    return frame.assign(event=event, quantity=1)


def _before_buying(rng: np.random.Generator, purchases: pd.DataFrame) -> pd.DataFrame:
    """A view and a cart before each purchase, minutes earlier."""
    parts = []
    for event, earliest, latest in (("cart", 60, 600), ("view", 700, 5000)):
        back = pd.to_timedelta(rng.integers(earliest, latest, len(purchases)), unit="s")
        parts.append(purchases.assign(event=event, time=purchases["time"] - back, order=-1, quantity=1))
    return pd.concat(parts)


def _browsing(rng: np.random.Generator, plan: pd.DataFrame, affinity: np.ndarray) -> pd.DataFrame:
    """Sessions of two to six views within one category; every eighth view goes to the cart."""
    sessions = 9 * len(plan)
    activity = np.cumsum(affinity.sum(axis=1))
    shopper = np.searchsorted(activity, rng.random(sessions) * activity[-1])
    week = np.minimum((WEEKS * rng.random(sessions) ** 0.93).astype(np.int64), WEEKS - 1)
    length = rng.integers(2, 7, sessions)
    category = plan["category"].to_numpy()
    liked = affinity * plan["popularity"].to_numpy()
    per_category = np.stack([liked[:, category == c].sum(axis=1) for c in range(len(CATEGORIES))], axis=1)
    cumulative = np.cumsum(per_category, axis=1)[shopper]
    drawn = (cumulative < (rng.random(sessions) * cumulative[:, -1])[:, None]).sum(axis=1)
    chosen = np.repeat(drawn, length)
    owner, start = np.repeat(shopper, length), np.repeat(_seconds(rng, sessions), length)
    step = np.arange(len(chosen)) - np.repeat(np.cumsum(length) - length, length)
    product = np.zeros(len(chosen), np.int64)
    for index in range(len(CATEGORIES)):
        rows, options = np.flatnonzero(chosen == index), np.flatnonzero(category == index)
        sums = np.cumsum(liked[:, options], axis=1)[owner[rows]]
        picks = (sums < (rng.random(len(rows)) * sums[:, -1])[:, None]).sum(axis=1)
        product[rows] = options[np.minimum(picks, len(options) - 1)]
    moment = np.minimum(start + step * rng.integers(20, 120, len(chosen)), 7 * 86_400 - 1)
    lines = _Lines(np.full(len(chosen), -1), owner, product, np.repeat(week, length), moment)
    views = _frame(lines, "view")
    views = views[views["time"].to_numpy() >= plan["launched"].to_numpy()[views["product"].to_numpy()]]
    carts = views[rng.random(len(views)) < 0.125]
    later = carts["time"] + pd.Timedelta(seconds=15)
    return pd.concat([views, carts.assign(event="cart", time=later)])
