"""Evidently's workspace, each file of it there whole or not at all.

`evidently ui` follows the folder with a thread that reads a file the moment it appears, and that ends for
good at one that is only half written: the page then shows the counters of that moment beside the sentences
of today, and finds no new project. What a killed check left half written keeps the UI from starting.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidently.legacy.utils import NumpyEncoder
from evidently.sdk.models import ProjectModel
from evidently.ui.storage.local.base import LocalState
from evidently.ui.workspace import Workspace

if TYPE_CHECKING:
    from evidently.core.serialization import SnapshotModel
    from evidently.sdk.models import DashboardModel

__all__ = ["ListedProject", "open_workspace"]


class ListedProject(ProjectModel):
    """A project with its place in the list: the one of the latest `created_at`, ISO 8601, comes first."""

    created_at: str


def open_workspace(folder: Path) -> Workspace:
    """The workspace in a folder, made where it is not there; `data_checks.drift.dashboard` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    return Pages(folder)


class Pages(Workspace):
    """A workspace that is written and not read: Evidently's own first reads every run that there is."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder)
        self.state = WholeFiles(self.path)


class WholeFiles(LocalState):
    """Evidently's files, written beside and put in their place."""

    def write_project(self, project: ProjectModel) -> ProjectModel:
        path = Path(self.path, self._project_path(project.id))
        said = _json(project.dict())
        if not path.exists() or path.read_bytes() != said:
            put(path, said)
        return project

    def write_snapshot(self, project_id: Any, snapshot_id: Any, snapshot: "SnapshotModel") -> None:
        put(Path(self.path, self._snapshot_path(project_id, snapshot_id)), _json(snapshot.dict()))

    def write_dashboard(self, project_id: Any, dashboard: "DashboardModel") -> None:
        put(Path(self.path, self._dashboard_path(project_id)), _json(dashboard.dict()))


def put(path: Path, data: bytes) -> None:
    """Write a file, whole before it has its name.

    A new one is linked: a renamed one the UI's thread takes for another file, and does not see.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    if path.exists():
        temporary.replace(path)
    else:
        os.link(temporary, path)
        temporary.unlink()


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, cls=NumpyEncoder).encode()
