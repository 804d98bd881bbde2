"""A half year of a shop, unattended: a real daemon and service beside never retraining, weekly, an oracle.

Five seeds, two at a time; what a seed has measured is kept, and a rerun goes on. Of each figure the worst
seed is the value. Printed meanwhile: what was planted, what the platform did about it, and when.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.loop.results import Figure
from benchmarks.loop.year.measure import RESULT, WEEKLY
from benchmarks.loop.year.pictures import picture
from benchmarks.loop.year.told import told
from benchmarks.quality.__main__ import CACHE, PROJECT
from benchmarks.sections import put_section
from shelfspace.files import read_json, write_bytes
from shelfspace.hashing import file_hash, fingerprint

__all__ = ["figures"]

SEEDS = (5, 6, 7, 8, 9)
"""What the first half years (0 to 4) showed was mended; figures are of those that nobody had seen."""
AT_ONCE = 2
GAINS = ("loop", WEEKLY)
PICTURE = PROJECT / "docs" / "images" / "half-year.png"
PAGE = PROJECT / "docs" / "run-the-loop.md"
YEAR = Path(__file__).with_name("year")
PLANTED = ("schedule.py", "stock.py", "shop.py", "params.yaml", "judge.py", "reading.py", "rivals.py")
"""What a rival's figures rest on: other bytes are measured anew, in another folder."""


def figures() -> Iterator[Figure]:
    """`loop_gain_of_oracle` and `loop_trainings_over_oracle`; once more when the weekly rival is known, too.

    Raises:
        RuntimeError: a seed could not be measured; the others are kept.
    """
    began, folder = time.monotonic(), kept_in()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        first = [pool.submit(_measured, folder, seed, False) for seed in SEEDS]
        whole = [pool.submit(_then_weekly, one, folder, seed) for one, seed in zip(first, SEEDS, strict=True)]
        for measured in (first, whole):
            found = [one.result() for one in measured]
            missing = [seed for seed, one in zip(SEEDS, found, strict=True) if one is None]
            if missing:
                pool.shutdown(cancel_futures=True)
                raise RuntimeError(
                    f"seeds {missing} were not measured; what they said stands above; run it again"
                )
            yield from _figures([one for one in found if one], round(time.monotonic() - began, 1))


def _figures(found: Sequence[Mapping[str, Any]], seconds: float) -> Iterator[Figure]:
    """Both rows, after the picture and the page's section."""
    lines = [_line(one) for one in found]
    gains = [float(line["loop gain of the oracle's"]) for line in lines]
    trainings = [_trainings(one, "loop") for one in found]
    worst, most = int(np.argmin(gains)), int(np.argmax(trainings))
    write_bytes(PICTURE, picture(found[worst], gains[worst], SEEDS))
    put_section(PAGE, "half_year", _shown(found[worst]))
    print(f"the worst: {lines[worst]}", flush=True)
    known = all(WEEKLY in one["policies"] for one in found)
    shared: dict[str, Any] = {
        "catalogue": f"generated shop, {len(found[0]['timeline']['steps'])} deliveries in half a year",
        "trials": len(found),
        "seeds": [one["seed"] for one in found],
        "seconds": seconds,
        "baseline_name": "retraining weekly, same seed" if known else "",
    }
    yield Figure(
        "loop_gain_of_oracle",
        "gain over never retraining, of an oracle's; the worst of the half years",
        gains[worst], 0.9, baseline=lines[worst]["weekly gain of the oracle's"] if known else None,
        parts=lines, reason=_reason(found, gains, trainings), **shared,
    )  # fmt: skip
    beside = _trainings(found[most], WEEKLY) if known else None
    yield Figure(
        "loop_trainings_over_oracle",
        "trainings after the first, over an oracle's; the worst of the half years",
        trainings[most], 1.5, least=True, baseline=beside, **shared,
    )  # fmt: skip


def kept_in() -> Path:
    """Folder of what is measured, by all that was planted."""
    return CACHE / f"half-year-{fingerprint([file_hash(YEAR / name) for name in PLANTED])[:12]}"


def _measured(folder: Path, seed: int, weekly: bool) -> dict[str, Any] | None:
    """One seed's record, measured in a process of its own; None where that failed."""
    place = folder / f"seed-{seed}"
    place.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, "-m", "benchmarks.loop.year.measure", str(seed), str(place)]
    done = subprocess.run([*line, "--weekly"] if weekly else line, check=False)
    return None if done.returncode else read_json(place / RESULT)


def _then_weekly(first: Future[dict[str, Any] | None], folder: Path, seed: int) -> dict[str, Any] | None:
    """The same with the weekly rival, once the rest of the seed is through."""
    return None if first.result() is None else _measured(folder, seed, True)


def _trainings(found: Mapping[str, Any], policy: str) -> float:
    return float(found["policies"][policy]["trainings"]) / float(found["policies"]["oracle"]["trainings"])


def _line(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of a seed."""
    policies = found["policies"]
    whole = policies["oracle"]["gain"]
    quality = {name: float(np.mean(np.array(p["by_day"])[:, 0])) for name, p in policies.items()}
    return {
        "seed": found["seed"],
        "poisoned delivery": _held(found),
        **{f"trainings, {name}": p["trainings"] for name, p in policies.items() if name != "never"},
        **{
            f"{name} gain of the oracle's": policies[name]["gain"] / whole
            for name in GAINS
            if name in policies
        },
        **{f"mean quality, {name}": value for name, value in quality.items()},
    }


def _shown(found: Mapping[str, Any]) -> str:
    """Picture and timeline of a seed, for the page."""
    alt = "Accuracy by day of the loop, of never and weekly retraining and of an oracle"
    return f"![{alt}](images/{PICTURE.name})\n\n{told(found)}"


def _held(found: Mapping[str, Any]) -> str:
    """What became of the poisoned delivery."""
    step = next(event["step"] for event in found["events"] if event["kind"] == "poisoned")
    names = [one["delivery"] for each in found["timeline"]["steps"] for one in each["held"]]
    return "held" if any(f"{step:03}" in name for name in names) else "taken"


def _reason(found: Sequence[Mapping[str, Any]], gains: Sequence[float], trainings: Sequence[float]) -> str:
    """What a reader must know."""
    off = [abs(one["first_models"]["chain"] - one["first_models"]["in process"]) for one in found]
    return (
        f"Mean of the seeds: {np.mean(gains):.3f} of the oracle's gain with {np.mean(trainings):.2f} times "
        "its trainings. Quality is the mean of accuracy and category recall@10 on that day's true products, "
        "and what a delivery brings about counts from the day after it, for the oracle, too. Rivals train "
        "in process by the chain's own functions; the first model, by the chain and in process on the same "
        f"products, differs by {max(off):.3f} in quality at most."
    )
