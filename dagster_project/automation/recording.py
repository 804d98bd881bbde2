"""Telling DVC which bytes a run left."""

from assets.lib.dvc import commit_stages
from dagster_project.graph import stages_of
from shelfspace.errors import BusyError
from shelfspace.workspace import PROJECT, Workspace

__all__ = ["tell_dvc"]


def tell_dvc(workspace: Workspace, job: str) -> str:
    """`dvc commit` of what a successful job may have changed; says what was done.

    While another run holds the workspace its files are neither this run's nor whole: that run tells DVC
    when it has ended.
    """
    try:
        with workspace.lock(holder="dvc commit"):
            return ", ".join(commit_stages(PROJECT, workspace.root, stages_of(job)))
    except BusyError:
        return f"left to the run that is at work now: {workspace.held_by()}"
