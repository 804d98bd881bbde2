"""How a run ended: our own refusals as sentences, anything else with its traceback."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from shelfspace import errors
from shelfspace.machine import remedy_of

__all__ = ["Outcome", "why_failed"]

OWN = frozenset(errors.__all__)
"""Names of the errors that are raised on purpose."""
INTERRUPTS = frozenset({"DagsterExecutionInterruptedError", "KeyboardInterrupt"})
ENDS = (dg.DagsterEventType.ENGINE_EVENT, dg.DagsterEventType.RUN_FAILURE)
OUTSIDE = "from outside the execution context"
"""What Dagster says of a run that its watcher closed; the watcher's own word comes before it."""
TOLD = {
    *ENDS,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_CANCELED,
}
"""What a log says of a run's end; of a process that was killed, only its watcher does."""
FAILED_CHECK = "DagsterAssetCheckFailedError"


@dataclass
class Outcome:
    """What a run's events said about its end.

    Attributes:
        run_id: Dagster's.
        refusals: sentences of our own errors and of failed blocking checks, in order, each once.
        crashes: any other exception, with its traceback.
        bugs: what each of those was, in a line.
        made: assets that it computed, or found unchanged.
        interrupted: whether a signal ended it.
        finished: whether it came to an end that Dagster calls a success.
    """

    run_id: str
    refusals: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    interrupted: bool = False
    finished: bool = False

    @property
    def success(self) -> bool:
        return self.finished and not (self.interrupted or self.refusals or self.crashes)

    def take(self, entry: dg.EventLogEntry) -> None:
        """Take note of one entry of the run's log."""
        event = entry.dagster_event
        if event is None:
            return
        kind = event.event_type
        if kind is dg.DagsterEventType.RUN_SUCCESS:
            self.finished = True
        elif kind is dg.DagsterEventType.ASSET_MATERIALIZATION:
            self.made.add(event.step_materialization_data.materialization.asset_key.to_user_string())
        elif kind is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._check(event.asset_check_evaluation_data)
        elif kind is dg.DagsterEventType.STEP_FAILURE:
            self._error(event.step_failure_data.error)
        elif kind is dg.DagsterEventType.RUN_FAILURE:
            # Of a failed step this holds the first one's error again; without a step it is the only one.
            # Of a run that was closed from outside it holds nothing.
            data: Any = event.event_specific_data
            if data is not None and data.first_step_failure_event is None:
                self._error(data.error)
        elif kind is dg.DagsterEventType.RUN_CANCELED:
            self.interrupted = True

    def _check(self, evaluation: Any) -> None:
        stops = evaluation.blocking and evaluation.severity is dg.AssetCheckSeverity.ERROR
        if stops and not evaluation.passed:
            asset = evaluation.asset_key.to_user_string()
            reason = evaluation.description or "see the check in the Dagster UI"
            self._refuse(f"check {evaluation.check_name} of {asset} failed: {reason}")

    def _error(self, error: Any) -> None:
        """Sort an error by the first of its causes that is known."""
        for cause in causes(error):
            name = (cause.cls_name or "").rpartition(".")[2]
            if name in INTERRUPTS:
                self.interrupted = True
                return
            said = re.sub(r"^[\w.]+: ", "", cause.message.strip())
            if name in OWN:
                self._refuse(said)
                return
            if name == FAILED_CHECK and self.refusals:
                return
            remedy = remedy_of(said)
            if remedy is not None:
                self._refuse(f"{said}: {remedy}")
                return
        if error is not None:
            self.crashes.append(error.to_string())
            self.bugs.append(" ".join([*causes(error)][-1].message.split()))

    def _refuse(self, sentence: str) -> None:
        if sentence not in self.refusals:
            self.refusals.append(sentence)


def why_failed(instance: dg.DagsterInstance, run_id: str) -> str:
    """Why a run ended without success, as one line; "" where its log does not say."""
    outcome, said = Outcome(run_id), ""
    for entry in instance.all_logs(run_id, of_type=TOLD):
        outcome.take(entry)
        event = entry.dagster_event
        if event is not None and event.event_type in ENDS and event.message and OUTSIDE not in event.message:
            said = event.message
    if outcome.interrupted:
        return "it was stopped"
    # Of an error and what it was caused by, the last is the one that a person can do something about.
    crashes = [crash.rpartition("following exception:\n")[2].splitlines()[0] for crash in outcome.crashes]
    return "; ".join([*outcome.refusals, *crashes]) or said


def causes(error: Any) -> Iterator[Any]:
    """An error as Dagster keeps it, and what caused it, outermost first."""
    while error is not None:
        yield error
        error = error.cause or error.context
