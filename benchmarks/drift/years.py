"""False retrainings: years of daily checks of a real shop in which nothing was planted.

Online Retail's lines, in windows of 500 that hold whole invoices. Limits and reference come from the first
half of the year, the checks from the second: as it was, from years that put its weeks together at random
(blocks), and from years whose rows are drawn at random. A check sees the last window that is complete on its
day; the same once more with windows of whole weeks. After a verdict the shop retrains, and the windows that
confirmed it become the reference.

Alerts are counted apart: of whole weeks, as the chain asks about sales, with the price of the same product,
which no question that retrains has. The reference stays, and an alert lasts until a check is quiet.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from benchmarks.drift.former import former_alarm
from benchmarks.insights.retail import RETAIL
from catalog.sources.open import public_data
from data_checks.drift.judge import CONFIRMED, LOOKED_AT, confirmed_in
from data_checks.drift.limits import MOST_WINDOWS, Limits, fit_limits
from data_checks.drift.monitors import measure
from data_checks.drift.prices import OWN_PRICE, said_of_prices
from data_checks.drift.questions import SALES
from data_checks.drift.windows import Window, cut_windows, pool_windows

__all__ = ["Alerts", "Years", "has_retail", "measured_years", "upper_bound"]

ROWS = 500
POOLED = 4
"""Windows of the reference."""
DRAWN = 400
"""Windows of rows drawn at random; the years of independent rows draw their days from these."""
HALF = pd.Timedelta(days=187)
RISES = {(rise, 1.0) for rise in (0.05, 0.1, 0.2, 0.3)} | {(0.3, share) for share in (0.1, 0.25, 0.5)}
"""Planted rises of prices, each with the share of the products whose prices rise."""
NEAR = 2
"""Weeks before and after a week that may stand for it in a year that keeps its seasons."""


@dataclass(frozen=True)
class Years:
    """Retrainings that were called for.

    Attributes:
        real: in the second half of the real year, and how many checks that were.
        blocks, independent: one number a simulated year.
        former: the rival's alarms in the weeks of the second half, and how many weeks.
        over: of the real second half's checks, the share in which some monitor was over its limit once.
        dearer: a planted rise to the share of the second half's windows at which it is found within
            `LOOKED_AT` windows, and to what that share is without each product's own former price.
        alerts: kind of year to its alerts.
    """

    real: tuple[int, int]
    blocks: Sequence[int]
    independent: Sequence[int]
    former: tuple[int, int]
    over: float
    dearer: Mapping[tuple[float, float], tuple[float, float]]
    alerts: Mapping[str, "Alerts"]


@dataclass(frozen=True)
class Alerts:
    """Alerts of some years: one number a year, the years that they stand for, and how many each monitor took
    part in."""

    counts: Sequence[int]
    years: float
    monitors: Mapping[str, int]


def has_retail() -> str:
    """Why nothing can be measured; "" where it can."""
    path = public_data() / RETAIL
    return (
        "" if path.is_file() else f"{path} is not there; set SHELFSPACE_DATA to the folder of the data sets"
    )


@lru_cache(1)
def lines() -> tuple[pd.DataFrame, np.ndarray]:
    """All sold lines, returns left out, as monitors see them, with the vectors of their titles."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer

    told = pd.read_parquet(public_data() / RETAIL)
    told = told[told["Quantity"].gt(0) & told["UnitPrice"].gt(0)].sort_values("InvoiceDate", kind="stable")
    title = told["Description"].fillna("")
    sold = pd.DataFrame({"product_id": told["StockCode"], "unit_price": told["UnitPrice"]})
    sold["time"] = told["InvoiceDate"].dt.tz_localize("UTC")
    rises = {rise for rise, _ in RISES} | {0.0}
    risen = {rise: sold.assign(unit_price=sold["unit_price"] * (1 + rise)) for rise in rises}
    codes, known = pd.factorize(told["StockCode"])
    names, at = np.unique(title, return_inverse=True)
    words = HashingVectorizer(n_features=2**14, alternate_sign=False).transform(names)
    early = told["InvoiceDate"].lt(told["InvoiceDate"].min() + HALF).to_numpy()
    basis = TruncatedSVD(64, random_state=0).fit(words[np.unique(at[early])])
    table = pd.DataFrame(
        {
            "time": told["InvoiceDate"].dt.tz_localize("UTC"),
            "invoice": told["InvoiceNo"],
            "log_price": np.log10(told["UnitPrice"]),
            "log_quantity": np.log10(told["Quantity"]),
            "title_length": title.str.len().astype(float),
            "category": title.str.split().str[-1].fillna("").str.upper(),
            "country": told["Country"],
            "has_customer": np.where(told["CustomerID"].notna(), "yes", "no"),
            "order": np.random.default_rng(0).permutation(len(known))[codes] / len(known),
            **{own_price(rise): said_of_prices(dearer, sold) for rise, dearer in risen.items()},
        }
    )
    return table.reset_index(drop=True), basis.transform(words).astype(np.float32)[at]


