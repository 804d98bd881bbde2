"""Where files of the inbox go: `done/` when the snapshot has them, `refused/` with the reason beside them.

What was read is what is moved: a file that changed in between stays, and is another delivery.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from catalog.deliveries.ledger import FILE, Entry, Ledger
from catalog.deliveries.table import PAGE
from shelfspace.files import write_text
from shelfspace.hashing import file_hash
from shelfspace.workspace import Workspace

__all__ = ["DONE", "REFUSED", "clear_strays", "put_away", "sent_to", "set_aside"]

DONE, REFUSED = "done", "refused"
LONGEST = 180
"""Bytes of a name that is kept as it came; file systems take 255."""


def clear_strays(workspace: Workspace) -> None:
    """Remove what killed writers left under a temporary name; the ledger's lock says nobody else writes."""
    for folder, names in (
        (workspace.state, f".{FILE}.*.tmp"),
        (workspace.inbox / REFUSED, ".*.tmp"),
        (workspace.root, f".{PAGE}.*.tmp"),
    ):
        for leftover in folder.glob(names):
            leftover.unlink()


def put_away(ledger: Ledger, inbox: Path) -> None:
    """Move the files of all entries that have a place to go to; what a killed run left is done, too."""
    for entry in list(ledger.entries.values()):
        if entry.archive and not entry.moved:
            stays = [
                name for name, (place, digest) in entry.files.items() if not _move(inbox, name, place, digest)
            ]
            ledger.change(entry.arrival, moved=True, archive="" if stays else entry.archive, files={})


def sent_to(inbox: Path, folder: str, entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    """What the ledger has to know before files are moved: where to.

    Args:
        folder: DONE or REFUSED.
        names: of files of the inbox, to the hash of their bytes.
    """
    files = {name: (_place(inbox, folder, name, entry.arrival), digest) for name, digest in names.items()}
    first = next(iter(files.values()))[0]
    return {"archive": first if len(files) == 1 else folder, "files": files, "moved": False}


def set_aside(inbox: Path, entry: Entry, why: str | pd.DataFrame) -> str:
    """Write why a delivery, or some of its rows, are refused, into `refused/`; returns the file's place."""
    name = _place(inbox, REFUSED, entry.name, entry.arrival)
    if isinstance(why, str):
        text, name = f"{why}\n", f"{name}.reason.txt"
    else:
        text, name = why.to_csv(index=False), f"{name}.rows.csv"
    write_text(inbox / name, text)
    return f"inbox/{name}"


def _place(inbox: Path, folder: str, name: str, arrival: int) -> str:
    """Where a file goes, relative to the inbox; the arrival number parts it from one that lies there."""
    plain = Path(folder) / name
    if len(os.fsencode(plain.name)) > LONGEST:  # a number, and what stands beside it, need room
        shorter = os.fsencode(plain.stem)[:LONGEST].decode(errors="ignore")
        plain = plain.with_name(shorter + plain.suffix[:20])
    if not os.path.lexists(inbox / plain):
        return plain.as_posix()
    stem, dot, endings = plain.name.partition(".")
    return (plain.parent / f"{stem}.{arrival}{dot}{endings}").as_posix()


def _move(inbox: Path, name: str, place: str, digest: str) -> bool:
    """Move a file of the inbox; False where it has changed since it was read, and stays, or is gone."""
    origin = inbox / name
    if os.path.lexists(inbox / place) or not os.path.lexists(origin):
        return os.path.lexists(inbox / place)
    (inbox / place).parent.mkdir(parents=True, exist_ok=True)
    os.rename(origin, inbox / place)
    if not digest or file_hash(inbox / place) == digest:
        return True
    if os.path.lexists(origin):  # a further one came meanwhile
        origin = origin.with_name(f"{origin.stem}.changed{origin.suffix}")
    os.rename(inbox / place, origin)
    return False
