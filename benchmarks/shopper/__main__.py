"""Ask a shop what shoppers ask, with answers that can be checked.

    python -m benchmarks.shopper [--catalog sample flipkart] [--only ROW ...]
    python -m benchmarks.shopper --workspace FOLDER [--release ID] --failures [5]

Without a folder it asks the workspaces of the catalogues (SHELFSPACE_WORKSPACES), which the chain has
released, and writes benchmarks/results/shopper.json and the table of docs/search.md. With folders, with
some rows alone, or with `--failures`, it writes nothing and prints.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.shopper.failures import failures
from benchmarks.shopper.rows import ROWS, figure, kinds_table, table
from benchmarks.shopper.runner import ask_all, intentions, kinds, values
from benchmarks.shopper.shop import serve

PROJECT = Path(__file__).resolve().parents[2]
RESULT = PROJECT / "benchmarks" / "results" / "shopper.json"
CATALOGUES = ("sample", "flipkart")


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--catalog", nargs="+", default=list(CATALOGUES), help="catalogues of the workspaces")
    parser.add_argument("--workspace", nargs="+", type=Path, help="folders of released workspaces instead")
    parser.add_argument("--release", default="", help="its id; default the live one")
    parser.add_argument(
        "--only", nargs="+", metavar="ROW", default=[], choices=list(ROWS), help="these rows alone"
    )
    parser.add_argument(
        "--failures", nargs="?", type=int, const=3, help="print so many bad answers of each kind"
    )
    parser.add_argument("--out", type=Path, help="write rows and kinds to this file as JSON")
    chosen = parser.parse_args()
    from shelfspace.files import write_json
    from shelfspace.workspace import Workspace

    folders = chosen.workspace or [Workspace.find(name).root for name in chosen.catalog]
    by_catalogue: dict[str, dict[str, Any]] = {}
    told: list[dict[str, Any]] = []
    for folder in folders:
        with tempfile.TemporaryDirectory() as scratch:
            shop = serve(folder.resolve(), Path(scratch), chosen.release)
            try:
                asked = list(ask_all(shop, intentions(shop, chosen.only)))
            finally:
                shop.close()
            by_catalogue[shop.name] = values(shop, asked)
            told += kinds(shop, asked)
            if chosen.failures:
                print(failures(shop, asked, chosen.only or [*ROWS, ""], chosen.failures))
    rows = []
    for row in ROWS.values():
        if chosen.only and row.id not in chosen.only:
            continue
        found = {name: own[row.id] for name, own in by_catalogue.items() if row.id in own}
        rows.append(figure(row, found, "" if found else "not measured"))
    result = {
        "machine": {"machine": platform.machine(), "cores": os.cpu_count()},
        "rows": rows,
        "kinds": told,
    }
    print(table(rows))
    print()
    print(kinds_table(told))
    if chosen.out:
        write_json(chosen.out, result)
    if not (chosen.workspace or chosen.only or chosen.failures):
        write_json(RESULT, result)


if __name__ == "__main__":
    main()
