"""How often the gate lets an equal challenger through and refuses a worse one.

Forty trainings of one recipe, each with its own seed and bootstrap of the training rows, are equal by
definition. Each decision draws two of them and a holdout from the judged products. A worse challenger is the
same with right answers turned wrong: overall by 0.05, or in the largest category by 0.15 of its products. The
share is of what the challenger itself had right, so that its own luck stays in.
"""

import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.loop.former_gate import former_gate
from benchmarks.loop.gate_holdouts import judged_on
from benchmarks.loop.gate_models import Model, trained
from benchmarks.loop.results import Figure
from benchmarks.loop.skewed_shop import Shop, skewed_shop
from benchmarks.quality.__main__ import CACHE, PROJECT
from releases.gate.compare import compare
from releases.gate.draws import RETRAINED, differences
from releases.gate.figures import aligned
from releases.gate.figures import figures as compared_figures
from shelfspace.files import read_json, write_json
from shelfspace.hashing import file_hash, fingerprint
from shelfspace.settings import Gate

__all__ = ["figures"]

TRAININGS = 40
TRAIN, VALIDATION, JUDGED = 1000, 150, 1500
SIZES = {500: 1000, 225: 200, 43: 200}
"""Holdout size to decisions."""
PAIRS = 20
"""Decisions taken on one holdout."""
LEAST_SPREAD = 0.01
"""Of p (1 - p): figures of which nearly all products are right say nothing of noise."""
AT_ONCE = 12
"""Trainings judged on one holdout."""
WORSE = {"overall": 0.05, "category": 0.15}


