"""Which release is live: one pointer file, its history, rollback and pruning.

`<workspace>/releases/current` holds one id and is replaced atomically, so a reader sees the old
or the new release, never none. `promotions.jsonl` records every move.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from releases.release import Release, is_release_name, list_releases, releases_lock
from shelfspace.errors import ArtifactError
from shelfspace.files import reading, write_text
from shelfspace.sealed import open_sealed, seal_object

__all__ = ["current", "current_id", "history", "previous", "promote", "prune", "rollback"]


def current_id(workspace_root: Path) -> str | None:
    """Id of the live release; None before the first promotion.

    Raises:
        ArtifactError: the pointer is damaged.
    """
    pointer = workspace_root / "releases" / "current"
    if not pointer.exists():
        return None
    said = pointer.read_bytes().decode(errors="replace").strip()
    if not is_release_name(said) or not (pointer.parent / said).is_dir():
        there = ", ".join(folder.name for folder in list_releases(pointer.parent)) or "none"
        raise ArtifactError(
            f"{pointer} names {said!r}, and there are {there}: write the name of the release to be live "
            "into it (the last line of promotions.jsonl beside it says which was), or delete it and make one"
        )
    return said


def current(workspace_root: Path, verify: bool = True) -> Release | None:
    """The live release; None before the first promotion.

    Raises:
        ArtifactError: the pointer names a release that is missing or damaged.
    """
    name = current_id(workspace_root)
    return Release.load(workspace_root / "releases" / name, verify) if name else None


def promote(workspace_root: Path, release_id: str, reason: str = "") -> Release:
    """Make a release live, after checking its files; promoting the live one changes nothing.

    Raises:
        ArtifactError: no such release, or it is damaged; the live one stays.
    """
    releases = workspace_root / "releases"
    with releases_lock(releases):
        # Under the lock, or another one could prune it between the look and the move.
        release = Release.load(releases / release_id)
        if current_id(workspace_root) != release_id:
            move(workspace_root, release_id, "promote", reason)
    return release


def previous(workspace_root: Path) -> str | None:
    """Id that `rollback` would return to: the release that was live before the live one.

    A rollback undoes the latest promotion that still stands, so two rollbacks go two back.
    """
    stack = standing(workspace_root)
    return stack[-2] if len(stack) > 1 else None


def rollback(workspace_root: Path, reason: str = "") -> Release:
    """Make the previous release live again.

    Raises:
        ArtifactError: there is no earlier release on disk, or it is damaged; the live one stays.
    """
    releases = workspace_root / "releases"
    if current_id(workspace_root) is None:
        # Said before the lock, which would make the folder.
        remedy = "make demo makes one, or makes the last one live again"
        raise ArtifactError(
            f"{workspace_root.name} has no earlier release to roll back to, nor a current one; {remedy}"
        )
    with releases_lock(releases):
        target = previous(workspace_root)
        if target is None:
            raise ArtifactError(f"{workspace_root.name} has no earlier release to roll back to")
        release = Release.load(releases / target)
        move(workspace_root, target, "rollback", reason)
    return release


def history(workspace_root: Path) -> list[dict[str, Any]]:
    """Every move of `current`, oldest first: time (UTC, ISO 8601), action, release, before, reason.

    Raises:
        ArtifactError: a line is damaged; names it.
    """
    path = workspace_root / "releases" / "promotions.jsonl"
    if not path.exists():
        return []
    # A killed writer can leave a last line without its newline; the next move cuts it off.
    whole = path.read_bytes().rpartition(b"\n")[0]
    with reading(path):
        return [open_sealed(orjson.loads(line)) for line in whole.splitlines()]


def standing(workspace_root: Path) -> list[str]:
    """Ids from the first to the live release, with what was rolled back taken off."""
    stack: list[str] = []
    for entry in history(workspace_root):
        stack = moved(stack, entry["release"], entry["action"])
    live = current_id(workspace_root)
    # The pointer moves before its line is written: a kill between the two leaves one move unrecorded.
    if live is not None and (not stack or stack[-1] != live):
        stack = moved(stack, live, "rollback" if live in stack else "promote")
    return stack


def moved(stack: list[str], release_id: str, action: str) -> list[str]:
    """The stack after a promotion (one on top) or a rollback (down to that release)."""
    if action == "promote":
        return [*stack, release_id]
    below = len(stack) - 1 - stack[::-1].index(release_id)
    return stack[: below + 1]


def prune(workspace_root: Path, keep: int) -> list[str]:
    """Delete all but the newest `keep` releases; returns the ids deleted, oldest first.

    The live release and the one `rollback` returns to are never deleted.
    """
    releases = workspace_root / "releases"
    with releases_lock(releases):
        kept = {current_id(workspace_root), previous(workspace_root)}
        folders = list_releases(releases)
        gone = [f for f in folders[: max(0, len(folders) - keep)] if f.name not in kept]
        for folder in gone:
            # Renamed first: a kill while deleting leaves no half release under a release's name.
            trash = releases / f".trash-{folder.name}"
            os.replace(folder, trash)
        for trash in releases.glob(".trash-*"):
            shutil.rmtree(trash)
    return [folder.name for folder in gone]


def move(workspace_root: Path, release_id: str, action: str, reason: str) -> None:
    """Move the pointer, then record it; the caller holds the lock."""
    releases = workspace_root / "releases"
    before = current_id(workspace_root)
    log = releases / "promotions.jsonl"
    entries = []
    recorded = history(workspace_root)
    if before is not None and (not recorded or recorded[-1]["release"] != before):
        known = before in [entry["release"] for entry in recorded]
        entries.append(line(before, "rollback" if known else "promote", None, "recorded after a stop"))
    entries.append(line(release_id, action, before, reason))
    write_text(releases / "current", release_id + "\n")
    with log.open("ab") as stream:
        if log.exists():
            stream.truncate(log.read_bytes().rfind(b"\n") + 1)
        stream.write(b"".join(entries))
        stream.flush()
        os.fsync(stream.fileno())


def line(release_id: str, action: str, before: str | None, reason: str) -> bytes:
    """One line of promotions.jsonl."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"time": now, "action": action, "release": release_id, "before": before, "reason": reason}
    return orjson.dumps(seal_object(entry)) + b"\n"
