"""Measure search: words, vectors, and both, on judged queries.

    python -m benchmarks.search [--scratch FOLDER] [--threads 1]
    python -m benchmarks.search --mixes
    python -m benchmarks.search --judgements FOLDER --release FOLDER

The first trains five models (the vectors are kept, so a second run trains none) and writes
benchmarks/results/search.json and the tables of docs/search.md. The second measures queries of a word and
a photo, a sound or a product on the current release of the catalogue's workspace (SHELFSPACE_CATALOG,
SHELFSPACE_WORKSPACES) and puts the figures beside those of the first. The third measures a release on
judgements of your own (format: retrieval/ranking/training/judgements.py) and prints the table.
"""

import argparse
import os
import platform
from pathlib import Path
from typing import Any

from tqdm import tqdm

PROJECT = Path(__file__).resolve().parents[2]
RESULT = PROJECT / "benchmarks" / "results" / "search.json"
PAGE = PROJECT / "docs" / "search.md"
CACHE = PROJECT / "workspaces" / ".benchmarks"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
MIXES_BEGIN, MIXES_END = "<!-- mixes: begin -->", "<!-- mixes: end -->"


def measure_listings(cache: Path, scratch: Path) -> dict[str, Any]:
    """Train what is missing, rank for all folds; the JSON-able result."""
    import torch

    from benchmarks.search.listings import read_listings
    from benchmarks.search.report import confidence, rows_of
    from benchmarks.search.runner import FoldResult, run_fold
    from benchmarks.search.vectors import FOLDS, RECIPE, fold_rows, fold_vectors
    from shelfspace.settings import load_settings

    settings = load_settings(overrides=RECIPE)
    listings = read_listings(settings, cache)
    results: dict[str, list[FoldResult]] = {"without": [], "with": []}
    for fold in tqdm(range(FOLDS), "folds", mininterval=1):
        learnt, _, _ = fold_rows(listings.data, fold)
        names = listings.names
        found = fold_vectors(
            listings.data, listings.paths[:, 1], names, listings.taught_names(learnt), fold, cache, scratch
        )
        for index, done in results.items():
            done.append(run_fold(listings, found, names, fold, category=index == "with"))
    return {
        "machine": {"machine": platform.machine(), "cores": os.cpu_count(), "torch": torch.__version__},
        "recipe": RECIPE,
        "rows": rows_of(dict(results)),
        "confidence": confidence(results["without"]),
    }


def write_page(result: dict[str, Any]) -> None:
    """Put the tables between the page's marks.

    Raises:
        ValueError: the page has no marks.
    """
    from benchmarks.search.report import tables

    said = result["confidence"]
    lines = (
        "The score of the first hit is the gain to be expected. Its median is "
        f"{said['answered_median']:.2f} for held-out titles and {said['lost_median']:.2f} for the same "
        f"titles with each word spelt backwards (highest {said['lost_highest']:.2f}); a title with an "
        f"answer scores above one without in {said['separation']:.1%} of all pairs."
    )
    write_between(BEGIN, END, f"{tables(result['rows'])}\n\n{lines}")


def write_between(begin: str, end: str, text: str) -> None:
    """Put text between two marks of the page.

    Raises:
        ValueError: the page has no such marks.
    """
    from shelfspace.files import write_text

    page = PAGE.read_text()
    if begin not in page or end not in page:
        raise ValueError(f"{PAGE} lacks the marks {begin} and {end}")
    before, rest = page.split(begin, 1)
    write_text(PAGE, f"{before}{begin}\n{text}\n{end}{rest.split(end, 1)[1]}")


def write_mixes() -> None:
    """Measure mixed queries; keep what else was measured."""
    from benchmarks.search.mixes import measure_mixes, mixes_table
    from shelfspace.files import read_json, write_json
    from shelfspace.workspace import Workspace

    found = measure_mixes(Workspace.open(os.environ.get("SHELFSPACE_CATALOG") or "sample"))
    write_json(RESULT, {**read_json(RESULT), "mixes": found})
    write_between(MIXES_BEGIN, MIXES_END, mixes_table(found))
    print(mixes_table(found))


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--cache", type=Path, default=CACHE, help="where features and vectors are kept")
    parser.add_argument("--scratch", type=Path, default=CACHE / f"search-{os.getpid()}")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--mixes", action="store_true", help="measure mixed queries on the workspace")
    parser.add_argument("--judgements", type=Path, help="a folder of judgements to measure a release on")
    parser.add_argument("--release", type=Path, help="the folder of that release")
    chosen = parser.parse_args()

    import torch

    torch.set_num_threads(chosen.threads)
    if (chosen.judgements is None) != (chosen.release is None):
        parser.error("give --judgements and --release together, or neither")
    if chosen.judgements is not None:
        from benchmarks.search.judged_release import measure_release
        from benchmarks.search.report import tables

        print(tables(measure_release(chosen.judgements, chosen.release)))
        return
    if chosen.mixes:
        write_mixes()
        return
    from benchmarks.quality.datasets import available
    from shelfspace.files import read_json, write_json

    reason = available("flipkart")
    if reason:
        raise SystemExit(f"nothing to measure: {reason}")
    result = measure_listings(chosen.cache, chosen.scratch)
    kept = read_json(RESULT).get("mixes") if RESULT.is_file() else None
    write_json(RESULT, result if kept is None else {**result, "mixes": kept})
    write_page(result)
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