@dataclass
class Tally:
    """How many decisions of one size and kind passed, by the gate and by its former rules."""

    decisions: int = 0
    passed: int = 0
    former: int = 0
    undecided: int = 0
    why: Counter[str] = field(default_factory=Counter)

    def add(self, challenger: pd.DataFrame, champion: pd.DataFrame) -> None:
        compared = compare(challenger, champion, Gate())
        refused = [one for one in compared if not one.finding.passed]
        self.decisions += 1
        self.passed += not refused
        self.former += former_gate(challenger, champion)
        self.undecided += bool(refused) and all(one.undecided for one in refused)
        self.why.update([one.line.figure.partition(" (")[0] for one in refused])

    def take(self, other: "Tally") -> None:
        """Count another's decisions as well."""
        for name in ("decisions", "passed", "former", "undecided"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.why.update(other.why)

    def row(self, products: int, kind: str) -> dict[str, Any]:
        """One line of the table."""
        refused = self.decisions - self.passed
        return {
            "holdout": products, "challenger": kind, "decisions": self.decisions,
            "passes": self.passed / self.decisions, "refused": (refused - self.undecided) / self.decisions,
            "too small to tell": self.undecided / self.decisions,
            "passed the former gate": self.former / self.decisions,
            "refused most by": ", ".join(f"{name} ({n})" for name, n in self.why.most_common(2)),
        }  # fmt: skip


def figures() -> Iterator[Figure]:
    """Train what is not there yet, decide, and give both rows."""
    started = time.monotonic()
    folder = CACHE / "loop-gate"
    folder.mkdir(parents=True, exist_ok=True)
    shop = skewed_shop(folder / "shop", TRAIN, VALIDATION, JUDGED)
    models = [Model(kept) for kept in trained(shop, folder, range(TRAININGS))]
    yield training_noise(shop, models)
    tallies = decided(shop, models, folder)
    yield from rows_of(tallies, len(models), round(time.monotonic() - started, 1))


def decided(shop: Shop, models: list[Model], folder: Path) -> dict[tuple[int, str], Tally]:
    """All decisions, by holdout size and kind of challenger; each holdout has its own seed.

    Args:
        folder: finished holdouts are kept in it, so that a run that was cut short goes on.
    """
    asked = [(size, seed) for size, decisions in SIZES.items() for seed in range(decisions // PAIRS)]
    kept = folder / f"decisions-{code_version(len(models))}"
    kept.mkdir(parents=True, exist_ok=True)
    _shared.update(shop=shop, models=models, kept=kept)
    with Pool(os.cpu_count()) as pool:
        todo = [one for one in asked if not _file(kept, one).is_file()]
        for _ in tqdm(pool.imap_unordered(_on_one_holdout, todo), "holdouts", total=len(todo), mininterval=5):
            pass
    return counted(kept, asked)


def counted(kept: Path, asked: list[tuple[int, int]]) -> dict[tuple[int, str], Tally]:
    """The decisions of the holdouts that are finished."""
    tallies = {(size, kind): Tally() for size in SIZES for kind in ("equal", *WORSE)}
    for size, seed in asked:
        if _file(kept, (size, seed)).is_file():
            for kind, found in read_json(_file(kept, (size, seed))).items():
                tallies[size, kind].take(Tally(**{**found, "why": Counter(found["why"])}))
    return tallies


def code_version(models: int) -> str:
    """Hash of the code that decides, and of how many trainings there are."""
    files = [*sorted((PROJECT / "releases").glob("gate*.py")), Path(__file__)]
    return fingerprint([models, *(file_hash(path) for path in files)])[:12]


def _file(kept: Path, asked: tuple[int, int]) -> Path:
    size, seed = asked
    return kept / f"{size}-{seed:03}.json"


_shared: dict[str, Any] = {}
"""The shop and the models, which the workers find as they were when they began."""


def _on_one_holdout(asked: tuple[int, int]) -> None:
    """PAIRS decisions of each kind, kept in a file."""
    size, seed = asked
    shop, models = _shared["shop"], _shared["models"]
    draw = np.random.default_rng([size, seed])
    rows = draw.choice(len(shop.rows("judged")), size, replace=False)
    chosen = draw.choice(len(models), min(AT_ONCE, len(models)), replace=False)
    tables = {i: judged_on(models[i], shop, rows) for i in chosen}
    found = {kind: Tally() for kind in ("equal", *WORSE)}
    for _ in range(PAIRS):
        one, other = draw.choice(chosen, 2, replace=False)
        found["equal"].add(tables[one], tables[other])
        for kind, loss in WORSE.items():
            found[kind].add(worse(tables[one], kind, loss, draw), tables[other])
    write_json(
        _file(_shared["kept"], asked),
        {kind: {**vars(tally), "why": dict(tally.why)} for kind, tally in found.items()},
    )


def worse(table: pd.DataFrame, kind: str, loss: float, draw: np.random.Generator) -> pd.DataFrame:
    """Right answers are turned wrong until accuracy, or the largest category's recall, is lower."""
    largest = table["label"].mode()[0]
    there = (table["label"] == largest) if kind == "category" else table["accuracy"].notna()
    right = np.flatnonzero(there & (table["accuracy"] == 1))
    lost = draw.choice(right, min(round(loss * int(there.sum())), len(right)), replace=False)
    accuracy, predicted = table["accuracy"].to_numpy().copy(), table["predicted"].to_numpy().copy()
    names = table["label"].unique()
    accuracy[lost] = 0
    predicted[lost] = [draw.choice(names[names != label]) for label in table["label"].iloc[lost]]
    return table.assign(accuracy=accuracy, predicted=predicted)


def rows_of(tallies: dict[tuple[int, str], Tally], models: int, seconds: float | None) -> Iterator[Figure]:
    """The two rows, the second with the harder of its two kinds."""
    table = [tally.row(size, kind) for (size, kind), tally in tallies.items()]
    equal = tallies[500, "equal"]
    whole = models >= TRAININGS and equal.decisions >= SIZES[500]
    so_far = f"so far {models} of {TRAININGS} trainings and {equal.decisions:,} of {SIZES[500]:,} decisions"
    common: dict[str, Any] = {
        "reason": "" if whole else f"{so_far}; `make benchmark-loop PARTS=gate` goes on",
        "catalogue": f"generated shop, holdouts of 500 out of {JUDGED:,} products; {models} trainings",
        "seeds": range(models), "baseline_name": "the former gate", "seconds": seconds,
    }  # fmt: skip
    yield Figure(
        "gate_equal_passes", "equal challengers that pass", equal.passed / equal.decisions, 0.95,
        trials=equal.decisions, interval=interval(equal.passed, equal.decisions),
        baseline=equal.former / equal.decisions, parts=table, **common,
    )  # fmt: skip
    hardest = max((tallies[500, kind] for kind in WORSE), key=lambda tally: tally.passed / tally.decisions)
    refused, former = hardest.decisions - hardest.passed, hardest.decisions - hardest.former
    yield Figure(
        "gate_worse_refused", "worse by 0.05, or by 0.15 in the largest category, refused (the lower)",
        refused / hardest.decisions, 0.9, trials=hardest.decisions,
        interval=interval(refused, hardest.decisions), baseline=former / hardest.decisions, **common,
    )  # fmt: skip


def training_noise(shop: Shop, models: list[Model]) -> Figure:
    """How far two trainings of one recipe lie apart beyond the chance of products, by figure.

    A share p of so many products has the variance p (1 - p) / products: the excess is given as the products
    whose chance is as large, which `releases.gate.draws.RETRAINED` holds.
    """
    started = time.monotonic()
    rows = np.arange(len(shop.rows("judged")))
    shown = tqdm(models, "trainings on all products", mininterval=5)
    tables = [judged_on(model, shop, rows) for model in shown]
    found = [between(one, other) for one, other in pairwise(tables)]
    noise = {}
    for figure in found[0]:
        excess, spread = np.sum([pair[figure] for pair in found if figure in pair], axis=0)
        if spread > LEAST_SPREAD * len(found):
            noise[figure] = max(float(excess / spread), 1e-4)
    most = sorted(noise, key=lambda figure: -noise[figure])
    parts = [{"figure": figure, "products": round(1 / noise[figure])} for figure in most[:8]]
    return Figure(
        "gate_training_noise", "products whose chance is like that of another training: median figure",
        1 / float(np.median([*noise.values()])), RETRAINED,
        f"generated shop, {len(rows):,} products; {len(models)} trainings", len(found),
        seeds=range(len(models)), parts=parts, seconds=round(time.monotonic() - started, 1),
        reason="its parts are the figures that another training moves most, small categories before all; "
        f"the gate counts on {RETRAINED} for each",
    )  # fmt: skip


def between(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Figure to the squared difference beyond chance, and p (1 - p)."""
    ours, theirs = aligned(one, other)
    found = differences(list(compared_figures(ours, theirs, Gate())), ours["group"].to_numpy())
    return {
        each.figure.words: (each.by**2 - each.error**2, each.champion * (1 - each.champion)) for each in found
    }


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share."""
    z, share = 1.96, hits / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * math.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return middle - half, middle + half
