"""Run the whole chain over many listings of text, and say where its time, memory and disk go.

    python -m benchmarks.scale [--rows 100000] [--folder workspaces/.benchmarks/scale]

Writes a catalogue, runs `shelfspace demo` on it in a process of its own and prints a row for each step:
wall seconds, processor seconds and the largest resident memory of the process and its children while the
step ran. The figures go to benchmarks/results/scale.json and the tables of docs/SCALE.md; with --result to
that file alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks.scale.catalogue import write_catalogue
from benchmarks.scale.watch import Watch
from shelfspace.files import write_json, write_text
from shelfspace.workspace import PROJECT, Workspace

RESULT = PROJECT / "benchmarks" / "results" / "scale.json"
PAGE = PROJECT / "docs" / "SCALE.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SHOWN_SECONDS = 1.0
"""Shorter steps are told as one."""


def measured(folder: Path, rows: int, epochs: int = 1) -> dict[str, Any]:
    """Figures of one first run of the chain over `rows` listings, made below a folder.

    Raises:
        CalledProcessError: the chain stopped; it has said why.
    """
    shutil.rmtree(folder, ignore_errors=True)
    catalogue = folder / f"listings-{rows}"
    table = write_catalogue(catalogue, rows, epochs=epochs)
    workspace = Workspace.find(str(catalogue), folder / "workspaces")
    environment = {**os.environ, "SHELFSPACE_WORKSPACES": str(folder / "workspaces")}
    command = [sys.executable, "-m", "dagster_project.cli", "demo", "--catalog", str(catalogue)]
    with subprocess.Popen(command, cwd=PROJECT, env=environment) as process, Watch(process.pid) as seen:
        status = process.wait()
    if status:
        raise subprocess.CalledProcessError(status, command)
    steps = [
        {"step": name, "seconds": end - start, **use_of(seen, start, end)}
        for name, start, end in step_times(workspace)
    ]
    return {
        "rows": rows,
        "machine": f"{os.cpu_count()} cores, {memory_gib():.0f} GiB",
        "load": round(os.getloadavg()[2], 1),
        "csv_bytes": table.stat().st_size,
        "seconds": seen.seconds,
        **use_of(seen),
        "steps": steps,
        "disk_bytes": {at.name: size_of(at) for at in sorted(workspace.root.iterdir())},
    }


def use_of(seen: Watch, start: float = 0.0, end: float = float("inf")) -> dict[str, float]:
    """Processor seconds and most resident bytes between two moments."""
    use = seen.between(start, end)
    return {"processor_seconds": use.busy, "peak_bytes": use.resident}


def step_times(workspace: Workspace) -> list[tuple[str, float, float]]:
    """Name, start and end (Unix seconds) of each step of the workspace's last run, in order of start."""
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(workspace.state / "dagster")
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_records(limit=1)[0].dagster_run
        found = [
            (step.step_key, step.start_time, step.end_time)
            for step in instance.get_run_step_stats(run.run_id)
            if step.start_time is not None and step.end_time is not None
        ]
    return sorted(found, key=lambda step: step[1])


def memory_gib() -> float:
    """Memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; a link counts as nothing."""
    if path.is_symlink():
        return 0
    return path.stat().st_size if path.is_file() else sum(size_of(each) for each in path.iterdir())


def tables(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    shown = [step for step in figures["steps"] if step["seconds"] >= SHOWN_SECONDS]
    short = [step for step in figures["steps"] if step["seconds"] < SHOWN_SECONDS]
    rows = [[step["step"], *cells(step)] for step in shown]
    spent = [sum(step[name] for step in short) for name in ("seconds", "processor_seconds")]
    rows.append([f"{len(short)} shorter ones", *(f"{seconds:.1f}" for seconds in spent), ""])
    rows.append(["all", *cells(figures)])
    disk = sorted(figures["disk_bytes"].items(), key=lambda item: -item[1])
    told = [[name, f"{size / 1e6:,.0f}"] for name, size in disk if size >= 1e6]
    told.append(["all", f"{sum(figures['disk_bytes'].values()) / 1e6:,.0f}"])
    size = f"{figures['rows']:,} listings, a CSV of {figures['csv_bytes'] / 1e6:.0f} MB"
    where = f"{figures['machine']}, load average {figures['load']} over the last quarter of an hour"
    return "\n\n".join(
        [
            f"{size}; {where}.",
            tabulate(rows, headers=["step", "seconds", "processor seconds", "peak GB"], tablefmt="github"),
            tabulate(told, headers=["folder of the workspace", "MB"], tablefmt="github"),
        ]
    )


def cells(figures: dict[str, Any]) -> list[str]:
    """Wall seconds, processor seconds and peak memory of a step, or of all."""
    seconds, busy = figures["seconds"], figures["processor_seconds"]
    return [f"{seconds:.1f}", f"{busy:.1f}", f"{figures['peak_bytes'] / 1e9:.2f}"]


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="listings of the catalogue")
    parser.add_argument("--folder", type=Path, default=PROJECT / "workspaces" / ".benchmarks" / "scale")
    parser.add_argument("--result", type=Path, help="write the figures there, and no page")
    given = parser.parse_args()
    figures = measured(given.folder, given.rows)
    write_json(given.result or RESULT, figures)
    if given.result is None:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        write_text(PAGE, f"{before}{BEGIN}\n\n{tables(figures)}\n\n{END}{rest.partition(END)[2]}")
    print(tables(figures))


if __name__ == "__main__":
    main()
