"""One way tried on one part: made ready, compared with eager float32 on real rows, and timed beside it."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from models.features.table import FeatureTable
from models.inference.backends.agreement import Agreement, Judge
from models.inference.backends.backends import EAGER, WAYS, Call, Unavailable
from models.inference.backends.parts import HEAD, network_parts, part_arrays
from models.network import ProductNetwork

__all__ = ["GAIN", "LOSS", "Bench", "Trial"]

logger = logging.getLogger("shelfspace.encoder")

GAIN = 1.1
"""Times eager's speed on one row, the usual query, from which on a way is worth having."""
LOSS = 0.95
"""Times eager's speed on a batch that it may not fall under."""
BATCH = 16
SINGLES = 6
"""Rows timed one by one."""
ROWS = 32
"""Rows compared at most, of each part."""
MADE_READY = 3
"""Rows a graph is recorded with."""
ROUNDS, SECONDS = 7, 0.05
"""Of timing: rounds at most, and seconds of each side after which no more begin."""

Inputs = list[np.ndarray]
T = TypeVar("T")


@dataclass(frozen=True)
class Trial:
    """What was found of one way for one part.

    Attributes:
        microseconds: of a call by number of rows, the way's and eager's beside it.
        agreement: with eager; None where it was not reached.
        reason: why it is not used; "" for one that may be.
        prepared: seconds to make it ready.
        call: of one that may be used.
    """

    part: str
    way: str
    reason: str = ""
    microseconds: Mapping[int, tuple[float, float]] | None = None
    agreement: Agreement | None = None
    prepared: float = 0.0
    call: Call | None = None

    @property
    def gain(self) -> float:
        """Times eager's speed on one row."""
        own, eager = (self.microseconds or {}).get(1, (1.0, 1.0))
        return eager / own

    def describe(self) -> dict[str, object]:
        """As JSON values."""
        found: dict[str, object] = {"part": self.part, "way": self.way}
        if self.microseconds:
            found["microseconds"] = {str(n): round(own, 1) for n, (own, _) in self.microseconds.items()}
            found["eager_microseconds"] = {str(n): round(e, 1) for n, (_, e) in self.microseconds.items()}
            found["times_eager"] = round(self.gain, 2)
        if self.agreement is not None:
            found |= self.agreement.describe()
        return {**found, "prepared_seconds": round(self.prepared, 2), "reason": self.reason}


