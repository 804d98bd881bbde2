"""Releases that a person has pinned: never deleted, and while one is live, nothing takes its place."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from releases.release import Release, releases_lock
from shelfspace.clock import now
from shelfspace.errors import ArtifactError
from shelfspace.files import read_artifact, write_sealed_json

__all__ = ["Pin", "move_pins", "pin", "pinned", "unpin"]


@dataclass(frozen=True)
class Pin:
    """Who pinned a release, when (ISO 8601 in UTC) and why."""

    who: str
    when: str
    why: str


def pinned(root: Path) -> dict[str, Pin]:
    """Pinned releases of a workspace.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = root / "releases" / "pins.json"
    return read_artifact(path, "the pinned releases", _pins) if path.exists() else {}


def pin(root: Path, release_id: str, who: str, why: str) -> Pin:
    """Pin a release; one that is pinned gets the new reason.

    Raises:
        ArtifactError: no such release.
    """
    releases = root / "releases"
    with releases_lock(releases):
        made = Release.load(releases / release_id, verify=False)
        pins = {**pinned(root), made.id: Pin(who, now(), why)}
        _write(root, pins)
    return pins[made.id]


def unpin(root: Path, release_id: str) -> Pin:
    """Take a pin away.

    Raises:
        ArtifactError: it is not pinned.
    """
    with releases_lock(root / "releases"):
        pins = pinned(root)
        if release_id not in pins:
            there = ", ".join(pins) or "none is"
            raise ArtifactError(f"release {release_id!r} is not pinned; pinned: {there}")
        gone = pins.pop(release_id)
        _write(root, pins)
    return gone


def move_pins(root: Path, names: Mapping[str, str]) -> None:
    """Have pins of releases be of those that took their place, or of none ("")."""
    with releases_lock(root / "releases"):
        pins = pinned(root)
        moved = {names.get(release, release): one for release, one in pins.items()}
        moved.pop("", None)
        if moved != pins:
            _write(root, moved)


def _write(root: Path, pins: dict[str, Pin]) -> None:
    write_sealed_json(root / "releases" / "pins.json", {"pins": {k: asdict(v) for k, v in pins.items()}})


def _pins(stored: dict[str, Any]) -> dict[str, Pin]:
    return {release: Pin(**said) for release, said in stored["pins"].items()}
