"""Which model is champion: one JSON file that is replaced atomically, and the model's own folder."""

import shutil
from pathlib import Path
from typing import Any

from shelfspace.errors import ArtifactError
from shelfspace.files import atomic_directory, read_json, write_json
from shelfspace.workspace import Workspace

__all__ = ["champion", "champion_model", "crown"]


def _pointer(workspace: Workspace) -> Path:
    return workspace.root / "champion.json"


def champion(workspace: Workspace) -> dict[str, Any] | None:
    """What is known of the champion (fingerprint, metrics, data versions), or None."""
    path = _pointer(workspace)
    return read_json(path) if path.exists() else None


def champion_model(workspace: Workspace) -> Path:
    """The champion's ProductEncoder folder.

    Raises:
        ArtifactError: there is no champion yet, or its folder is gone.
    """
    kept = champion(workspace)
    if kept is None:
        raise ArtifactError(f"workspace {workspace.name} has no champion yet; run the chain job")
    folder = workspace.state / "champions" / kept["fingerprint"]
    if not folder.is_dir():
        raise ArtifactError(f"the champion's model {folder} is gone; run the retrain job")
    return folder


def crown(workspace: Workspace, model: Path, fingerprint: str, facts: dict[str, Any]) -> Path:
    """Keep a copy of the model and make it champion: first the bytes, then the pointer."""
    target = workspace.state / "champions" / fingerprint
    if not target.exists():
        with atomic_directory(target) as temporary:
            shutil.copytree(model, temporary, dirs_exist_ok=True)
    write_json(_pointer(workspace), {**facts, "fingerprint": fingerprint})
    return target
