"""Which model is champion: one JSON file that is replaced atomically, and the model's own folder."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.pretrained.kept_files import copy_or_share
from releases.gate import Verdict
from shelfspace.errors import ArtifactError
from shelfspace.files import atomic_directory, read_json, write_json, write_sealed_json
from shelfspace.workspace import Workspace

__all__ = ["champion", "champion_model", "champion_paper", "crown", "crowned", "note_verdict"]


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
    folder = workspace.state / "champions" / _kept(workspace)["fingerprint"]
    if not folder.is_dir():
        raise ArtifactError(f"the champion's model {folder} is gone; run the retrain job")
    return folder


def crowned(workspace: Workspace) -> str:
    """When the champion was crowned, as ISO 8601.

    Raises:
        ArtifactError: there is no champion yet.
    """
    return str(_kept(workspace)["crowned"])


def _kept(workspace: Workspace) -> dict[str, Any]:
    kept = champion(workspace)
    if kept is None:
        raise ArtifactError(f"workspace {workspace.name} has no champion yet; run the chain job")
    return kept


def crown(
    workspace: Workspace, model: Path, fingerprint: str, facts: dict[str, Any], papers: Sequence[Path] = ()
) -> Path:
    """Keep a copy of the model and make it champion: first the bytes, then the pointer.

    Args:
        model: its ProductEncoder folder.
        fingerprint: the model's.
        facts: what is to be known of the champion.
        papers: files kept beside the model, as `<fingerprint>.<name>`: its evaluation, its card.

    Returns:
        the champion's folder.
    """
    target = workspace.state / "champions" / fingerprint
    if not target.exists():
        with atomic_directory(target) as temporary:
            shutil.copytree(model, temporary, dirs_exist_ok=True, copy_function=copy_or_share)
    for paper in papers:
        shutil.copyfile(paper, champion_paper(target, paper.name))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_sealed_json(_pointer(workspace), {**facts, "fingerprint": fingerprint, "crowned": now})
    return target


def champion_paper(model: Path, name: str) -> Path:
    """A file kept beside a champion's folder."""
    return model.parent / f"{model.name}.{name}"


def note_verdict(workspace: Workspace, verdict: Verdict, fingerprint: str) -> list[str]:
    """Write down what the gate decided of a challenger; returns its sentences, each once."""
    sentences = list(dict.fromkeys([*verdict.reasons, *verdict.notes]))
    write_json(
        workspace.evaluation / "gate" / "verdict.json",
        {"promoted": verdict.promote, "reasons": sentences, "fingerprint": fingerprint},
    )
    return sentences
