"""Formats of what is kept, each a number in the file: which this version reads, and what to do about others.

A file of a later version is refused before anything of it is read, and nobody is told to delete it: the
version that wrote it reads it. docs/versions.md lists what is read.
"""

from pathlib import Path

from shelfspace.errors import ArtifactError, InputError

__all__ = ["LATER", "check_format", "check_layout", "mark_layout"]

LATER = "a later version of Shelfspace wrote it: install that one, or restore a backup that this one made"
LAYOUT = 1
"""Of a workspace as a whole: raised when the version before could misread what this one writes."""
MARK = "state/layout.txt"


def check_format(
    what: object, found: object, reads: int | range, remedy: str, *, field: str = "format"
) -> None:
    """Refuse what another version wrote.

    Args:
        what: is read, as people call it or where it lies.
        found: the format that it says it has.
        reads: the format or formats that this version reads.
        remedy: what to do about an earlier one, as a clause.
        field: what the file calls it.

    Raises:
        ArtifactError: it is none of them; names the field, its value and the remedy.
    """
    known = range(reads, reads + 1) if isinstance(reads, int) else reads
    if isinstance(found, int) and found in known:
        return
    told = str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"
    later = isinstance(found, int) and found > known[-1]
    raise ArtifactError(
        f"{what}: {field} = {found!r}, this version reads {told}; {LATER if later else remedy}"
    )


def check_layout(root: Path) -> None:
    """Refuse a workspace that a later version keeps; one without a mark is of the first layout.

    Raises:
        ArtifactError: its layout is not known here; names the mark, its value and the remedy.
    """
    mark = root / MARK
    try:
        said = mark.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return
    if not said.isascii() or not said.isdigit():
        raise InputError("layout", said, f"{mark} holds no number; put {LAYOUT} into it, or restore a backup")
    remedy = f"no version wrote that: put {LAYOUT} into {mark}"
    check_format(f"workspace {root}", int(said), range(1, LAYOUT + 1), remedy, field="layout")


def mark_layout(root: Path) -> None:
    """Note the layout in a workspace that this version keeps."""
    from shelfspace.files import write_text

    if not (root / MARK).exists():
        write_text(root / MARK, f"{LAYOUT}\n")