def own_price(rise: float) -> str:
    """The column of what is said of each line's price, were it higher by a share."""
    return f"{OWN_PRICE} {rise:.0%}"


def _window(
    table: pd.DataFrame,
    vectors: np.ndarray,
    rows: np.ndarray,
    blocked: bool = True,
    rise: float = 0.0,
    share: float = 1.0,
) -> Window:
    """The lines at these positions, the prices of a share of the products higher."""
    part = table.iloc[rows]
    dearer = part["order"].lt(share).to_numpy()
    others = [name for name in part if name in ("time", "invoice", "order") or name.startswith(OWN_PRICE)]
    columns = part.drop(columns=others).reset_index(drop=True)
    columns["log_price"] += np.where(dearer, np.log10(1 + rise), 0.0)
    columns[OWN_PRICE] = np.where(dearer, part[own_price(rise)], part[own_price(0.0)])
    blocks = part["invoice"].reset_index(drop=True) if blocked else None
    ends = part["time"].iloc[0], part["time"].iloc[-1]
    return Window(SALES, columns, {"title": vectors[rows]}, blocks, {}, *ends)


@lru_cache(2)
def measured_years(years: int, weekly: bool, former_weeks: int = 26) -> Years:
    """Count retrainings.

    Args:
        years: of each kind that are simulated; of whole weeks none has rows drawn at random.
        weekly: windows are whole weeks, as the chain cuts sales, not days.
        former_weeks: weeks of the second half that the rival is asked about, where windows are days.
    """
    table, vectors = lines()
    pieces = cut_windows(table["time"], ROWS, table["invoice"], 7.0 if weekly else 0.0)
    by_day = {table["time"].iloc[piece[-1]].date(): piece for piece in pieces}
    windows = [_window(table, vectors, piece) for piece in by_day.values()]
    middle = table["time"].iloc[0] + HALF
    past = [w for w in windows if w.end is not None and w.end < middle][-MOST_WINDOWS:]
    later = [w for w in windows if w.start is not None and w.start >= middle]
    start = Start(fit_limits(past), pool_windows(past[-POOLED:]), 7.0 if weekly else 7 / 6)
    distances = [measure(window, start.reference) for window in later]
    week = [int((w.end - middle).days // 7) for w in later if w.end is not None]
    rng = np.random.default_rng(0)
    drawn = [] if weekly else _drawn(table, vectors, middle, rng)
    of_drawn = [measure(window, start.reference) for window in drawn]
    days = rng.integers(0, max(len(drawn), 1), (years if drawn else 0, 52 * 6))
    late = [rows for rows, w in zip(by_day.values(), windows, strict=True) if w in later]
    dearer = {}
    for rise, share in sorted(RISES):
        risen = [_window(table, vectors, rows, rise=rise, share=share) for rows in late]
        hits = _hits(start, risen, [measure(window, start.reference) for window in risen])
        dearer[rise, share] = _found(hits), _found([over - {OWN_PRICE} for over in hits])
    mixed = [_weeks(week, rng) for _ in range(years)]
    seasons = [_weeks(week, rng, NEAR) for _ in range(2 * years)]
    hits = _hits(start, later, distances)
    return Years(
        (_retrainings(start, later, distances), len(later)),
        [_retrainings(start, *_picked(later, distances, chosen)) for chosen in mixed],
        [_retrainings(start, *_picked(drawn, of_drawn, chosen)) for chosen in days],
        (0, 0) if weekly else _former(later, week, start.reference, former_weeks),
        float(np.mean([bool(over - {OWN_PRICE}) for over in hits])),
        dearer,
        {
            "the second half as it was": _alerts([hits], len(set(week)) / 52),
            "weeks at random (blocks)": _alerts(
                [_hits(start, *_picked(later, distances, chosen)) for chosen in mixed], years
            ),
            f"each week at random within {NEAR} of it (blocks)": _alerts(
                [_hits(start, *_picked(later, distances, chosen)) for chosen in seasons], years
            ),
        },
    )


def _drawn(
    table: pd.DataFrame, vectors: np.ndarray, middle: pd.Timestamp, rng: np.random.Generator
) -> list[Window]:
    """Windows of rows of the second half drawn at random."""
    late = np.flatnonzero(table["time"].ge(middle).to_numpy())
    return [_window(table, vectors, np.sort(rng.choice(late, ROWS, False)), False) for _ in range(DRAWN)]


def _found(hits: Sequence[set[str]]) -> float:
    """Share of the windows from which on `LOOKED_AT` of them give a verdict."""
    starts = range(len(hits) - LOOKED_AT + 1)
    return float(np.mean([bool(confirmed_in(hits[i : i + LOOKED_AT])) for i in starts]))


def _hits(
    start: "Start", windows: Sequence[Window], distances: Sequence[Mapping[str, float]]
) -> list[set[str]]:
    """What is over its limit in each window of the real half."""
    return [
        _over(found, window, start.limits, start.reference, (number + 1) * start.step)
        for number, (found, window) in enumerate(zip(distances, windows, strict=True))
    ]


def _alerts(told: Sequence[Sequence[set[str]]], years: float) -> Alerts:
    """Alerts of stretches of checks, each with what is over its limit check by check."""
    counts, monitors = [], Counter[str]()
    for hits in told:
        moved = [confirmed_in(hits[max(check + 1 - LOOKED_AT, 0) : check + 1]) for check in range(len(hits))]
        begun = [now for before, now in zip([set(), *moved], moved, strict=False) if now and not before]
        counts.append(len(begun))
        monitors.update(name for now in begun for name in now)
    return Alerts(counts, years, monitors)


@dataclass(frozen=True, eq=False)
class Start:
    """What a year begins with, and the days from a check to the next."""

    limits: Limits
    reference: Window
    step: float


def _weeks(week: Sequence[int], rng: np.random.Generator, near: int = 0) -> np.ndarray:
    """Positions of the windows of weeks drawn with replacement, each week's in order.

    Args:
        week: of each window.
        near: weeks before and after each that may stand for it, one after the other; 0 for 52 of all weeks.
    """
    known = sorted(set(week))
    groups = {w: np.flatnonzero(np.asarray(week) == w) for w in known}
    if not near:
        return np.concatenate([groups[int(w)] for w in rng.choice(known, 52)])
    drawn = np.arange(len(known)) + rng.integers(-near, near + 1, len(known))
    return np.concatenate([groups[known[place]] for place in drawn.clip(0, len(known) - 1)])


def _picked(
    windows: Sequence[Window], distances: Sequence[Mapping[str, float]], chosen: np.ndarray
) -> tuple[list[Window], list[Mapping[str, float]]]:
    return [windows[i] for i in chosen], [distances[i] for i in chosen]


def _retrainings(start: Start, windows: Sequence[Window], distances: Sequence[Mapping[str, float]]) -> int:
    """Verdicts of a year whose checks see these windows, one each, on what a retraining may rest on."""
    limits, reference, known = start.limits, start.reference, True
    count, since = 0, 0
    over: list[set[str]] = []
    for day, window in enumerate(windows):
        measured = distances[day] if known else measure(window, reference)
        moved = _over(measured, window, limits, reference, (day - since + 1) * start.step)
        over = [*over[-2:], moved - {OWN_PRICE}]
        if confirmed_in(over):
            count += 1
            own = list(windows[max(0, day - MOST_WINDOWS + 1) : day + 1])
            reference, known, over, since = pool_windows(own[-CONFIRMED:]), False, [], day
            if len(own) == MOST_WINDOWS:
                limits = fit_limits(_dated(own, start.step))
    return count


def _dated(windows: Sequence[Window], step: float) -> list[Window]:
    """Windows of a year that was put together, so many days apart."""
    first = pd.Timestamp("2011-01-03", tz="UTC")
    ends = [first + pd.Timedelta(days=day * step) for day in range(len(windows))]
    return [
        Window(w.question, w.columns, w.vectors, w.blocks, w.counts, end, end)
        for w, end in zip(windows, ends, strict=True)
    ]


def _over(
    measured: Mapping[str, float], window: Window, limits: Limits, reference: Window, days: float
) -> set[str]:
    return {
        name for name, value in measured.items() if value > limits.at(name, window.rows, reference.rows, days)
    }


def _former(later: Sequence[Window], week: Sequence[int], reference: Window, weeks: int) -> tuple[int, int]:
    """The rival's alarms in the first window of each week."""
    firsts = [later[week.index(number)] for number in sorted(set(week))[:weeks]]
    return sum(former_alarm(window, reference) for window in firsts), len(firsts)


def upper_bound(counts: Sequence[int], years: float | None = None) -> float:
    """95% upper bound of the rate a year (Garwood 1936, of a Poisson count).

    Args:
        counts: of retrainings.
        years: that they were counted in; the number of counts if not given.
    """
    from scipy.stats import chi2

    total = sum(counts)
    return float(chi2.isf(0.05, 2 * (total + 1)) / 2 / (len(counts) if years is None else years))
