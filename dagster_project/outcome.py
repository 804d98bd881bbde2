"""How a run ended: our own refusals as sentences, anything else with its traceback."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from shelfspace import errors

__all__ = ["Outcome"]

OWN = frozenset(errors.__all__)
"""Names of the errors that are raised on purpose."""
INTERRUPTS = frozenset({"DagsterExecutionInterruptedError", "KeyboardInterrupt"})
FAILED_CHECK = "DagsterAssetCheckFailedError"


@dataclass
class Outcome:
    """What a run's events said about its end.

    Attributes:
        run_id: Dagster's.
        refusals: sentences of our own errors and of failed blocking checks, in order, each once.
        crashes: any other exception, with its traceback.
        made: assets that it computed, or found unchanged.
        interrupted: whether a signal ended it.
        finished: whether it came to an end that Dagster calls a success.
    """

    run_id: str
    refusals: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
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
            if event.job_failure_data.first_step_failure_event is None:
                self._error(event.job_failure_data.error)
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
            if name in OWN:
                self._refuse(re.sub(r"^[\w.]+: ", "", cause.message.strip()))
                return
            if name == FAILED_CHECK and self.refusals:
                return
        if error is not None:
            self.crashes.append(error.to_string())

    def _refuse(self, sentence: str) -> None:
        if sentence not in self.refusals:
            self.refusals.append(sentence)


def causes(error: Any) -> Iterator[Any]:
    """An error as Dagster keeps it, and what caused it, outermost first."""
    while error is not None:
        yield error
        error = error.cause or error.context
