"""Ask a shop what shoppers ask, with answers that can be checked.

    python -m benchmarks.shopper [--catalog sample flipkart judged_search]
    python -m benchmarks.shopper --only own_photo_first why_true --failures
    python -m benchmarks.shopper --workspace FOLDER ... [--release ID] [--only ROW ...] [--failures 5]

The first asks the released workspaces of the catalogues (SHELFSPACE_WORKSPACES; `make demo` makes one) and a
release of judged_search, which it makes itself, and writes benchmarks/results/shopper.json and the tables of
docs/search.md. The others print, and write nothing.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality.__main__ import commit
from benchmarks.search.__main__ import CACHE, PROJECT, write_between
from benchmarks.shopper.failures import failures
from benchmarks.shopper.halves import learned_figure
from benchmarks.shopper.intention import Asked
from benchmarks.shopper.judged import NAME, WORKSPACE, judged_workspace
from benchmarks.shopper.rows import ROWS, figure, kinds_table, table
from benchmarks.shopper.runner import ask_all, intentions, kinds, values
from benchmarks.shopper.shop import Shop, serve
from benchmarks.shopper.suggest import PREFIXES, large_workspace, suggestion_times

RESULT = PROJECT / "benchmarks" / "results" / "shopper.json"
BEGIN, END = "<!-- shopper: begin -->", "<!-- shopper: end -->"
SUGGEST, LEARNED = "suggest_p99_ms", "judged_learned"
FEW_PREFIXES = 1000
"""Completed in each catalogue; the figure is that of a large one."""
CATALOGUES = ("sample", "flipkart", NAME)


def folders(catalogues: Sequence[str]) -> list[Path]:
    """The workspaces' folders of some catalogues."""
    from shelfspace.workspace import Workspace

    return [judged_workspace(CACHE) if name == NAME else Workspace.find(name).root for name in catalogues]


def asked_of(
    place: Path, release: str, only: Sequence[str], prefixes: int
) -> tuple[Shop, list[Asked], dict[str, dict[str, Any]]]:
    """The shop of a workspace, the answers to its questions, and the rows that are no questions of a shopper;
    the arguments as in `measured`."""
    apart = {}
    with tempfile.TemporaryDirectory() as folder:
        shop = serve(place, Path(folder), release)
        try:
            asked = list(ask_all(shop, intentions(shop, only)))
            if not only or SUGGEST in only:
                apart[SUGGEST] = suggestion_times(shop, prefixes)
        finally:
            shop.close()
    if place.name == WORKSPACE and (not only or LEARNED in only):
        with tempfile.TemporaryDirectory() as folder:
            apart[LEARNED] = learned_figure(place, Path(folder))
    return shop, asked, apart


def measured(
    places: Sequence[Path], release: str, only: Sequence[str], shown: int, prefixes: int
) -> dict[str, Any]:
    """The JSON-able result of some workspaces; failures are printed on the way.

    Args:
        prefixes: that are completed in each.
        release: its id; "" for the live one of each.
        only: rows; none for all.
        shown: failures of each kind of question that are printed.
    """
    by_catalogue: dict[str, dict[str, Any]] = {}
    told: list[dict[str, Any]] = []
    releases: dict[str, str] = {}
    for place in places:
        shop, asked, apart = asked_of(place.resolve(), release, only, prefixes)
        by_catalogue[shop.name] = values(shop, asked) | apart
        releases[shop.name] = shop.release
        told += kinds(shop, asked)
        if shown:
            print(failures(shop, asked, only or [*ROWS, ""], shown))
    rows = []
    for row in ROWS.values():
        if not only or row.id in only:
            found = {name: own[row.id] for name, own in by_catalogue.items() if row.id in own}
            reason = "" if found else f"nothing to ask of {', '.join(by_catalogue)}"
            rows.append({**figure(row, found, reason), "commit": commit()})
    machine = {"machine": platform.machine(), "cores": os.cpu_count()}
    return {"machine": machine, "releases": releases, "rows": rows, "kinds": told}


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--catalog", nargs="+", default=list(CATALOGUES), help=f"some of {CATALOGUES}")
    parser.add_argument("--workspace", nargs="+", type=Path, help="folders of released workspaces instead")
    parser.add_argument("--release", default="", help="its id; default the live one")
    parser.add_argument("--only", nargs="+", metavar="ROW", default=[], choices=list(ROWS), help="these rows")
    parser.add_argument(
        "--failures", nargs="?", type=int, const=3, default=0, help="print so many bad answers of each kind"
    )
    parser.add_argument("--out", type=Path, help="write the result to this file as well")
    chosen = parser.parse_args()
    from shelfspace.files import write_json

    places = chosen.workspace or folders(chosen.catalog)
    result = measured(places, chosen.release, chosen.only, chosen.failures, FEW_PREFIXES)
    if not chosen.workspace and (not chosen.only or SUGGEST in chosen.only):
        large = measured([large_workspace(CACHE / "shopper")], "", [SUGGEST], 0, PREFIXES)["rows"]
        result["rows"] = [large[0] if row["id"] == SUGGEST else row for row in result["rows"]]
    text = f"{table(result['rows'])}\n\nBy kind of question:\n\n{kinds_table(result['kinds'])}"
    print(text)
    if chosen.out:
        write_json(chosen.out, result)
    whole = set(chosen.catalog) == set(CATALOGUES) and not (chosen.workspace or chosen.release or chosen.only)
    if whole:
        write_json(RESULT, result)
        write_between(BEGIN, END, text)


if __name__ == "__main__":
    main()
