"""A half year of a shop, unattended: a real daemon and service beside never retraining, weekly, an oracle.

Five seeds, two at a time; what a seed has measured is kept, and a rerun goes on. Of each figure the worst
seed is the value. Printed meanwhile: what was planted, what the platform did about it, and when.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.loop.results import Figure
from benchmarks.loop.year.measure import RESULT
from benchmarks.loop.year.pictures import picture
from benchmarks.loop.year.told import told
from benchmarks.quality.__main__ import CACHE, PROJECT
from benchmarks.sections import put_section
from shelfspace.files import read_json, write_bytes
from shelfspace.hashing import file_hash, fingerprint

__all__ = ["figures"]

SEEDS = (0, 1, 2, 3, 4)
AT_ONCE = 2
PICTURE = PROJECT / "docs" / "images" / "half-year.png"
PAGE = PROJECT / "docs" / "run-the-loop.md"
YEAR = Path(__file__).with_name("year")
PLANTED = ("schedule.py", "stock.py", "shop.py", "params.yaml", "judge.py", "reading.py", "rivals.py")
"""What a rival's figures rest on: other bytes are measured anew, in another folder."""


def figures() -> Iterator[Figure]:
    """`loop_gain_of_oracle` and `loop_trainings_over_oracle`.

    Raises:
        RuntimeError: a seed could not be measured; the others are kept.
    """
    began = time.monotonic()
    folder = kept_in()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        measured = list(pool.map(partial(_measured, folder), SEEDS))
    missing = [seed for seed, found in zip(SEEDS, measured, strict=True) if found is None]
    if missing:
        raise RuntimeError(f"seeds {missing} were not measured; what they said stands above; run it again")
    seconds = round(time.monotonic() - began, 1)
    found = [one for one in measured if one is not None]
    lines = [_line(one) for one in found]
    gains = [line["loop gain of the oracle's"] for line in lines]
    trainings = [line["trainings over the oracle's"] for line in lines]
    weekly = [line["weekly gain of the oracle's"] for line in lines]
    worst = int(np.argmin(gains))
    write_bytes(PICTURE, picture(found[worst], gains[worst], SEEDS))
    put_section(PAGE, "half_year", _shown(found[worst]))
    catalogue = f"generated shop, {len(found[0]['timeline']['steps'])} deliveries in half a year"
    shared = {"catalogue": catalogue, "trials": len(SEEDS), "seeds": SEEDS, "seconds": seconds}
    yield Figure(
        "loop_gain_of_oracle",
        "gain over never retraining, of an oracle's; the worst of five half years",
        gains[worst], 0.9, baseline=weekly[worst], baseline_name="retraining weekly, same seed",
        parts=lines,
        reason=_reason(found, gains, trainings),
        **shared,
    )  # fmt: skip
    yield Figure(
        "loop_trainings_over_oracle",
        "trainings after the first, over an oracle's; the worst of five half years",
        max(trainings), 1.5, least=True,
        baseline=_trainings(found[int(np.argmax(trainings))], "weekly"),
        baseline_name="retraining weekly, same seed",
        **shared,
    )  # fmt: skip


def _shown(found: Mapping[str, Any]) -> str:
    """Picture and timeline of a seed, for the page."""
    alt = "Accuracy by day of the loop, of never and weekly retraining and of an oracle"
    return f"![{alt}](images/{PICTURE.name})\n\n{told(found)}"


def kept_in() -> Path:
    """Folder of what is measured, by all that was planted."""
    return CACHE / f"half-year-{fingerprint([file_hash(YEAR / name) for name in PLANTED])[:12]}"


def _measured(folder: Path, seed: int) -> dict[str, Any] | None:
    """One seed's record, measured in a process of its own; None where that failed."""
    place = folder / f"seed-{seed}"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / RESULT).is_file():
        line = [sys.executable, "-m", "benchmarks.loop.year.measure", str(seed), str(place)]
        subprocess.run(line, check=False)
    return read_json(place / RESULT) if (place / RESULT).is_file() else None


def _trainings(found: Mapping[str, Any], policy: str) -> float:
    return float(found["policies"][policy]["trainings"]) / float(found["policies"]["oracle"]["trainings"])


def _line(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of a seed."""
    policies = found["policies"]
    whole = policies["oracle"]["gain"]
    quality = {name: float(np.mean(np.array(p["by_day"])[:, 0])) for name, p in policies.items()}
    return {
        "seed": found["seed"],
        "loop gain of the oracle's": policies["loop"]["gain"] / whole,
        "weekly gain of the oracle's": policies["weekly"]["gain"] / whole,
        "trainings over the oracle's": _trainings(found, "loop"),
        "trainings, loop": policies["loop"]["trainings"],
        "trainings, oracle": policies["oracle"]["trainings"],
        **{f"mean quality, {name}": value for name, value in quality.items()},
        "poisoned delivery": _held(found),
    }


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
