"""A person's yes, in one form for whatever may wait for one: what, who, when, why."""

import getpass
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from shelfspace.clock import now
from shelfspace.sealed_lines import append_lines, read_lines

__all__ = ["APPROVALS", "UNVERIFIED", "Approval", "approvals", "approve_what", "somebody"]

APPROVALS = "approvals.jsonl"
UNVERIFIED = "(unverified)"
"""Behind a name that nothing vouches for: neither a key nor a proxy in front of the pages."""


@dataclass(frozen=True)
class Approval:
    """One decision of a person.

    Attributes:
        what: `delivery 12 (sale.csv)`, `release 000007-3fa9c1d2`, `champion <fingerprint>`.
        who: a key's name, the name that a proxy vouches for, or a name marked as unverified.
        when: ISO 8601 in UTC.
        why: as they gave it.
    """

    what: str
    who: str
    when: str
    why: str = ""


def approve_what(root: Path, what: str, who: str, why: str = "") -> Approval:
    """Write an approval down in a workspace's folder."""
    given = Approval(what, who, now(), why)
    append_lines(root / APPROVALS, [asdict(given)])
    return given


def approvals(root: Path) -> list[Approval]:
    """All approvals of a workspace, the oldest first.

    Raises:
        ArtifactError: a line is damaged.
    """
    return [Approval(**line) for line in read_lines(root / APPROVALS)]


def somebody(name: str = "") -> str:
    """Who acts where nothing vouches for a name: the one given, else the user of this process."""
    try:
        known = name.strip() or getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        known = f"user {os.getuid()}"
    return f"{known} {UNVERIFIED}"
