"""Faults of every kind on a tiny shop, each followed by recovery and a comparison with a clean run's bytes.

    python -m benchmarks.faults [--only WORD] [--folder workspaces/.benchmarks/faults] [--processes 2]

Undisturbed runs are made first; each fault happens to a copy of the first one's workspace. All is made anew
at each call. The rows go to benchmarks/results/faults.json and the table of docs/RELIABILITY.md, unless
--only chose some of the faults. It needs Linux, and the right to mount in a namespace of its own.
"""

import argparse
import multiprocessing
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.faults.disks import own_mounts
from benchmarks.faults.fault import DELIVERED, OUTCOMES, Fault, judge
from benchmarks.faults.listed import faults
from benchmarks.faults.page import write_page
from benchmarks.faults.undisturbed import UNDISTURBED, made
from benchmarks.faults.world import World, content, preload, say
from shelfspace.files import write_json
from shelfspace.provenance import code_state
from shelfspace.workspace import PROJECT

RESULT = PROJECT / "benchmarks" / "results" / "faults.json"


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The two rows that the aims are about."""
    silent = sum(row["outcome"] not in OUTCOMES or not row["same_as_clean"] for row in rows)
    return [{"row": "faults_total", "value": len(rows)}, {"row": "faults_silent_wrong", "value": silent}]


def tried(fault: Fault, number: int, clean: World, kept: dict[str, dict[str, str]]) -> dict[str, Any]:
    """One fault on a copy of the clean world, which stays where something is wrong."""
    started = time.monotonic()
    world = clean.copy(clean.folder.with_name(f"world-{number}"))
    row = judge(fault, world, kept[fault.leaves])
    row["seconds"] = round(time.monotonic() - started, 1)
    if row["outcome"] in OUTCOMES:
        shutil.rmtree(world.folder)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--only", default="", help="faults whose name or place has this in it")
    parser.add_argument("--folder", type=Path, default=PROJECT / "workspaces" / ".benchmarks" / "faults")
    parser.add_argument("--processes", type=int, default=2, help="faults that are tried at a time")
    asked = parser.parse_args()
    began, clock = datetime.now(UTC), time.monotonic()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    own_mounts()
    preload()
    folder = asked.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    fork, others = multiprocessing.get_context("fork"), [name for name in UNDISTURBED if name != "clean"]
    clean = made("clean", folder)
    with ProcessPoolExecutor(asked.processes, fork) as pool:
        others_made = pool.map(partial(made, folder=folder), others)
        worlds = {"clean": clean, **dict(zip(others, others_made, strict=True))}
    kept = {name: content(world.workspace, not name.startswith(DELIVERED)) for name, world in worlds.items()}
    say(f"undisturbed runs are made ({time.monotonic() - clock:.0f} s)")
    chosen = [fault for fault in faults(clean) if asked.only in f"{fault.name}, {fault.where}"]
    rows: list[dict[str, Any]] = [{} for _ in chosen]
    with ProcessPoolExecutor(asked.processes, fork) as pool:
        trying = partial(tried, clean=clean, kept=kept)
        at_work = {pool.submit(trying, fault, number): number for number, fault in enumerate(chosen)}
        for done, ended in enumerate(as_completed(at_work), 1):
            row = rows[at_work[ended]] = ended.result()
            of = f"{done} of {len(chosen)}"
            say(f"{of}: {row['outcome'][:200]:<16} {row['fault']}, {row['where']} ({row['seconds']} s)")
    result = {
        "rows": rows,
        "summary": summary(rows),
        "run": {
            **code_state(),
            "began": began.isoformat(timespec="seconds"),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            "minutes": round((time.monotonic() - clock) / 60, 1),
            "processes": asked.processes,
        },
    }
    if not asked.only:
        write_json(RESULT, result)
        write_page(result)
    print("; ".join(f"{row['row']}: {row['value']}" for row in result["summary"]))
    sys.exit(int(result["summary"][1]["value"] > 0))


main()
