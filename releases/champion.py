"""Which model is champion: one JSON file that is replaced atomically, and the model's own folder."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from models.pretrained.kept_files import copy_or_share
from releases.gate import Verdict
from releases.release import Release, list_releases
from shelfspace.errors import ArtifactError
from shelfspace.files import (
    atomic_directory,
    read_json,
    sync,
    write_bytes,
    write_json,
    write_sealed_json,
)
from shelfspace.hashing import file_hash
from shelfspace.way_back import way_back
from shelfspace.workspace import Workspace

__all__ = [
    "champion",
    "champion_model",
    "champion_paper",
    "check_papers",
    "crown",
    "crowned",
    "note_verdict",
]


PAPERS = ("evaluation.json", "metrics.json", "model_card.md")
"""What is kept beside a champion's folder, and in its releases."""


def _pointer(workspace: Workspace) -> Path:
    return workspace.root / "champion.json"


def champion(workspace: Workspace) -> dict[str, Any] | None:
    """What is known of the champion (fingerprint, metrics, data versions), or None."""
    path = _pointer(workspace)
    return read_json(path) if path.exists() else None


def champion_model(workspace: Workspace) -> Path:
    """The champion's ProductEncoder folder; one that is gone comes back from a release that carries it.

    Raises:
        ArtifactError: there is no champion yet, or its folder is gone and in no release.
    """
    fingerprint = _kept(workspace)["fingerprint"]
    folder = _folder(workspace, fingerprint)
    if not folder.is_dir() and not _restored(workspace, fingerprint):
        raise ArtifactError(
            f"the champion's model {folder} is gone, and no release has it; "
            f"run: {workspace.command('run retrain')}"
        )
    return folder


def _folder(workspace: Workspace, fingerprint: str) -> Path:
    return workspace.state / "champions" / fingerprint


def _restored(workspace: Workspace, fingerprint: str) -> bool:
    """Whether a model and its papers could be copied out of a release."""
    for folder in reversed(list_releases(workspace.releases)):
        if read_json(folder / "release.json")["provenance"].get("champion") == fingerprint:
            made = Release.load(folder)
            papers = [made.folder / name for name in PAPERS if (made.folder / name).is_file()]
            with _lock(workspace):
                _keep(_folder(workspace, fingerprint), made.model_folder, papers)
            return True
    return False


def _lock(workspace: Workspace) -> FileLock:
    """The lock that orders those who crown; freed when its holder dies."""
    champions = workspace.state / "champions"
    champions.mkdir(parents=True, exist_ok=True)
    return FileLock(champions / ".lock")


def _keep(target: Path, model: Path, papers: Sequence[Path]) -> None:
    """Copy a model and its papers, on the disk before anything names them; the caller holds the lock."""
    if not target.exists():
        with atomic_directory(target) as temporary:
            shutil.copytree(model, temporary, dirs_exist_ok=True, copy_function=copy_or_share)
            for path in [*temporary.rglob("*"), temporary]:
                sync(path)
    for leftover in target.parent.glob(".*.tmp"):  # of a killed writer: the lock says nobody else writes
        leftover.unlink()
    for paper in papers:
        write_bytes(champion_paper(target, paper.name), paper.read_bytes())
    sync(target.parent)


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
    target = _folder(workspace, fingerprint)
    with _lock(workspace):
        _keep(target, model, papers)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        known = {**facts, "fingerprint": fingerprint, "crowned": now}
        hashes = {paper.name: file_hash(champion_paper(target, paper.name)) for paper in papers}
        write_sealed_json(_pointer(workspace), {**known, "papers": hashes})
    return target


def check_papers(workspace: Workspace) -> None:
    """Compare the champion's papers with what was noted when it was crowned; earlier ones have no note.

    Raises:
        ArtifactError: one is missing or damaged.
    """
    known = champion(workspace) or {}
    for name, wanted in known.get("papers", {}).items():
        paper = champion_paper(_folder(workspace, known["fingerprint"]), name)
        if not paper.is_file() or file_hash(paper) != wanted:
            raise ArtifactError(f"{paper} is missing or damaged; {way_back(paper)}")


def champion_paper(model: Path, name: str) -> Path:
    """A file kept beside a champion's folder."""
    return model.parent / f"{model.name}.{name}"


def note_verdict(workspace: Workspace, verdict: Verdict, fingerprint: str) -> list[str]:
    """Write down what the gate decided of a challenger, and draw it; returns its sentences, each once."""
    from releases.gate_pictures import forest

    folder, sentences = workspace.evaluation / "gate", list(dict.fromkeys([*verdict.reasons, *verdict.notes]))
    said = verdict.to_dict()
    kept = {"promoted": verdict.promote, "reasons": sentences, "fingerprint": fingerprint}
    write_json(folder / "verdict.json", {**kept, "undecided": verdict.undecided, "compared": said["lines"]})
    if verdict.lines:
        write_bytes(folder / "forest.png", forest(verdict.lines, verdict.promote))
    return sentences
