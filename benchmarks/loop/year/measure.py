"""One seed of the half year, measured: its rivals, the platform's own half, and their areas.

    python -m benchmarks.loop.year.measure SEED FOLDER [--rivals]

What was measured lies in the folder and is not measured again; a seed that was killed goes on.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.loop.year.areas import by_day, gain, lived_models
from benchmarks.loop.year.judge import Judge
from benchmarks.loop.year.messenger import agreement
from benchmarks.loop.year.rivals import rivals
from benchmarks.loop.year.schedule import Schedule, draw
from shelfspace.files import read_json, write_json

__all__ = ["RESULT", "measure"]

RESULT, TIMELINE = "measured.json", "timeline.json"
TRIES = 2
"""Times that the platform's half is begun before it is given up."""


def measure(seed: int, folder: Path) -> dict[str, Any]:
    """Everything of one seed; the record that is written to `RESULT`.

    Returns:
        seed, events, and by policy (never, weekly, oracle, loop) its trainings after the first, gain and
        quality by day; the loop's timeline.

    Raises:
        RuntimeError: the platform's half did not come to its end.
    """
    if (folder / RESULT).is_file():
        return read_json(folder / RESULT)
    schedule = draw(seed)
    policies = measured_rivals(schedule, folder)
    timeline = lived(seed, folder / "live")
    judge = Judge(schedule, folder)
    models = lived_models(timeline, folder / "live" / "models")
    first = models[0][1]
    policies["loop"] = _policy(by_day(schedule, judge, models), int(timeline["steps"][-1]["trainings"]))
    never = np.array(policies["never"]["by_day"])
    for policy in policies.values():
        policy["gain"] = round(gain(np.array(policy["by_day"]), never), 3)
    same = [
        judge.quality(model, schedule.steps[0]) for model in (first, folder / "models" / "start" / "model")
    ]
    found = {
        "seed": seed,
        "events": [{"kind": e.kind, "day": e.day, "step": e.step, "what": e.what} for e in schedule.events],
        "policies": policies,
        "service_agrees": round(agreement(timeline, judge, folder / "live" / "models"), 3),
        "first_models": {"chain": same[0].value, "in process": same[1].value},
        "timeline": timeline,
    }
    write_json(folder / RESULT, found)
    return found


def measured_rivals(schedule: Schedule, folder: Path) -> dict[str, dict[str, Any]]:
    """Trainings and quality by day of each rival; kept in rivals.json."""
    kept = folder / "rivals.json"
    if kept.is_file():
        return read_json(kept)
    began, judge, found = time.monotonic(), Judge(schedule, folder), {}
    for name, models in rivals(schedule, folder):
        found[name] = _policy(by_day(schedule, judge, models), len(models) - 1)
        mean = np.mean(np.array(found[name]["by_day"])[:, 0])
        _say(schedule.seed, f"{name}: quality {mean:.3f}, {time.monotonic() - began:.0f} s so far")
    write_json(kept, found)
    for name in ("clean", "as-it-comes"):
        shutil.rmtree(folder / name)
    return found


def lived(seed: int, folder: Path) -> dict[str, Any]:
    """The timeline of the platform's half, lived through in a process of its own where none is whole.

    Raises:
        RuntimeError: it did not come to its end.
    """
    for _ in range(TRIES):
        if not _whole(seed, folder):
            line = [sys.executable, "-m", "benchmarks.loop.year.live", str(seed), str(folder)]
            with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                for said in process.stdout:
                    _say(seed, said.rstrip())
    if not _whole(seed, folder):
        raise RuntimeError(f"seed {seed}: the platform did not come to the end of the half year")
    shutil.rmtree(folder / "workspaces", ignore_errors=True)
    return read_json(folder / TIMELINE)


def _whole(seed: int, folder: Path) -> bool:
    file = folder / TIMELINE
    return file.is_file() and len(read_json(file)["steps"]) == len(draw(seed).steps)


def _policy(quality: np.ndarray, trainings: int) -> dict[str, Any]:
    return {"trainings": trainings, "by_day": quality.round(4).tolist()}


def _say(seed: int, what: str) -> None:
    print(f"seed {seed}: {what}", flush=True)


def main() -> None:
    """Measure one seed."""
    import torch

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seed", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rivals", action="store_true", help="measure the rivals alone")
    given = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    torch.set_num_threads(1)
    folder = given.folder.resolve()
    if given.rivals:
        measured_rivals(draw(given.seed), folder)
    else:
        said: Mapping[str, Any] = measure(given.seed, folder)
        _say(given.seed, ", ".join(f"{k}: gain {v['gain']}" for k, v in said["policies"].items()))


if __name__ == "__main__":
    main()
