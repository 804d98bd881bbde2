"""Which release is live: one pointer file, its history, and pruning.

`<workspace>/releases/current` holds one id and is replaced atomically, so a reader sees the old
or the new release, never none. `promotions.jsonl` records every move.
"""

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from releases.pins import pinned
from releases.release import Release, is_release_name, list_releases, releases_lock
from shelfspace.clock import now
from shelfspace.errors import ArtifactError
from shelfspace.files import read_artifact, write_sealed_json, write_text
from shelfspace.sealed_lines import append_lines, read_lines

__all__ = [
    "current", "current_id", "history", "move", "note_replaced", "previous", "promote", "prune", "record",
    "replaced", "standing",
]  # fmt: skip

LOG, REPLACED = "promotions.jsonl", "replaced.json"


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


def promote(workspace_root: Path, release_id: str, reason: str = "", who: str = "") -> Release:
    """Make a release live, after checking its files; promoting the live one changes nothing.

    Raises:
        ArtifactError: no such release, or it is damaged; the live one stays.
    """
    releases = workspace_root / "releases"
    with releases_lock(releases):
        # Under the lock, or another one could prune it between the look and the move.
        release = Release.load(releases / release_id)
        if current_id(workspace_root) != release_id:
            move(workspace_root, release_id, "promote", reason, who)
    return release


def previous(workspace_root: Path) -> str | None:
    """Id that a rollback returns to: the last one on disk that was live before the live one.

    A rollback undoes the latest promotion that still stands, so two rollbacks go two back.
    """
    stack = standing(workspace_root)
    earlier = (name for name in stack[-2::-1] if name != stack[-1])
    return next((name for name in earlier if (workspace_root / "releases" / name).is_dir()), None)


def history(workspace_root: Path) -> list[dict[str, Any]]:
    """Every move of `current`, oldest first: time (UTC, ISO 8601), action, release, before, reason, and who
    where a person asked for it. A release that an erasure made again is called by the id it has now.

    Raises:
        ArtifactError: a line is damaged; names it.
    """
    names = replaced(workspace_root)
    moves = read_lines(workspace_root / "releases" / LOG)
    if not names:
        return moves
    return [
        {key: names.get(said, said) if key in ("release", "before") else said for key, said in move.items()}
        for move in moves
    ]


def replaced(workspace_root: Path) -> dict[str, str]:
    """Ids of releases that were made again without erased rows, to the id that each has now.

    Raises:
        ArtifactError: the note is damaged.
    """
    path = workspace_root / "releases" / REPLACED
    return read_artifact(path, "what took whose place", _names) if path.exists() else {}


def _names(stored: dict[str, Any]) -> dict[str, str]:
    return {str(before): str(after) for before, after in stored["replaced"].items()}


def note_replaced(workspace_root: Path, before: str, after: str) -> None:
    """Note that a release took another one's place; the caller holds the lock."""
    names = {old: after if new == before else new for old, new in replaced(workspace_root).items()}
    write_sealed_json(workspace_root / "releases" / REPLACED, {"replaced": {**names, before: after}})


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
    """The stack after a promotion (one on top) or a rollback (down to that release, if it is in it)."""
    if action == "promote" or release_id not in stack:
        return [*stack, release_id]
    below = len(stack) - 1 - stack[::-1].index(release_id)
    return stack[: below + 1]


def prune(workspace_root: Path, keep: int, spared: Collection[str] = ()) -> list[str]:
    """Delete all but the newest `keep` releases; returns the ids deleted, oldest first.

    The live release, the one that a rollback returns to and pinned ones are never deleted, nor those
    `spared`: waiting for a person. Pins are read under the lock that they are set under.
    """
    releases = workspace_root / "releases"
    with releases_lock(releases):
        pins = pinned(workspace_root)
        kept = {current_id(workspace_root), previous(workspace_root), *pins, *spared}
        folders = list_releases(releases)
        gone = [f for f in folders[: max(0, len(folders) - keep)] if f.name not in kept]
        for folder in gone:
            # Renamed first: a kill while deleting leaves no half release under a release's name.
            trash = releases / f".trash-{folder.name}"
            os.replace(folder, trash)
        for trash in releases.glob(".trash-*"):
            shutil.rmtree(trash)
    return [folder.name for folder in gone]


def move(workspace_root: Path, release_id: str, action: str, reason: str, who: str = "") -> None:
    """Move the pointer, then record it; the caller holds the lock."""
    before = current_id(workspace_root)
    recorded = history(workspace_root)
    write_text(workspace_root / "releases" / "current", release_id + "\n")
    if before is not None and (not recorded or recorded[-1]["release"] != before):
        known = before in [entry["release"] for entry in recorded]
        record(workspace_root, before, "rollback" if known else "promote", None, "recorded after a stop")
    record(workspace_root, release_id, action, before, reason, who)


def record(
    workspace_root: Path, release_id: str, action: str, before: str | None, reason: str, who: str = ""
) -> None:
    """Add a line to promotions.jsonl; the caller holds the lock."""
    entry = {"time": now(), "action": action, "release": release_id, "before": before, "reason": reason}
    append_lines(workspace_root / "releases" / LOG, [entry | ({"who": who} if who else {})])
