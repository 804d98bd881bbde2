"""Erasures that were made after a backup: a workspace restored from it holds again what they took out.

Their tombstones are in later backups beside it, or in the workspace that was moved away; with them nothing of
it is collected again, and `shelfspace forget` knows it.
"""

import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from assets.lib.erasure.record import FILE as REQUESTS
from catalog.erasure.tombstones import FILE, FOLDER, KEY, Tombstones
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import write_bytes

__all__ = ["take_over"]

TAKEN_OVER = (f"state/{KEY}", f"state/{FOLDER}/{FILE}", f"state/{FOLDER}/{REQUESTS}")
"""The key first: tombstones without it are refused."""


def take_over(
    archive: Path, restored: Path, workspace: str, since: Path | None, told: Callable[[str], None]
) -> list[str]:
    """Give a restored workspace the tombstones that are known to be younger than its backup.

    Args:
        archive: the backup that it was restored from.
        restored: where its files lie.
        workspace: its name.
        since: a workspace or backup that knows them; default the newest backup beside this one.
        told: is told what was taken over, and what is to be done.

    Returns:
        when each erasure since the backup was made, ISO 8601 in UTC.

    Raises:
        InputError: `since` is neither.
        ArtifactError: its tombstones are of another workspace, or damaged.
    """
    source = since or _newest_beside(archive, workspace)
    if source is None:
        told(
            "no later backup lies beside this one: what was forgotten since it was made is there again. "
            "Restore with --forgotten and a workspace or backup that knows it, or forget it again"
        )
        return []
    state, before = restored / "state", Tombstones.open(restored / "state")
    files = _files(source)
    if FILE not in {Path(name).name for name in files}:
        told(f"nothing was forgotten according to {source}")
        return []
    if before.key and files[TAKEN_OVER[0]] != (state / KEY).read_bytes():
        raise ArtifactError(
            f"the tombstones in {source} are of another workspace than {archive}; name one of the same"
        )
    for name in TAKEN_OVER:
        if name in files:
            write_bytes(restored / name, files[name]).chmod(0o600)
    now = Tombstones.open(state)
    fresh = sorted(stone.when for mark, stone in now.stones.items() if mark not in before.stones)
    if fresh:
        told(
            f"{len(fresh)} products and shoppers were forgotten after this backup "
            f"({', '.join(_days(fresh))}), as {source} knows: none is collected again. "
            "What the backup holds of them is there until you run shelfspace forget --again"
        )
    return fresh


def _days(times: list[str]) -> list[str]:
    days = [datetime.fromisoformat(one).astimezone(UTC).date().isoformat() for one in times]
    return list(dict.fromkeys(days))


def _newest_beside(archive: Path, workspace: str) -> Path | None:
    """The newest backup of a workspace that is younger than this one."""
    later = [path for path in archive.parent.glob(f"{workspace}-*T*Z.tar") if path.name > archive.name]
    return max(later, default=None)


def _files(source: Path) -> dict[str, bytes]:
    """The files of an erasure, by their path in a workspace."""
    if source.is_dir():
        return {name: (source / name).read_bytes() for name in TAKEN_OVER if (source / name).is_file()}
    try:
        with tarfile.open(source, "r:") as opened:
            members = {member.name: member for member in opened.getmembers()}
            streams = {name: opened.extractfile(members[name]) for name in TAKEN_OVER if name in members}
            return {name: stream.read() for name, stream in streams.items() if stream is not None}
    except tarfile.TarError as error:
        remedy = f"name a workspace's folder or a backup ({error})"
        raise InputError("forgotten", str(source), remedy) from error
