"""What the applications reach on real data, each beside the simple thing that usually wins.

    python -m benchmarks.insights [--only NAME ...] [--out FILE]

A file here that holds a `Task` is a task; it is found by itself. Results are written after each figure, into
benchmarks/results/insights.json and docs/RESULTS.md; a row that was not run keeps its former value. The data
lie in SHELFSPACE_DATA; a task without its data is left out, and says so.
"""

import argparse
import os
import platform
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from tqdm import tqdm

from benchmarks.insights.page import reached, section
from benchmarks.insights.rows import ROWS, row_of
from benchmarks.insights.task import Data, Task
from benchmarks.quality.__main__ import PAGE, PROJECT, commit
from benchmarks.sections import put_section

RESULT = PROJECT / "benchmarks" / "results" / "insights.json"


def tasks() -> dict[str, Task]:
    """Every task beside this file, by name."""
    names = sorted(m.name for m in iter_modules([str(Path(__file__).parent)]) if m.name != "__main__")
    modules = [import_module(f"benchmarks.insights.{name}") for name in names]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Task)]
    return {task.name: task for task in found}


def chosen(every: dict[str, Task], only: Sequence[str]) -> list[Task]:
    """The tasks that are named, or that measure a named row; all where nothing is."""
    return [t for t in every.values() if not only or t.name in only or {*t.rows} & {*only}]


def measured(picked: Sequence[Task], data: Data) -> Iterator[dict[str, Any]]:
    """Rows, each as soon as it is known; what was left out is printed."""
    for task in tqdm(picked, "tasks", mininterval=1):
        lacks = task.lacks(data)
        if lacks:
            tqdm.write(f"{task.name} is left out: {lacks}")
            continue
        started = time.monotonic()
        for figure in task.run(data):
            row = row_of(figure, time.monotonic() - started, commit())
            tqdm.write(f"{row['id']}: {row['value']} (aim {row['aim']}: {reached(row)})")
            yield row


def with_former(rows: Sequence[dict[str, Any]], result: Path) -> list[dict[str, Any]]:
    """The rows in their order, and of those that were not run the ones of the file."""
    from shelfspace.files import read_json

    before = read_json(result)["rows"] if result.is_file() else []
    found = {row["id"]: row for row in (*before, *rows)}
    return [found[name] for name in ROWS if name in found]


def write(rows: Sequence[dict[str, Any]], result: Path, page: Path) -> None:
    """Put rows into the file and the page; the page's section is made where it has none."""
    from shelfspace.files import write_json

    kept = with_former(rows, result)
    write_json(result, {"machine": {"machine": platform.machine(), "cores": os.cpu_count()}, "rows": kept})
    put_section(page, "insights", section(kept))


def main() -> None:
    """Measure, write, print."""
    from catalog.sources.open import public_data
    from shelfspace.workspace import Workspace

    every = tasks()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [*every, *ROWS]
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[], choices=names, help="tasks or rows")
    parser.add_argument("--out", type=Path, help="write the rows to this file, and nothing else")
    asked = parser.parse_args()
    data = Data(public_data(), Workspace.find("sample").root.parent, PROJECT / "workspaces" / ".benchmarks")
    rows: list[dict[str, Any]] = []
    for row in measured(chosen(every, asked.only), data):
        rows.append(row)
        if asked.out:
            from shelfspace.files import write_json

            write_json(asked.out, {"rows": rows})
        else:
            write(rows, RESULT, PAGE)
    print(section(rows))


if __name__ == "__main__":
    main()
