"""Which model is champion: one JSON file that is replaced atomically, and the model's own folder."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from models.pretrained.kept_files import copy_or_share
from releases.bars import barred, lift
from releases.gate import Verdict
from releases.release import Release, list_releases, releases_lock
from shelfspace.clock import now
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
    "champion_of",
    "champion_paper",
    "check_papers",
    "crown",
    "crown_again",
    "crowned",
    "judged_on",
    "needed_models",
    "note_verdict",
    "prune_champions",
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
        if champion_of(Release.load(folder, verify=False)) == fingerprint:
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
        _point(workspace, target, {**facts, "fingerprint": fingerprint, "crowned": now()})
    if barred(workspace.root, fingerprint):
        with releases_lock(workspace.releases):
            lift(workspace.root, lambda bar: fingerprint in bar.champions, "judged anew by the gate")
    return target


def _point(workspace: Workspace, model: Path, facts: dict[str, Any]) -> None:
    """Make a kept model champion; the caller holds the lock."""
    papers = [champion_paper(model, name) for name in PAPERS]
    hashes = {name: file_hash(path) for name, path in zip(PAPERS, papers, strict=True) if path.is_file()}
    write_sealed_json(_pointer(workspace), {**facts, "papers": hashes})


def crown_again(workspace: Workspace, made: Release, reason: str) -> None:
    """Make the model of a release champion again, with what the release says of it; nothing where it is.

    Args:
        reason: why, for people.
    """
    fingerprint = champion_of(made)
    reigning = champion(workspace)
    if not fingerprint or (reigning is not None and reigning["fingerprint"] == fingerprint):
        return
    target, said = _folder(workspace, fingerprint), made.provenance
    # Those kept beside the model are as it was crowned; a release's card tells of its search, too.
    papers = [made.folder / name for name in PAPERS if not champion_paper(target, name).is_file()]
    with _lock(workspace):
        _keep(target, made.model_folder, [path for path in papers if path.is_file()])
        facts = {"run_id": said.get("run_id", ""), "cause": reason, "data": said, "reasons": [reason]}
        known = {"made_by": made.manifest.get("made_by", {}), "crowned": said.get("created_at") or now()}
        _point(workspace, target, {**facts, **known, "fingerprint": fingerprint})


def prune_champions(workspace: Workspace) -> list[str]:
    """Delete kept models that are neither champion nor in a release, and their papers; which ones."""
    with _lock(workspace):
        folder = workspace.state / "champions"
        kept = needed_models(workspace)
        gone = [path for path in sorted(folder.iterdir()) if path.is_dir() and path.name not in kept]
        gone = [path for path in gone if not path.name.startswith(".")]
        for model in gone:
            # Renamed first: half a model under a model's name would pass for kept.
            os.replace(model, folder / f".trash-{model.name}")
        for trash in folder.glob(".trash-*"):
            name = trash.name.removeprefix(".trash-")
            for paper in PAPERS:
                champion_paper(folder / name, paper).unlink(missing_ok=True)
            shutil.rmtree(trash)
    return [model.name for model in gone]


def needed_models(workspace: Workspace) -> set[str]:
    """Fingerprints of the champion and of the models in releases: live, earlier, pinned and waiting ones."""
    made = {champion_of(Release.load(folder, verify=False)) for folder in list_releases(workspace.releases)}
    return made | {(champion(workspace) or {}).get("fingerprint", "")}


def champion_of(made: Release) -> str:
    """Fingerprint of a release's model; "" where the release does not say it."""
    return str(made.provenance.get("champion", ""))


def judged_on(workspace: Workspace, fingerprint: str) -> str:
    """What identifies the holdout that a kept model was judged on; "" where that is not known."""
    paper = champion_paper(_folder(workspace, fingerprint), "evaluation.json")
    return str(read_json(paper).get("holdout", "")) if paper.is_file() else ""


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
    from releases.gate.pictures import forest

    folder, sentences = workspace.evaluation / "gate", list(dict.fromkeys([*verdict.reasons, *verdict.notes]))
    said = verdict.to_dict()
    kept = {"promoted": verdict.promote, "reasons": sentences, "fingerprint": fingerprint}
    write_json(folder / "verdict.json", {**kept, "undecided": verdict.undecided, "compared": said["lines"]})
    if verdict.lines:
        write_bytes(folder / "forest.png", forest(verdict.lines, verdict.promote))
    return sentences
