"""Faults of every kind on a tiny shop, each followed by recovery and a comparison with a clean run's bytes.

    python -m benchmarks.faults [--only WORD] [--folder workspaces/.benchmarks/faults] [--fresh]

One clean run is made; each fault happens to a copy of its workspace. The rows go to
benchmarks/results/faults.json and the table of docs/RELIABILITY.md; with --only to the folder alone, where
a later call takes them from. So it can be interrupted, and shared among processes.
"""

import argparse
import os
import shutil
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults.catalogue import write_catalogue
from benchmarks.faults.fault import OUTCOMES, judge
from benchmarks.faults.listed import faults
from benchmarks.faults.page import write_page
from benchmarks.faults.world import World, content, preload, say
from releases.pointer import current_id
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.files import read_json, write_json
from shelfspace.hashing import fingerprint
from shelfspace.workspace import PROJECT, REQUEST_LOG

RESULT = PROJECT / "benchmarks" / "results" / "faults.json"


def clean_world(folder: Path) -> World:
    """The workspace of one undisturbed run of the chain; one that is there is taken."""
    made = World(folder / "clean", write_catalogue(folder / "shop"))
    done = folder / "clean.done"
    if not done.exists():
        shutil.rmtree(made.folder, ignore_errors=True)
        made.folder.mkdir(parents=True)
        ended = made.run("chain")
        if ended.how != "done":
            raise SystemExit(f"the clean run {ended.how}: {ended.said}")
        logged(made)
        done.touch()
    return made


def logged(made: World) -> None:
    """Write what a service would have: requests it was asked, and changes to the live release."""
    root = made.workspace.root
    for path in (made.workspace.live / REQUEST_LOG, root / "delta" / f"{current_id(root)}.log"):
        with closing(DurableLog(path, {"release": "", "workspace": root.name})) as log:
            log.append(LogEntry({"asked": number}, np.full(32, number, np.float32)) for number in range(40))


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The two rows that the aims are about."""
    silent = sum(row["outcome"] not in OUTCOMES or not row["same_as_clean"] for row in rows)
    return [{"row": "faults_total", "value": len(rows)}, {"row": "faults_silent_wrong", "value": silent}]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--only", default="", help="faults whose name or place has this in it")
    parser.add_argument("--folder", type=Path, default=PROJECT / "workspaces" / ".benchmarks" / "faults")
    parser.add_argument("--fresh", action="store_true", help="begin anew; else what is there is taken")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    preload()
    if asked.fresh:
        shutil.rmtree(asked.folder, ignore_errors=True)
    asked.folder.mkdir(parents=True, exist_ok=True)
    clean = clean_world(asked.folder.resolve())
    kept = content(clean.workspace)
    rows = []
    for fault in faults(clean):
        key = fingerprint([fault.name, fault.where])[:12]
        note = asked.folder / f"{key}.json"
        if not note.exists() and asked.only in f"{fault.name}, {fault.where}":
            started = time.monotonic()
            world = clean.copy(asked.folder.resolve() / f"world-{key}")
            row = judge(fault, world, kept)
            write_json(note, row)
            say(
                f"{row['outcome'][:100]:<18} {fault.name}, {fault.where} ({time.monotonic() - started:.0f} s)"
            )
            if row["outcome"] in OUTCOMES:
                shutil.rmtree(world.folder)
        if note.exists():
            rows.append(read_json(note))
    result = {"rows": rows, "summary": summary(rows)}
    if not asked.only:
        write_json(RESULT, result)
        write_page(result)
    print("; ".join(f"{row['row']}: {row['value']}" for row in result["summary"]))
    sys.exit(int(result["summary"][1]["value"] > 0))


main()