class Bench:
    """A network's parts with real inputs, and what eager float32 makes of them.

    Args:
        network: in evaluation mode, on the CPU.
        features: real rows; a modality that none has is not measured.
        threads: of one call.
        judge: compares.
    """

    def __init__(self, network: ProductNetwork, features: FeatureTable, threads: int, judge: Judge) -> None:
        self.network, self.threads, self.judge = network, threads, judge
        # The processor time of this thread is not that of others who share the machine.
        self._clock: Callable[[], float] = time.thread_time if threads == 1 else time.perf_counter
        there = {
            name: np.flatnonzero(features.modalities[name].present)[:ROWS]
            for name in network.modalities
            if name in features.modalities
        }
        self.parts = network_parts(network, features.modalities)
        self.eager = {name: WAYS[EAGER](part, [], threads) for name, part in self.parts.items()}
        self._features = features
        # A text, the usual query, first: of the head, too, the single rows timed are those of texts.
        self._rows = {n: there[n] for n in sorted(there, key=lambda n: n != "text") if len(there[n])}
        self._head = self._head_inputs()
        self._base: dict[str, list[np.ndarray]] = {}

    @property
    def measured(self) -> list[str]:
        """Parts there are inputs of: what a text passes first."""
        first, *others = self._rows
        return [first, HEAD, *others]

    def try_way(self, name: str, way: str) -> Trial:
        """Prepare, compare and time; never raises, the reason says what went wrong."""
        part, begin = self.parts[name], time.perf_counter()
        try:
            call = WAYS[way](part, self._take(name, np.arange(MADE_READY)), self.threads)
            prepared = time.perf_counter() - begin
            found = self._agreement(name, call)
            if found.objection:
                return Trial(name, way, found.objection, agreement=found, prepared=prepared)
            spent = self._times(name, call)
        except Unavailable as lacking:
            return Trial(name, way, str(lacking))
        except Exception as error:
            logger.debug("%s by %s", name, way, exc_info=True)
            return Trial(name, way, f"{type(error).__name__}: {first_line(error)}")
        return Trial(name, way, slow(spent), spent, found, prepared, call)

    def _take(self, name: str, which: np.ndarray) -> Inputs:
        """Inputs of some of a part's rows, begun again from the first where there are fewer."""
        if name == HEAD:
            return [array[which % len(array)] for array in self._head]
        rows = self._rows[name]
        return part_arrays(self._features.modalities[name], rows[which % len(rows)])

    def _count(self, name: str) -> int:
        return len(self._head[0]) if name == HEAD else len(self._rows[name])

    def _calls(self, name: str) -> dict[int, list[Inputs]]:
        """Inputs by number of rows: some single rows, and one batch."""
        singles = [self._take(name, np.array([n])) for n in range(min(SINGLES, self._count(name)))]
        return {1: singles, BATCH: [self._take(name, np.arange(BATCH))]}

    def _agreement(self, name: str, call: Call) -> Agreement:
        """On all rows at once and on each of the timed calls: shapes differ, answers may not."""
        every = self._take(name, np.arange(self._count(name)))
        asked = [every, *(inputs for calls in self._calls(name).values() for inputs in calls)]
        if name not in self._base:
            self._base[name] = joined([self._said(name, self.eager[name], inputs) for inputs in asked])
        return self.judge(joined([self._said(name, call, inputs) for inputs in asked]), self._base[name])

    def _said(self, name: str, call: Call, inputs: Inputs) -> Sequence[np.ndarray]:
        """What the head says; of an encoder's vectors, eager's head."""
        outputs = call(inputs)
        return outputs if name == HEAD else self.eager[HEAD](self._alone(name, outputs[0]))

    def _alone(self, name: str, vectors: np.ndarray) -> Inputs:
        column, places = self.network.modalities.index(name), len(self.network.modalities)
        every = np.zeros((len(vectors), places, self.network.carried), dtype=np.float32)
        present = np.zeros((len(vectors), places), dtype=bool)
        every[:, column], present[:, column] = vectors, True
        return [every, present]

    def _head_inputs(self) -> Inputs:
        """Each modality of the rows alone, then the rows with all they have."""
        n, places = len(self._features), len(self.network.modalities)
        whole = np.zeros((n, places, self.network.carried), dtype=np.float32)
        present = np.zeros((n, places), dtype=bool)
        singles: list[Inputs] = []
        for name, rows in self._rows.items():
            inputs = part_arrays(self._features.modalities[name], rows)
            vectors = np.asarray(self.eager[name](inputs)[0])
            column = self.network.modalities.index(name)
            whole[rows, column], present[rows, column] = vectors, True
            singles.append(self._alone(name, vectors))
        seen = present.any(axis=1)
        parts = [*singles, [whole[seen], present[seen]]]
        return [np.concatenate([part[place] for part in parts]) for place in (0, 1)]

    def _times(self, name: str, call: Call) -> dict[int, tuple[float, float]]:
        """Microseconds a call, the way's and eager's, by number of rows; the batch only if one row gains."""
        spent: dict[int, tuple[float, float]] = {}
        for rows, calls in self._calls(name).items():
            spent[rows] = self.side_by_side(call, self.eager[name], calls)
            if slow(spent):
                break
        return spent

    def side_by_side(
        self, call: Callable[[T], object], eager: Callable[[T], object], calls: Sequence[T]
    ) -> tuple[float, float]:
        """Median microseconds a call of both, in alternating rounds, so that a busy moment meets both."""
        own: list[float] = []
        theirs: list[float] = []
        for _ in range(ROUNDS):
            for side, run in ((own, call), (theirs, eager)):
                begin = self._clock()
                for inputs in calls:
                    run(inputs)
                side.append((self._clock() - begin) / len(calls))
            if len(own) > 2 and max(sum(own), sum(theirs)) * len(calls) > SECONDS:
                break
        return float(np.median(own)) * 1e6, float(np.median(theirs)) * 1e6


def slow(spent: Mapping[int, tuple[float, float]]) -> str:
    """Why a way of these times is not used; "" where it may be."""
    for rows, (own, eager) in spent.items():
        gain, wanted = eager / own, GAIN if rows == 1 else LOSS
        if gain < wanted:
            return f"{gain:.2f} times eager's speed on {rows} row{'s' * (rows > 1)}, under {wanted}"
    return ""


def joined(parts: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """Outputs of several calls, one after the other."""
    return [np.concatenate([np.asarray(part[place]) for part in parts]) for place in range(len(parts[0]))]


def first_line(error: Exception) -> str:
    """Enough of an exception to know it by."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else ""
