"""One seed of the half year, measured: its rivals, the platform's own half, and their areas.

    python -m benchmarks.loop.year.measure SEED FOLDER [--weekly]

What was measured lies in the folder and is not measured again; a seed that was killed goes on. The weekly
rival trains five times as often as the others together, so it is measured when it is asked for.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.loop.year.areas import by_day, gain, lived_models
from benchmarks.loop.year.judge import Judge
from benchmarks.loop.year.rivals import rivals
from benchmarks.loop.year.schedule import Schedule, draw
from shelfspace.files import read_json, write_json

__all__ = ["RESULT", "WEEKLY", "measure"]

RESULT, TIMELINE, RIVALS = "measured.json", "timeline.json", "rivals.json"
WEEKLY = "weekly"
TRIES = 2
"""Times that the platform's half is begun before it is given up."""


def measure(seed: int, folder: Path, weekly: bool = False) -> dict[str, Any]:
    """Everything of one seed; the record that is written to `RESULT`.

    Returns:
        seed, events, and by policy (never, oracle, loop, and weekly once it was asked for) its trainings
        after the first, gain and quality by day; the loop's timeline.

    Raises:
        RuntimeError: the platform's half did not come to its end.
    """
    schedule = draw(seed)
    found = read_json(folder / RESULT) if (folder / RESULT).is_file() else _lived(schedule, folder)
    if weekly and WEEKLY not in found["policies"]:
        found["policies"][WEEKLY] = measured_rivals(schedule, folder, [WEEKLY])[WEEKLY]
    never = np.array(found["policies"]["never"]["by_day"])
    for policy in found["policies"].values():
        policy["gain"] = round(gain(np.array(policy["by_day"]), never), 3)
    write_json(folder / RESULT, found)
    return found


def _lived(schedule: Schedule, folder: Path) -> dict[str, Any]:
    """The record without the weekly rival."""
    policies = measured_rivals(schedule, folder, ["never", "oracle"])
    timeline = lived(schedule, folder / "live")
    judge = Judge(schedule, folder)
    models = lived_models(timeline, folder / "live" / "models")
    policies["loop"] = _policy(by_day(schedule, judge, models), int(timeline["steps"][-1]["trainings"]))
    first = {"chain": models[0][1], "in process": folder / "models" / "start" / "model"}
    return {
        "seed": schedule.seed,
        "events": [{"kind": e.kind, "day": e.day, "step": e.step, "what": e.what} for e in schedule.events],
        "policies": policies,
        "first_models": {name: judge.quality(one, schedule.steps[0]).value for name, one in first.items()},
        "timeline": timeline,
    }


def measured_rivals(schedule: Schedule, folder: Path, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Trainings and quality by day of some rivals; kept in rivals.json."""
    kept = folder / RIVALS
    found: dict[str, dict[str, Any]] = read_json(kept) if kept.is_file() else {}
    if not set(names) <= set(found):
        began, judge = time.monotonic(), Judge(schedule, folder)
        for name, models in rivals(schedule, folder, names):
            if name not in found:
                found[name] = _policy(by_day(schedule, judge, models), len(models) - 1)
                write_json(kept, found)
            mean = np.mean(np.array(found[name]["by_day"])[:, 0])
            _say(schedule.seed, f"{name}: quality {mean:.3f}, {time.monotonic() - began:.0f} s so far")
    return {name: found[name] for name in names}


def lived(schedule: Schedule, folder: Path) -> dict[str, Any]:
    """The timeline of the platform's half, lived through in a process of its own where none is whole.

    Raises:
        RuntimeError: it did not come to its end.
    """
    for _ in range(TRIES):
        if not _whole(schedule, folder):
            line = [sys.executable, "-m", "benchmarks.loop.year.live", str(schedule.seed), str(folder)]
            with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                for said in process.stdout:
                    _say(schedule.seed, said.rstrip())
    if not _whole(schedule, folder):
        raise RuntimeError(f"seed {schedule.seed}: the platform did not come to the end of the half year")
    shutil.rmtree(folder / "workspaces", ignore_errors=True)
    return read_json(folder / TIMELINE)


def _whole(schedule: Schedule, folder: Path) -> bool:
    file = folder / TIMELINE
    return file.is_file() and len(read_json(file)["steps"]) == len(schedule.steps)


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
    parser.add_argument("--weekly", action="store_true", help="the weekly rival, too")
    given = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    torch.set_num_threads(1)
    said = measure(given.seed, given.folder.resolve(), given.weekly)
    _say(given.seed, ", ".join(f"{k}: gain {v['gain']}" for k, v in said["policies"].items()))


if __name__ == "__main__":
    main()
