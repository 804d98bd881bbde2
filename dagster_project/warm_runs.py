"""A run launcher whose runs begin at once: each is forked from a process that has loaded what runs need.

Dagster starts a new interpreter for every run, which loads libraries for some 12 seconds before it works.
Where deliveries come often, `dagster.yaml` names this launcher (docs/deploy.md); the process that is forked
from keeps what it loaded, some 700 MB, and the code as it was when the daemon started.
"""

import multiprocessing
import os
import signal
from contextlib import suppress
from functools import cached_property
from multiprocessing.context import ForkServerContext

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher import DefaultRunLauncher
from dagster._core.launcher.base import LaunchRunContext

from dagster_project.tags import PROCESS

__all__ = ["LOADED", "WarmRuns"]

LOADED = (
    "torch", "faiss", "lightgbm", "sklearn.linear_model", "sklearn.feature_extraction.text",
    "great_expectations.expectations", "evidently", "matplotlib.figure", "dvc.repo", "dagster._cli.api",
    "models.inference.product_encoder", "models.training.run", "models.evaluation.catalogue",
    "releases.contents", "releases.write", "bentos.build", "data_checks.suites",
    "data_checks.validation.validate",
    "data_checks.drift.report", "catalog.sources.open", "dagster_project.definitions",
)  # fmt: skip
"""Modules that runs import; none of them starts a thread of Python's, which a fork would leave behind."""


class WarmRuns(DefaultRunLauncher):
    """Runs of this machine's daemon, each in a process of its own."""

    @cached_property
    def _context(self) -> ForkServerContext:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(LOADED))
        return context

    def launch_run(self, context: LaunchRunContext) -> None:
        """Fork the run's process; what becomes of it stands in Dagster's records."""
        told = (context.dagster_run.run_id, self._instance.get_ref())
        self._context.Process(target=execute, args=told, name=context.dagster_run.run_id).start()

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run, as Ctrl-C does; whether its process was there."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        with suppress(ProcessLookupError):
            if process := int(run.tags.get(PROCESS, 0)):
                os.kill(process, signal.SIGINT)
                return True
        return False


def execute(run_id: str, reference: InstanceRef) -> None:
    """Execute a run in this process."""
    from dagster._cli.api import _execute_run_command_body

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a fork server ignores it
    with DagsterInstance.from_ref(reference) as instance:
        instance.add_run_tags(run_id, {PROCESS: str(os.getpid())})
        _execute_run_command_body(run_id, instance, lambda _event: None, set_exit_code_on_failure=False)
