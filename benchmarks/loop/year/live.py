"""A half year lived by the real platform, unattended: deliveries come, shoppers ask, people act as planned.

    python -m benchmarks.loop.year.live SEED FOLDER

leaves FOLDER/timeline.json and the models of all that was live in FOLDER/models. The schedule's truth is read
by the judge alone, and by his messenger, who asks the service about a few of its products.
"""

import argparse
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from benchmarks.loop.year.schedule import Act, Schedule, draw
from benchmarks.loop.year.shop import NAME, deliver, start
from shelfspace.files import write_json
from shelfspace.parent import end_with_parent

__all__ = ["live"]

LONGEST = 600
"""Seconds that a step may take until the platform is at rest."""


def live(schedule: Schedule, folder: Path) -> dict[str, Any]:
    """Live through a schedule; gives the timeline, which is also written after each step.

    Args:
        folder: emptied first.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shop = start(schedule, folder / NAME)
    os.environ |= {"SHELFSPACE_WORKSPACES": str(folder / "workspaces"), "SHELFSPACE_CATALOG": str(shop)}
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    # Settings of sensors are read where the definitions are loaded: for this shop.
    from benchmarks.loop.year.messenger import Messenger
    from benchmarks.loop.year.platform import Platform
    from benchmarks.loop.year.timeline import Notes, lines
    from benchmarks.loop.year.traffic import Traffic

    platform = Platform(shop, folder / "workspaces")
    import dagster_project.definitions  # noqa: F401 - the folders of assets are known from then on

    messenger = Messenger(schedule, folder.parent / "truth")
    timeline: dict[str, Any] = {"seed": schedule.seed, "days": schedule.days, "ended": "", "steps": []}
    began = time.monotonic()
    platform.type("demo")
    timeline["first_seconds"] = round(time.monotonic() - began, 1)
    try:
        with platform.alive(), Traffic(platform.address, shop, schedule.seed) as traffic:
            notes = Notes(platform)
            for step in schedule.steps:
                began = time.monotonic()
                deliver(schedule, step, platform.workspace.inbox)
                unrest = rest(platform, notes)
                found = state(platform, folder / "models")
                found["classified"] = platform.classified(messenger.questions(step))
                acts = [said for act in step.acts for said in done(platform, act)]
                if acts:
                    unrest = rest(platform, notes) or unrest
                after = state(platform, folder / "models")
                planted = [event.what for event in schedule.events if event.step == step.number]
                made = {
                    "number": step.number, "day": step.day, "planted": planted, **found,
                    **{f"{name}_after_acts": value for name, value in after.items()},
                    "acts": acts, "unrest": unrest, **notes.step(),
                    "seconds": round(time.monotonic() - began, 1),
                }  # fmt: skip
                timeline["steps"].append(made)
                timeline["answers"] = dict(sorted(traffic.answers.items()))
                write_json(folder / "timeline.json", timeline)
                print("\n".join(lines(made)), flush=True)
    except BaseException as error:
        timeline["ended"] = f"{type(error).__name__}: {error}"
        write_json(folder / "timeline.json", timeline)
        raise
    return timeline


def rest(platform: Any, notes: Any) -> str:
    """Wait until nothing is to be done; what still was after the longest time, "" where nothing was."""
    end, said = time.monotonic() + LONGEST, "not looked at"
    while time.monotonic() < end and said:
        time.sleep(1)
        said = platform.at_work()
        notes.look()
    return said


def state(platform: Any, models: Path) -> dict[str, Any]:
    """The release that the service answers with and its model, which is kept for the judge."""
    from releases.champion import champion_of
    from releases.release import Release

    release = platform.served()
    made = Release.load(platform.workspace.releases / release, verify=False)
    model = champion_of(made)
    if not (models / model).is_dir():
        shutil.copytree(made.model_folder, models / model)
    return {"release": release, "champion": model}


def done(platform: Any, act: Act) -> list[str]:
    """Do what a person does; what was said."""
    from releases.bars import read_bars

    if act.kind == "rollback":
        return [f"rollback: {platform.act('rollback', '--why', act.why)}"]
    root = platform.workspace.root
    last = next((bar for bar in reversed(read_bars(root)) if not bar.lifted), None)
    if last is None:
        return ["approve: nothing is barred any more"]
    barred = [str(number) for number in last.deliveries] or [model[:12] for model in last.champions]
    return [f"approve: {platform.act('approve', what, '--why', act.why)}" for what in barred]


def main() -> None:
    """Live one seed; ends with 1 and the reason where it did not come to its end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seed", type=int)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    # Servers are stopped where this is ended by a signal, too, and where who started it was killed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    end_with_parent(os.getppid())
    try:
        live(draw(given.seed), given.folder.resolve())
    except Exception:  # noqa: BLE001 - whatever it was, it is told
        traceback.print_exc()
        sys.exit(f"seed {given.seed} did not come to its end; start it again with the same command")


if __name__ == "__main__":
    main()
