"""Measure the service as a shop runs it.

    python -m benchmarks.serving [--rows 20000] [--only throughput,mixed,...] [--quick]

Builds a shop once below workspaces/.benchmarks, serves it with `python -m bentos`, puts it under load on
loopback, and writes benchmarks/results/serving.json, the tables of docs/serving.md and its picture. Parts
that are not asked for keep their figures of the last run.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.serving.encoders import compare_encoders
from benchmarks.serving.index_speed import index_speed
from benchmarks.serving.limits import counting_cost, end_under_load, overload, stage_times
from benchmarks.serving.mixed import HOUR, mixed
from benchmarks.serving.postgresql import postgresql_speed
from benchmarks.serving.report import page, plot
from benchmarks.serving.rules import compare_rules
from benchmarks.serving.shadow import compare_shadow
from benchmarks.serving.shop import open_shop
from benchmarks.serving.shoppers import recommendations
from benchmarks.serving.throughput import compare_servers
from shelfspace.files import read_json, write_json, write_text
from shelfspace.workspace import PROJECT, Workspace

RESULT = PROJECT / "benchmarks" / "results" / "serving.json"
PAGE = PROJECT / "docs" / "serving.md"
PICTURE = PROJECT / "docs" / "images" / "serving.png"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
LARGE = 100_000


def parts(root: Path, rows: int, quick: bool, released: Path) -> dict[str, Callable[[Path], Any]]:
    """What can be measured, by name; each takes a scratch folder.

    Args:
        released: workspace of a catalogue with events, for what shoppers ask.
    """
    seconds, rounds = (0.5, 3) if quick else (2.0, 5)
    return {
        "index": index_speed,
        "postgresql": postgresql_speed,
        "throughput": lambda at: compare_servers(open_shop(root, rows), at, (1, 16, 64), seconds, rounds),
        "rules": lambda at: compare_rules(open_shop(root, rows), at, seconds, rounds),
        "shadow": lambda at: compare_shadow(open_shop(root, rows), at, (1, 16), seconds, rounds),
        "stages": lambda at: stage_times(open_shop(root, rows if quick else LARGE), at),
        "counting": lambda at: counting_cost(open_shop(root, rows), at, seconds, rounds),
        "mixed": lambda at: mixed(open_shop(root, rows), at, 1500 if quick else HOUR),
        "overload": lambda at: overload(open_shop(root, rows), at),
        "end": lambda at: end_under_load(open_shop(root, rows), at),
        "shoppers": lambda at: recommendations(released, at, seconds, rounds),
        "encoders": lambda _: list(compare_encoders(open_shop(root, rows))),
    }


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="products of the shop")
    parser.add_argument("--only", default="", help="parts, by comma; default all")
    parser.add_argument("--quick", action="store_true", help="shorter loads, for a look")
    parser.add_argument("--folder", type=Path, default=PROJECT / "workspaces" / ".benchmarks" / "serving")
    parser.add_argument(
        "--released", type=Path, default=Workspace.open("sample").root,
        help="workspace of a released catalogue with events, for the part shoppers",
    )  # fmt: skip
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = read_json(RESULT) if RESULT.is_file() else {}
    measures = parts(given.folder, given.rows, given.quick, given.released)
    chosen = given.only.split(",") if given.only else list(measures)
    unknown = [name for name in chosen if name not in measures]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(measures)}")
    for name in chosen:
        with tempfile.TemporaryDirectory() as scratch:
            busy = os.getloadavg()[0]
            result[name] = measures[name](Path(scratch))
        result.setdefault("measured", {})[name] = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"), "load_before": round(busy, 1),
            "quick": given.quick,
        }  # fmt: skip
        result["machine"] = {"machine": platform.machine(), "cores": os.cpu_count()}
        write_json(RESULT, result)
        print(f"{name}: done", flush=True)
    plot(result, PICTURE)
    before, rest = PAGE.read_text().split(BEGIN, 1)
    measured = page(result)
    write_text(PAGE, f"{before}{BEGIN}\n{measured}\n{END}{rest.split(END, 1)[1]}")
    print(measured)


if __name__ == "__main__":
    main()
