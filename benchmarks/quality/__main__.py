"""Run the quality benchmark; finished units are kept and not run again.

    python -m benchmarks.quality [--parts aims ablations finalists] [--only NAME ...] [--workers 2]

Writes benchmarks/results/quality.json, docs/RESULTS.md and plots after every unit that finishes, so a
run that is cut short leaves what it has measured.
"""

import argparse
import os
import platform
import subprocess
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any

from tqdm import tqdm

PROJECT = Path(__file__).resolve().parents[2]
RESULT = PROJECT / "benchmarks" / "results" / "quality.json"
PAGE = PROJECT / "docs" / "RESULTS.md"
CACHE = PROJECT / "workspaces" / ".benchmarks"
WRITTEN = (":/", ":(exclude,top)docs", ":(exclude,top)benchmarks/results")
"""Everything but the rows, pages and pictures that a run itself brings up to date."""

ABOUT = """# Quality, measured

Written by `make benchmark-quality`; {finished} of {planned} trainings are finished with this code; other
rows stay as the commit they name had them.

Data: `flipkart` is 1,050 real listings, `sounds` 688 recordings of instruments, `sample` the built-in
catalogue. Folds: five, stratified, seed 0; `grouped` keeps a brand (or a note) on one side. Values are means
over folds and seeds, ± the standard deviation over folds (sample: over seeds). Everything is fitted inside
the fold, and no training stops early. Where recipes compete (`CHOICES` in `benchmarks/quality/plan.py`),
each fold chooses on a quarter of its own training rows; what else was decided with these data in sight
stands under *How the recipes were chosen* below. Differences to the baseline are paired by fold, with the
95% interval of the corrected resampled t-test (Nadeau & Bengio 2003)."""

_read: dict[str, Any] = {}


def work(unit: Any, kept: Path, scratch: Path) -> str:
    """Run one unit in a worker process, which keeps the data set it read last."""
    import torch
    from filelock import FileLock

    from benchmarks.quality.datasets import read_data
    from benchmarks.quality.plan import overrides
    from benchmarks.quality.runner import run_unit
    from benchmarks.quality.words_to_photos import asked
    from shelfspace.files import write_json
    from shelfspace.settings import load_settings

    torch.set_num_threads(1)
    settings = load_settings(overrides=overrides(unit.recipe))
    name = f"{unit.data} {settings.preprocessing.image_size} {settings.features.arrays}"
    if name not in _read:
        _read.clear()
        # One process makes the sample and the media features; the others find them made.
        with FileLock(CACHE / "reading.lock"):
            _read[name] = read_data(unit.data, settings, CACHE)
    run = asked if unit.text == "prose" else run_unit
    result = run(_read[name], unit, scratch / f"scratch-{os.getpid()}")
    write_json(kept, result)
    return unit.key


def code_version() -> str:
    """Hash of the code that decides the figures: results of other code are not results of this code."""
    from shelfspace.hashing import file_hash, fingerprint

    files = [*sorted((PROJECT / "models").rglob("*.py")), *sorted(Path(__file__).parent.glob("*.py"))]
    shown = {"report.py", "tables.py", "plots.py", "__main__.py", "plan.py"}
    apart = {PROJECT / "models" / name for name in ("graph", "index", "release", "runtime")}
    deciding = [
        p
        for p in files
        if p.name not in shown and p.parent not in apart and not p.name.startswith(("plots_", "pictures"))
    ]
    return fingerprint([(p.name, file_hash(p)) for p in deciding])[:12]


