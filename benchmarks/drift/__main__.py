"""Is drift found where it is planted, and quiet where it is not?

    python -m benchmarks.drift [--trials 200] [--others 100] [--rival 24] [--years 200] [--only PART ...]

Parts: `categories` (new ones that come week by week, and misspelt ones), `cost` (what a report takes),
`prices` (of real sales, made higher), `years` (false retrainings and alerts a year, on Online Retail) and
`shifts` (planted into a generated shop of 20,000 products and its traffic). Rows go into
benchmarks/results/drift.json and docs/RESULTS.md.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.drift.arrivals import arrivals
from benchmarks.drift.cost import cost
from benchmarks.drift.shifts import SHIFTS, Shift
from benchmarks.drift.shop import PRODUCTS
from benchmarks.drift.trials import HISTORY, ROWS, WITHIN, Found, clean_year, trial
from benchmarks.drift.years import Years, has_retail, measured_years, upper_bound
from benchmarks.loop.results import PAGE, PROJECT, Figure, write_rows

RESULT = PROJECT / "benchmarks" / "results" / "drift.json"
TITLE = "Drift: false alarms, shifts found, causes named"
PARTS = ["categories", "cost", "prices", "years", "shifts"]
FORMER = "the former statistic: 40% of columns, limits for independent rows"
RETAIL = "Online Retail, 541,909 lines"
CLEAN = 12
"""Years of a generated shop without a shift."""
SHOP = f"generated sample, {PRODUCTS:,} products"


def years(simulated: int) -> Iterator[Figure]:
    """The rows `false_retrains_a_year` and `false_alerts_a_year`."""
    lacks = has_retail()
    metric = "retrainings a year of daily checks without a planted shift; the worst of seven kinds of year"
    about = (metric, None, 1.0, RETAIL, simulated)
    if lacks:
        yield Figure("false_retrains_a_year", *about, least=True, reason=lacks)
        yield alerts(simulated)
        return
    started = time.monotonic()
    daily, weekly = (measured_years(simulated, weeks) for weeks in (False, True))
    clean = [[clean_year(number, traffic) for number in range(CLEAN)] for traffic in (False, True)]
    span = daily.real[1] / (52 * 6)
    many = f"{simulated} years"
    rows = [
        ("weeks at random (blocks), checked daily", daily.blocks, None, many),
        ("rows at random, checked daily", daily.independent, None, many),
        ("weeks at random (blocks), whole weeks", weekly.blocks, None, many),
        ("generated shop, 52 windows of products", clean[0], None, f"{CLEAN} years"),
        ("generated shop, 52 windows of searches", clean[1], None, f"{CLEAN} years"),
        ("the second half as it was, checked daily", [daily.real[0]], span, f"{span:.2f} years"),
        ("the second half as it was, whole weeks", [weekly.real[0]], span, f"{span:.2f} years"),
    ]
    parts = [
        {
            "year": name,
            "retrainings a year": sum(counts) / (years or len(counts)),
            "95% upper bound": upper_bound(counts, years),
            "of": of,
        }
        for name, counts, years, of in rows
    ]
    rate = daily.former[0] / max(daily.former[1], 1)
    yield Figure(
        "false_retrains_a_year",
        metric,
        max(float(part["retrainings a year"]) for part in parts),
        1.0,
        f"{RETAIL}; generated shop",
        3 * simulated + 2 * CLEAN + 2,
        least=True,
        interval=(0.0, max(float(part["95% upper bound"]) for part in parts[:3])),
        baseline=52 * rate,
        baseline_name=f"{FORMER}; {daily.former[0]} of {daily.former[1]} weeks alarm",
        parts=parts,
        reason=_said(daily, span),
        seconds=round(time.monotonic() - started, 1),
    )
    yield alerts(simulated)


def alerts(simulated: int) -> Figure:
    """The row `false_alerts_a_year`: the question of sales as the chain asks it, in whole weeks."""
    metric = "alerts a year that sales have moved, without a planted shift; the worst kind of simulated year"
    row = "false_alerts_a_year"
    lacks = has_retail()
    if lacks:
        return Figure(row, metric, None, 1.0, RETAIL, simulated, least=True, reason=lacks)
    weekly, daily = measured_years(simulated, True), measured_years(simulated, False)
    kinds = {f"{kind}, whole weeks": told for kind, told in weekly.alerts.items()}
    kinds |= {f"{kind}, windows of a day": told for kind, told in daily.alerts.items()}
    parts = [
        {
            "year": kind,
            "alerts a year": sum(told.counts) / told.years,
            "95% upper bound": upper_bound(told.counts, told.years),
            "of": f"{told.years:.4g} years",
            "monitors": ", ".join(f"{name} {count}" for name, count in sorted(told.monitors.items())),
        }
        for kind, told in kinds.items()
    ]
    simulations = [part for part in parts if "whole weeks" in part["year"] and "random" in part["year"]]
    return Figure(
        row,
        metric,
        max(float(part["alerts a year"]) for part in simulations),
        1.0,
        RETAIL,
        2 * simulated,
        least=True,
        interval=(0.0, max(float(part["95% upper bound"]) for part in simulations)),
        parts=parts,
        reason="weeks at random put an autumn week right after June, which no shop has; where each stays "
        "within two of its own, seasons come as they do. Windows of a day are not what the chain asks about: "
        "in the first days of July a clearance sale marks down a tenth of the lines",
    )


def _said(daily: Years, span: float) -> str:
    return (
        f"limits from the first half's last 26 windows, of {ROWS} lines or whole weeks; the interval is that "
        f"of the simulated years, as half a real year bounds no rate below {upper_bound([0], span):.1f}; in "
        f"{daily.over:.1%} of the real daily checks some monitor was over its limit once; the price of the "
        "same product, which no question that retrains has, counts in `false_alerts_a_year` alone"
    )


def prices(simulated: int) -> Iterator[Figure]:
    """The row `detected_price_of_sales`: real sales in whole weeks, all of whose prices rise."""
    lacks = has_retail()
    metric = (
        "prices of real sales 30% higher: found within 3 whole weeks, from any week of the second half on"
    )
    if lacks:
        yield Figure("detected_price_of_sales", metric, None, 0.95, RETAIL, 0, reason=lacks)
        return
    started = time.monotonic()
    weekly = measured_years(simulated, True)
    trials = weekly.real[1] - 2
    parts = [
        {
            "prices higher by": f"{rise:.0%}",
            "of products": f"{share:.0%}",
            "found": found,
            "without each product's own price": without,
        }
        for (rise, share), (found, without) in weekly.dearer.items()
    ]
    found, without = weekly.dearer[0.3, 1.0]
    yield Figure(
        "detected_price_of_sales",
        metric,
        found,
        0.95,
        RETAIL,
        trials,
        interval=interval(round(found * trials), trials),
        baseline=without,
        baseline_name="the same without each product's own former price",
        parts=parts,
        reason="what the same limits give where nothing is planted: `false_alerts_a_year`",
        seconds=round(time.monotonic() - started, 1),
    )


def interval(hits: int, trials: int) -> tuple[float, float]:
    """95% bounds of a share (Wilson 1927)."""
    z, share = 1.96, hits / trials
    middle, spread = (
        share + z**2 / (2 * trials),
        z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)),
    )
    return tuple(float((middle + s * spread) / (1 + z**2 / trials)) for s in (-1, 1))  # type: ignore[return-value]


def shifts(trials: int, others: int, rival: int, workers: int) -> Iterator[Figure]:
    """The rows of planted shifts and `cause_right` with the table by shift and size."""
    rows = dict.fromkeys(shift.row for shift in SHIFTS if shift.row)
    of_row = {row: [shift for shift in SHIFTS if shift.row == row] for row in (*rows, "")}
    table: dict[Shift, dict[str, Any]] = {}
    named: list[bool] = []
    with ProcessPoolExecutor(workers) as pool:
        waiting = {}
        for row, kinds in of_row.items():
            count = -(-trials // len(kinds)) if row else others
            for shift in kinds:
                number = SHIFTS.index(shift)
                waiting[shift] = pool.submit(tried, number, count, rival // len(kinds) if row else 0)
        for row, kinds in tqdm(of_row.items(), "shifts", mininterval=1):
            found = {shift: waiting[shift].result() for shift in kinds}
            table |= {shift: _line(shift, tries) for shift, tries in found.items()}
            if row:
                yield _figure(row, kinds, [f for tries in found.values() for f in tries])
                named += [f.kind == s.kind for s, tries in found.items() for f in tries if f.after]
            yield _named(named, [table[shift] for shift in SHIFTS if shift in table])


def tried(number: int, count: int, rival: int) -> list[Found]:
    """The trials of one shift; in the first ones the rival is asked too."""
    return [trial(SHIFTS[number], seed, seed < rival) for seed in range(count)]


def _named(named: Sequence[bool], table: Sequence[dict[str, Any]]) -> Figure:
    return Figure(
        "cause_right",
        "share of found shifts whose cause is named right",
        sum(named) / max(len(named), 1),
        0.9,
        SHOP,
        len(named),
        interval=interval(sum(named), max(len(named), 1)),
        parts=table,
        reason="every shift and size; those without a row of their own were tried fewer times",
    )


def _line(shift: Shift, found: Sequence[Found]) -> dict[str, Any]:
    hits = [f for f in found if f.after]
    rival = [f.former for f in found if f.former is not None]
    return {
        "shift": shift.kind.replace("_", " "),
        "size": f"{shift.size:.0%} {shift.says}",
        "trials": len(found),
        "found": len(hits) / len(found),
        "windows until then, median": int(np.median([f.after for f in hits])) if hits else None,
        "cause right": sum(f.kind == shift.kind for f in hits) / len(hits) if hits else None,
        "verdict before the shift": sum(f.early for f in found) / len(found),
        "former statistic": float(np.mean(rival)) if rival else None,
    }


def _figure(row: str, kinds: Sequence[Shift], found: Sequence[Found]) -> Figure:
    sizes = " or ".join(f"{s.kind.replace('_', ' ')} {s.size:.0%} {s.says}" for s in kinds)
    end = " after its end" if kinds[0].ramp else ""
    catalogue = f"searches replayed from a {SHOP}" if row == "detected_queries" else SHOP
    hits, former = sum(f.after > 0 for f in found), [f.former for f in found if f.former is not None]
    return Figure(
        row,
        f"{sizes}: found within {WITHIN} windows of {ROWS} rows{end}",
        hits / len(found),
        0.95,
        f"{catalogue}, limits from {HISTORY} windows",
        len(found),
        interval=interval(hits, len(found)),
        baseline=float(np.mean(former)) if former else None,
        baseline_name=f"{FORMER}, {len(former)} trials" if former else "",
    )


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=200, help="trials of each row")
    parser.add_argument("--others", type=int, default=100, help="trials of the sizes without a row")
    parser.add_argument(
        "--rival", type=int, default=24, help="trials in which the former statistic is asked too"
    )
    parser.add_argument("--years", type=int, default=200, help="simulated years of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    asked = parser.parse_args()
    parts = {
        "years": lambda: years(asked.years),
        "shifts": lambda: shifts(asked.trials, asked.others, asked.rival, asked.workers),
        "categories": lambda: arrivals(asked.years),
        "cost": cost,
        "prices": lambda: prices(asked.years),
    }
    for part in asked.only:
        for figure in parts[part]():
            row = next(row for row in write_rows([figure], RESULT, PAGE, TITLE) if row["id"] == figure.id)
            print(
                f"{row['id']}: {row['value']} (aim {row['aim']}: {'yes' if row['reached'] else 'no'})",
                flush=True,
            )


if __name__ == "__main__":
    main()
