"""Is drift found where it is planted, and quiet where it is not?

    python -m benchmarks.drift [--trials 200] [--others 48] [--rival 24] [--years 200] [--only PART ...]

Parts: `years` (false retrainings a year, on Online Retail) and `shifts` (planted into a generated shop of
20,000 products and its traffic). Rows go into benchmarks/results/drift.json and docs/RESULTS.md.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.drift.shifts import SHIFTS, Shift
from benchmarks.drift.shop import PRODUCTS
from benchmarks.drift.trials import HISTORY, ROWS, WITHIN, Found, trial
from benchmarks.drift.years import has_retail, measured_years, upper_bound
from benchmarks.loop.results import PAGE, PROJECT, Figure, write_rows

RESULT = PROJECT / "benchmarks" / "results" / "drift.json"
TITLE = "Drift: false alarms, shifts found, causes named"
FORMER = "the former statistic: 40% of columns, limits for independent rows"
SHOP = f"generated sample, {PRODUCTS:,} products"


def years(simulated: int) -> Iterator[Figure]:
    """The row `false_retrains_a_year`."""
    lacks = has_retail()
    metric = "retrainings a year of daily checks without a planted shift; the worst of three kinds of year"
    about = (metric, None, 1.0, "Online Retail, 541,909 lines", simulated)
    if lacks:
        yield Figure("false_retrains_a_year", *about, least=True, reason=lacks)
        return
    started = time.monotonic()
    found = measured_years(simulated)
    span = found.real[1] / (52 * 6)
    rows = [
        (
            "the second half as it was",
            found.real[0] / span,
            upper_bound([found.real[0]], span),
            f"{span:.2f} years",
        ),
        (
            "weeks at random (blocks)",
            float(np.mean(found.blocks)),
            upper_bound(found.blocks),
            f"{simulated} years",
        ),
        (
            "rows at random",
            float(np.mean(found.independent)),
            upper_bound(found.independent),
            f"{simulated} years",
        ),
    ]
    rate = found.former[0] / max(found.former[1], 1)
    yield Figure(
        "false_retrains_a_year",
        metric,
        max(mean for _, mean, _, _ in rows),
        1.0,
        "Online Retail, 541,909 lines",
        2 * simulated + 1,
        least=True,
        interval=(0.0, max(bound for _, _, bound, _ in rows[1:])),
        baseline=52 * rate,
        baseline_name=f"{FORMER}; {found.former[0]} of {found.former[1]} weeks alarm",
        parts=[
            {"year": name, "retrainings a year": mean, "95% upper bound": bound, "of": of}
            for name, mean, bound, of in rows
        ],
        reason=f"limits from the first half's last 26 daily windows of {ROWS} lines; the interval is that of "
        f"the simulated years, as half a real year bounds no rate below {upper_bound([0], span):.1f}; in "
        f"{found.over:.1%} of the real checks some monitor was over its limit once",
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
    parser.add_argument("--others", type=int, default=48, help="trials of the sizes without a row")
    parser.add_argument(
        "--rival", type=int, default=24, help="trials in which the former statistic is asked too"
    )
    parser.add_argument("--years", type=int, default=200, help="simulated years of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--only", nargs="+", choices=["years", "shifts"], default=["years", "shifts"])
    asked = parser.parse_args()
    parts = {
        "years": lambda: years(asked.years),
        "shifts": lambda: shifts(asked.trials, asked.others, asked.rival, asked.workers),
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