@cache
def commit() -> str:
    """The commit that is checked out, marked where the tree differs from it beyond what benchmarks write."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, check=True).stdout

    changed = git("status", "--porcelain", "--untracked-files=no", "--", *WRITTEN)
    return git("rev-parse", "--short", "HEAD").strip() + ("-dirty" if changed else "")


def write(units: list[Any], folder: Path) -> None:
    """Rows, page and plots of the units that are finished."""
    import torch

    from benchmarks.encoders.compare import compare_all
    from benchmarks.encoders.page import families_row
    from benchmarks.quality.plan import AIMS
    from benchmarks.quality.plots import plots
    from benchmarks.quality.report import aim_rows
    from benchmarks.quality.tables import page
    from benchmarks.sections import marked_sections
    from shelfspace.files import read_json, write_bytes, write_json, write_text

    finished = [
        (u, read_json(folder / f"{u.key}.json")) for u in units if (folder / f"{u.key}.json").is_file()
    ]
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "torch": torch.__version__}
    families = families_row([one.described for one in compare_all()], commit())
    rows = with_earlier([*aim_rows(finished, commit()), families])
    kept = {"units": len(finished), "planned": len(units), "rows": rows}
    write_json(RESULT, {"machine": machine, **kept})
    pictures = plots(finished)
    for name, picture in pictures.items():
        write_bytes(PAGE.parent / "images" / f"{name}.png", picture)
    about = ABOUT.format(finished=len(finished), planned=len(units))
    links = "\n\n".join(f"![{name}](images/{name}.png)" for name in pictures)
    notes = Path(__file__).with_name("NOTES.md").read_text()
    made = page(finished, [row for row in rows if row["id"] in AIMS], about)
    if not any(unit.experiment == "sample_subsets" for unit, _ in finished):
        made += earlier_tables()
    others = marked_sections(PAGE.read_text()) if PAGE.is_file() else []
    parts = [made, *([links + "\n"] if links else []), notes, *(section + "\n" for section in others)]
    write_text(PAGE, "\n".join(parts))


def with_earlier(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, and of those that this code has not run the ones written before, which name their commit.

    What an earlier commit's network reached stands beside what is shipped now, as `learned`.
    """
    from benchmarks.quality.plan import AIMS
    from shelfspace.files import read_json

    before = {row["id"]: row for row in read_json(RESULT)["rows"]} if RESULT.is_file() else {}
    found = {row["id"]: row for row in rows}
    for name, row in found.items():
        if row.get("seeds") and "learned" not in row and name in before:
            old = before[name]
            learned = old.get("learned", old["value"] if "seeds_averaged" in old else None)
            at = old.get("learned_commit", old["commit"])
            row.update({} if learned is None else {"learned": learned, "learned_commit": at})
    # Rows of other benchmarks stand in the file too.
    names = dict.fromkeys([*AIMS, *before])
    return [found.get(name) or before[name] for name in names if name in found or name in before]


def earlier_tables() -> str:
    """The tables below the aims as the last page has them: trainings of an earlier commit."""
    if not PAGE.is_file():
        return ""
    text = PAGE.read_text()
    start, end = text.find("\n## Recipes that competed"), text.find("\n![")
    return "" if start < 0 else text[start : end if end > start else text.find("\n## What it says")]


def turn(unit: Any, slow: bool) -> tuple[int, int, int]:
    """When a unit runs: a run that is cut short has one seed of every aim, then the ablations.

    Within that one data set comes after the other, so that workers read each once.
    """
    if slow:
        level = 6
    elif unit.data != "sample":
        level = 3 if unit.experiment == "label_share" else 5 if unit.seed else 0
    elif unit.experiment in ("fusion_strategy", "label_share", "sample_fusion"):
        level = 4 if unit.seed else 2
    else:
        level = 1
    return level, unit.seed, ["sounds", "flipkart", "sample"].index(unit.data)


def main() -> None:
    """Run what is missing, part by part."""
    from benchmarks.quality.datasets import available
    from benchmarks.quality.plan import EXPERIMENTS, units
    from shelfspace.files import read_json

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--parts", nargs="+", default=list(EXPERIMENTS), choices=list(EXPERIMENTS))
    parser.add_argument("--only", nargs="+", default=[], help="run these experiments alone")
    parser.add_argument("--scratch", type=Path, default=CACHE, help="where trainings keep their checkpoints")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()

    planned = units(list(EXPERIMENTS))
    folder = CACHE / f"quality-{code_version()}"
    folder.mkdir(parents=True, exist_ok=True)
    for data in sorted({unit.data for unit in planned}):
        reason = available(data)
        if reason:
            print(f"{data} is left out: {reason}")
            planned = [unit for unit in planned if unit.data != data]
    wanted = set(units(chosen.parts))
    todo = [
        unit
        for unit in planned
        if unit in wanted
        and (not chosen.only or unit.experiment in chosen.only)
        and not (folder / f"{unit.key}.json").is_file()
    ]
    slow = set(units(["finalists"])) - set(units(["aims", "ablations"]))
    todo.sort(key=lambda unit: turn(unit, unit in slow))
    first: dict[str, Any] = {}
    for unit in todo:
        first.setdefault(unit.key, unit)
    todo = list(first.values())
    failed = 0
    with (
        ProcessPoolExecutor(chosen.workers) as pool,
        tqdm(total=len(todo), desc="units", mininterval=1) as bar,
    ):
        waiting = {
            pool.submit(work, unit, folder / f"{unit.key}.json", chosen.scratch): unit for unit in todo
        }
        for future in as_completed(waiting):
            unit = waiting[future]
            bar.update()
            error = future.exception()
            if error is not None:
                failed += 1
                tqdm.write(f"{unit}: {type(error).__name__}: {error}")
                continue
            result = read_json(folder / f"{unit.key}.json")
            value = next(result[metric] for metric in ("accuracy", "r2", "recall_at_10") if metric in result)
            tqdm.write(f"{unit.experiment} {unit.recipe} fold {unit.fold} seed {unit.seed}: {value:.3f}")
    write(planned, folder)
    print(PAGE.read_text())
    if failed:
        raise SystemExit(f"{failed} trainings failed; see above")


if __name__ == "__main__":
    main()
