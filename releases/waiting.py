"""The release that waits to go live: a person is asked first, or a pinned one is live."""

from dataclasses import asdict, dataclass
from pathlib import Path

from releases.pins import pinned
from releases.pointer import current_id
from shelfspace.clock import minute, now
from shelfspace.files import read_artifact, write_sealed_json
from shelfspace.workspace import Workspace

__all__ = ["Waiting", "let_wait", "spared", "wait_no_more", "waiting", "waits_for_a_person"]


@dataclass(frozen=True)
class Waiting:
    """A release that waits, since when (ISO 8601 in UTC) and why; a newer one takes its place."""

    release: str
    since: str
    why: str


def waiting(root: Path) -> Waiting | None:
    """The release of a workspace that waits; None where none does, and once it is live or no longer there.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = root / "releases" / "waiting.json"
    if not path.exists():
        return None
    found = read_artifact(path, "the release that waits", lambda stored: Waiting(**stored))
    gone = found.release == current_id(root) or not (path.parent / found.release).is_dir()
    return None if gone else found


def let_wait(workspace: Workspace, release: str, why: str) -> None:
    """Note that a release waits; the caller holds the lock of the releases."""
    before = waiting(workspace.root)
    if before is None or (before.release, before.why) != (release, why):
        write_sealed_json(workspace.releases / "waiting.json", asdict(Waiting(release, now(), why)))


def wait_no_more(root: Path) -> None:
    """Nothing waits any more: another one is live, or it was refused; the caller holds the lock."""
    (root / "releases" / "waiting.json").unlink(missing_ok=True)


def spared(workspace: Workspace) -> set[str]:
    """Releases that are not deleted however old they are: pinned, or waiting."""
    waits = waiting(workspace.root)
    return {*pinned(workspace.root), *([waits.release] if waits else [])}


def waits_for_a_person(workspace: Workspace) -> list[str]:
    """A sentence on the release that waits, with what to type; [] where none does."""
    found = waiting(workspace.root)
    if found is None:
        return []
    since = minute(found.since)
    yes = workspace.command("approve", RELEASE=found.release)
    said = f"release {found.release} waits to go live since {since} UTC: {found.why}"
    return [f"{said}; what would change: {workspace.command('shadow')}; if it shall: {yes}"]
