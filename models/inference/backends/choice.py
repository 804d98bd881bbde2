"""Which way runs each part of an encoder, chosen by measurement on rows of the release it belongs to."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from models.features.table import FeatureTable
from models.inference.backends.agreement import Agreement, Judge
from models.inference.backends.backends import EAGER, QUICK
from models.inference.backends.runner import Runner
from models.inference.backends.trials import Bench, Trial
from models.inference.passes import Passes
from models.inference.product_encoder import ProductEncoder

__all__ = ["AUTO", "Choice", "choose"]

AUTO = "auto"


@dataclass(frozen=True)
class Choice:
    """How an encoder is run, and what was found on the way to it.

    Attributes:
        setting: what was asked for.
        ways: part to the name of its way.
        run: makes the passes; None where all is eager.
        trials: in the order they were made.
        agreement: of the whole encoder so run with eager, on every mixture of modalities; None where
            all is eager.
        text_microseconds: of one text through the encoder, eager and chosen; None without a text.
        seconds: the choice took.
        problem: why all is eager although something else was chosen; "" otherwise.
    """

    setting: str
    ways: dict[str, str]
    run: Passes | None = None
    trials: Sequence[Trial] = ()
    agreement: Agreement | None = None
    text_microseconds: tuple[float, float] | None = None
    seconds: float = 0.0
    problem: str = ""
    unmeasured: Sequence[str] = field(default_factory=tuple)

    def describe(self) -> dict[str, Any]:
        """As JSON values."""
        spent = self.text_microseconds
        return {
            "setting": self.setting,
            "ways": self.ways,
            "text_microseconds": None
            if spent is None
            else {"eager": round(spent[0]), "chosen": round(spent[1])},
            "agreement": None if self.agreement is None else self.agreement.describe(),
            "unmeasured": list(self.unmeasured),
            "problem": self.problem,
            "seconds": round(self.seconds, 2),
            "trials": [trial.describe() for trial in self.trials],
        }

    @property
    def sentence(self) -> str:
        """One line for a log."""
        gains = {(t.part, t.way): t.gain for t in self.trials}
        parts = [
            f"{part} by {way}" + (f" ({gains[part, way]:.1f} times eager)" if (part, way) in gains else "")
            for part, way in self.ways.items()
        ]
        said = [", ".join(parts)]
        if self.text_microseconds is not None and self.run is not None:
            eager, chosen = self.text_microseconds
            said.append(f"one text {chosen / 1000:.2f} ms instead of {eager / 1000:.2f}")
        if self.agreement is not None:
            said.append(f"least cosine {self.agreement.cosine:.6f} on {self.agreement.rows} rows")
        said += [part for part in (self.problem,) if part]
        return "; ".join(said) + f"; chosen in {self.seconds:.1f} s"


def choose(
    encoder: ProductEncoder,
    features: FeatureTable,
    setting: str = AUTO,
    seconds: float = 10.0,
    threads: int = 1,
) -> Choice:
    """Measure the ways and say which to use; the encoder itself is left as it is (`ProductEncoder.run_by`).

    A part is run by the quickest way that is a tenth quicker than eager float32 on one row, no slower
    on a batch, and agrees (`agreement`). What is chosen is compared once more as a whole.

    Args:
        encoder: on the CPU, and run by itself.
        features: rows of real products; parts that none of them has stay eager.
        setting: auto, eager, or the one way to try; asked for by name, it need not be quicker.
        seconds: after which no more is tried. A trial under way is finished.
        threads: of torch, as the encoder will run with.
    """
    begin = time.perf_counter()
    parts = [*encoder.modalities, "head"]
    ways = dict.fromkeys(parts, EAGER)
    if setting == EAGER or not len(features):
        return Choice(setting, ways, unmeasured=[] if setting == EAGER else parts)
    bench = Bench(encoder.network, features, threads, Judge(encoder.temperature, encoder.log_price[1]))
    measured = bench.measured
    trials: list[Trial] = []
    for way in QUICK if setting == AUTO else (setting,):
        for part in measured:
            if time.perf_counter() - begin > seconds:
                trials.append(Trial(part, way, f"not tried: the {seconds:g} seconds were used up"))
            else:
                trials.append(bench.try_way(part, way))
    chosen: dict[str, Trial] = {}
    for trial in trials:
        fit = trial.call is not None and (not trial.reason or setting != AUTO)
        if fit and (trial.part not in chosen or trial.gain > chosen[trial.part].gain):
            chosen[trial.part] = trial
    # What was tried and is not used is not kept in memory.
    trials = [replace(trial, call=None) for trial in trials]
    unmeasured = [part for part in parts if part not in measured]
    if not chosen:
        spent = time.perf_counter() - begin
        return Choice(setting, ways, trials=trials, seconds=spent, unmeasured=unmeasured)
    calls = bench.eager | {part: trial.call for part, trial in chosen.items() if trial.call is not None}
    run = Runner(encoder.network.modalities, encoder.network.carried, calls)
    found = whole_agreement(encoder, run, features, bench.judge)
    text = text_microseconds(bench, encoder, run, features)
    spent = time.perf_counter() - begin
    if found.objection:
        problem = f"all is eager: chosen together, {found.objection}"
        return Choice(setting, ways, None, trials, found, None, spent, problem, unmeasured)
    ways |= {part: trial.way for part, trial in chosen.items()}
    return Choice(setting, ways, run, trials, found, text, spent, unmeasured=unmeasured)


def whole_agreement(encoder: ProductEncoder, run: Passes, features: FeatureTable, judge: Judge) -> Agreement:
    """Over every mixture of modalities, each on the rows that have one of them, in batches of two sizes."""
    names = [name for name in encoder.modalities if name in features.modalities]
    found: list[list[np.ndarray]] = []
    base: list[list[np.ndarray]] = []
    for size in range(1, len(names) + 1):
        for mixture in combinations(names, size):
            there = np.any([features.modalities[name].present for name in mixture], axis=0)
            if not there.any():
                continue
            seen = features.take(np.flatnonzero(there)[:8])
            for batch in (3, 64):
                found += said(run, seen, mixture, batch)
                base += said(encoder.passes_eager, seen, mixture, batch)
    return judge(*(
        [np.concatenate([part[place] for part in parts]) for place in range(3)] for parts in (found, base)
    ))  # fmt: skip


def said(run: Passes, features: FeatureTable, only: Sequence[str], batch: int) -> list[list[np.ndarray]]:
    """Vectors, scores and prices of each batch."""
    return [[p.embedding.numpy(), p.logits.numpy(), p.price.numpy()] for p in run(features, only, batch)]


def text_microseconds(
    bench: Bench, encoder: ProductEncoder, run: Passes, features: FeatureTable
) -> tuple[float, float] | None:
    """Of one text through the whole encoder: eager, and as chosen."""
    if "text" not in encoder.modalities or "text" not in features.modalities:
        return None
    rows = np.flatnonzero(features.modalities["text"].present)[:8]
    if not len(rows):
        return None
    singles = [features.take([row]).only(["text"]) for row in rows]
    chosen, eager = bench.side_by_side(
        lambda one: list(run(one, None, 1)), lambda one: list(encoder.passes_eager(one, None, 1)), singles
    )
    return eager, chosen
