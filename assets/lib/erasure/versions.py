"""Earlier versions of the data in DVC: those that hold what was erased are kept without it, or go.

What is named now, by a pointer or in `dvc.lock`, is never taken away. `state/erasure/versions.json` says what
became of which snapshot, so that a release which was made of it can still be reproduced, or says why not.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from assets.lib.dvc import pointer_hash, repository_of, run_dvc
from assets.lib.dvc_fetch import fetch
from assets.lib.dvc_objects import ObjectStore, delete_objects, object_stores
from catalog.erasure.tombstones import FOLDER
from shelfspace.errors import ArtifactError
from shelfspace.files import read_artifact, read_yaml, write_sealed_json
from shelfspace.workspace import Workspace

__all__ = ["GONE", "ErasedVersions", "became", "erase_versions", "lost_rows", "note_became", "what_became_of"]

FILE = "versions.json"
GONE = ""
"""What became of a version that was deleted."""
MANIFEST = "manifest.json"
"""By which a version is known as a snapshot: a folder of any other stage can be made again."""


@dataclass
class ErasedVersions:
    """What became of earlier versions.

    Attributes:
        rewritten: MD5 of a snapshot to that of what it is without the erased.
        gone: MD5s of folders that were taken away.
        objects: store to how many objects were deleted there.
        wrong: store to why it could not be asked.
        unknown: remote to how many of its objects nothing here names, so that nobody looked into them.
        used: objects that hold it, and are named now.
    """

    rewritten: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    objects: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)


def erase_versions(
    workspace: Workspace,
    known: Iterable[str],
    holds: Callable[[Path], bool],
    cut: Callable[[Path], object],
    how: Literal["rewrite", "expire"],
    others: Iterable[str] = (),
    *,
    keeps_rows: bool = False,
) -> ErasedVersions:
    """Have no earlier version hold what was erased; the caller holds the workspace's lock.

    Args:
        known: MD5s of snapshots that were made; fetched from the remote where the cache lacks them.
        holds: whether a file says something of what was erased.
        cut: takes it out of a snapshot that lies in a folder.
        how: keep snapshots without it, or not at all.
        others: MD5s of snapshots of other workspaces in the same repository, which are left alone: an id
            names another product there.
        keeps_rows: a snapshot that was cut has all its rows still.

    Raises:
        ArtifactError: DVC refuses.
    """
    found, home = ErasedVersions(), repository_of(workspace.root)
    if home is None:
        return found
    with tempfile.TemporaryDirectory(prefix="shelfspace-erase-", dir=workspace.state) as scratch:
        place = Path(scratch) / "snapshot"
        stores = object_stores(home)
        if _bring(home, stores[0], known, place):
            stores = object_stores(home)
        bad, named = _bad(stores, holds), named_now(home)
        lists = _lists(stores)
        named |= lists.keys() & set(others)
        of_now = named | {oid for one in named for oid in lists.get(one, ())}
        # What an erasure that was killed left of a version says nothing any more, and goes, too.
        begun = lists.keys() & became(workspace).keys()
        folders = (begun | {one for one, entries in lists.items() if entries & bad}) - of_now
        for version in sorted(folders):
            after = _without(home, version, place, cut) if how == "rewrite" else GONE
            if after != GONE:
                found.rewritten[version] = after
                of_now |= {after, *stores[0].listed(after)}
        others = {oid for one, entries in lists.items() if one not in folders for oid in (one, *entries)}
        out = (folders | bad | {oid for one in folders for oid in lists[one]}) - of_now - (others - bad)
        fresh = {one: found.rewritten.get(one, GONE) for one in folders}
        note_became(workspace, fresh, keeps_rows=keeps_rows)
        for store in delete_objects(home, out):
            found.objects[store.name] = len(store.gone)
            if store.wrong:
                found.wrong[store.name] = store.wrong
    found.gone = sorted(folders - found.rewritten.keys())
    found.used = sorted(bad & of_now)
    judged = {oid for store in stores if store.local for oid in store.held}
    found.unknown = {s.name: len(s.held - judged) for s in stores if not s.local and s.held - judged}
    return found


def _bring(home: Path, cache: ObjectStore, known: Iterable[str], place: Path) -> bool:
    """Have the cache hold all versions that can be had: what is nowhere holds nothing. Whether any came."""
    came = False
    for version in known:
        whole = version in cache.held and cache.listed(version) <= cache.held
        if version.endswith(".dir") and not whole:
            with suppress(ArtifactError):
                fetch(home, version, place)
                # A checkout reads a list that only the remote has and keeps none of it.
                run_dvc(place.parent, ["fetch", f"{place.name}.dvc"])
                came = True
    return came


def _bad(stores: list[ObjectStore], holds: Callable[[Path], bool]) -> set[str]:
    """Objects in stores of this machine that say something of what was erased; each is read once."""
    files: dict[str, Path] = {}
    for store in stores:
        if store.local:
            files |= {oid: store.file(oid) for oid in store.held if not oid.endswith(".dir")}
    return {oid for oid, file in files.items() if holds(file)}


def _lists(stores: list[ObjectStore]) -> dict[str, set[str]]:
    """Lists of folders to the objects that they name."""
    return {
        oid: store.listed(oid)
        for store in stores
        if store.local
        for oid in store.held
        if oid.endswith(".dir")
    }


def named_now(home: Path) -> set[str]:
    """What pointers and `dvc.lock` of a repository name."""
    pointers = [path for depth in ("*.dvc", "*/*.dvc", "*/*/*.dvc") for path in home.glob(depth)]
    outs = [out for path in pointers if path.is_file() for out in read_yaml(path)["outs"]]
    if (lock := home / "dvc.lock").is_file():
        stages: dict[str, Any] = read_yaml(lock).get("stages", {})
        outs += [out for stage in stages.values() for out in stage.get("outs", [])]
    return {str(out["md5"]) for out in outs if "md5" in out}


def _without(home: Path, version: str, place: Path, cut: Callable[[Path], object]) -> str:
    """Keep what a snapshot is without the erased, in cache and remote; its MD5, GONE where it is no snapshot
    that this version can read, or its bytes are not all there."""
    try:
        fetch(home, version, place)
        if not (place / MANIFEST).is_file():
            return GONE
        cut(place)
        run_dvc(place.parent, ["add", place.name])
    except ArtifactError:
        return GONE
    with suppress(ArtifactError):  # no remote, or it is away: said of the remote
        run_dvc(place.parent, ["push", f"{place.name}.dvc"])
    return pointer_hash(place) or GONE


def note_became(workspace: Workspace, fresh: Mapping[str, str], *, keeps_rows: bool = False) -> None:
    """Note what became of versions, over what earlier erasures made of them.

    Args:
        keeps_rows: no row was erased of these.
    """
    if fresh:
        before = {old: fresh.get(new, new) for old, new in became(workspace).items()}
        whole = {**_whole(workspace), **{old: new for old, new in fresh.items() if keeps_rows}}
        stored = {"became": {**before, **fresh}, "with_all_rows": whole}
        write_sealed_json(workspace.state / FOLDER / FILE, stored)


def became(workspace: Workspace) -> dict[str, str]:
    """MD5s of versions that erasures touched to those by which they are known since; GONE of deleted ones."""
    return _noted(workspace, "became")


def _whole(workspace: Workspace) -> dict[str, str]:
    """Versions to what they were rewritten to without that a row was erased."""
    return _noted(workspace, "with_all_rows")


def _noted(workspace: Workspace, what: str) -> dict[str, str]:
    path = workspace.state / FOLDER / FILE

    def read(stored: dict[str, Any]) -> dict[str, str]:
        return dict(stored.get(what, {}))

    return read_artifact(path, "what became of versions", read) if path.exists() else {}


def what_became_of(workspace: Workspace, version: str) -> str:
    """The MD5 by which a version is known since an erasure; itself where none touched it.

    Raises:
        ArtifactError: an erasure deleted it.
    """
    now = became(workspace).get(version, version)
    if now == GONE:
        raise ArtifactError(
            f"an erasure deleted the snapshot {version}, since it held what was erased (erasure.dvc in "
            "params.yaml keeps such ones without it): what was made of it cannot be made again"
        )
    return now


def lost_rows(workspace: Workspace, version: str) -> bool:
    """Whether rows of a version were erased.

    Raises:
        ArtifactError: an erasure deleted it.
    """
    return what_became_of(workspace, version) != _whole(workspace).get(version, version)
