"""What is kept of a model beside it, to compare the present with: it goes when no release needs the model."""

import os
import shutil

from releases.champion import needed_models
from shelfspace.workspace import Workspace

__all__ = ["prune_references"]

FOLDERS = ("reference", "drift", "look")
"""In `state/`, a folder a model: the catalogue as it first embedded it; windows and limits of drift; its
judgement of the holdout."""


def prune_references(workspace: Workspace) -> list[str]:
    """Delete what is kept of models that are neither champion nor in a release; which folders, by their path
    in `state/`."""
    needed = needed_models(workspace)
    gone: list[str] = []
    for name in FOLDERS:
        parent = workspace.state / name
        for folder in sorted(parent.glob("*")):
            if folder.is_dir() and not folder.name.startswith(".") and folder.name not in needed:
                # Renamed first: half of what drift is measured against would pass for damaged.
                os.replace(folder, parent / f".trash-{folder.name}")
                gone.append(f"{name}/{folder.name}")
        for trash in parent.glob(".trash-*"):
            shutil.rmtree(trash)
    return gone
