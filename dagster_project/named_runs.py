"""Dagster's run queue, which notes whom a proxy in front of the UI names: the page itself knows no users."""

from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext
from dagster._core.storage.dagster_run import DagsterRun

from dagster_project.tags import PERSON

__all__ = ["HEADER", "NamedRuns"]

HEADER = "X-Forwarded-User"
"""Set by the proxy of docs/supervise/nginx.conf, whatever the browser sends."""


class NamedRuns(QueuedRunCoordinator):
    """The queue; a run that is started in the UI carries the name in its tag `shelfspace/person`."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Queue a run with the name of who started it; a tag that somebody wrote by hand does not count."""
        named = context.get_request_header(HEADER) or ""
        if named or PERSON in context.dagster_run.tags:
            self._instance.add_run_tags(context.dagster_run.run_id, {PERSON: named})
        return super().submit_run(context)
