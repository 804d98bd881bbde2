"""Bentos whose release is no more: an erasure made it again under another id, or took it away."""

import shutil

from bentos.build import BAKED, CARRIED, NAME, bento_folder
from bentos.in_use import folders_in_use
from releases import list_releases
from shelfspace.files import read_yaml, write_text
from shelfspace.workspace import Workspace

__all__ = ["drop_bentos"]


def drop_bentos(workspace: Workspace) -> list[str]:
    """Delete the Bentos of releases that are gone; the tags of those.

    Of one that a process runs from, the code stays until a later Bento takes its place; the release, the
    photos and the sounds in it go at once: what is served lies in memory or in the workspace.
    """
    bentos = bento_folder(workspace, f"{NAME}:*").parent
    there, gone = {folder.name for folder in list_releases(workspace.releases)}, []
    for made in sorted(bentos.glob("*/bento.yaml")):
        if read_yaml(made)["labels"]["release"] in there:
            continue
        made.unlink()  # first: without it the rest is no Bento
        gone.append(f"{NAME}:{made.parent.name}")
    used = folders_in_use(bentos)
    for folder in [path for path in bentos.iterdir() if path.is_dir()] if bentos.is_dir() else []:
        if (folder / "bento.yaml").is_file():
            continue
        for part in [folder / BAKED / name for name in CARRIED] if folder in used else [folder]:
            shutil.rmtree(part, ignore_errors=True)
    left = sorted(bentos.glob("*/bento.yaml"), key=lambda path: path.stat().st_mtime_ns)
    if gone and left:
        write_text(bentos / "latest", left[-1].parent.name)
    elif gone:
        (bentos / "latest").unlink(missing_ok=True)
    return gone
