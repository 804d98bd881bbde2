"""Which workspace a catalogue has: one of its own, that no other catalogue shares.

A workspace notes its catalogue's folder in state/catalog.txt, as an absolute path; one without a note is of
the preset of its name.
"""

import re
import shlex
import unicodedata
from pathlib import Path

import yaml

from shelfspace.errors import CatalogError
from shelfspace.hashing import content_hash

__all__ = ["NOTE", "belongs", "home_of", "named_in", "noted", "own_name", "workspace_name"]

NOTE = "state/catalog.txt"
SAMPLE = "sample"
LONGEST = 80
"""Bytes of a name; a file system takes 255, of which releases, Bentos and temporary files need some."""


def workspace_name(catalog: str) -> str:
    """The workspace's name for a preset, a catalogue's name or a folder: its last path part, as a safe name.

    Letters and digits of every script are kept, in lower case and in one Unicode form (NFKC); whatever is
    between them becomes a hyphen. A name beyond 80 bytes is cut, and ends in a hash of the whole.

    Raises:
        CatalogError: nothing usable is left of it.
    """
    text = unicodedata.normalize("NFKC", Path(catalog).name).lower()
    kept = (c if unicodedata.category(c)[0] in "LNM" else "-" for c in text)
    name = re.sub("-+", "-", "".join(kept)).strip("-")
    if not name:
        raise CatalogError("catalog", catalog, "name a preset or a folder whose name has a letter or digit")
    if len(name.encode()) > LONGEST:
        start = name.encode()[: LONGEST - 9].decode(errors="ignore").rstrip("-")
        name = f"{start}-{content_hash(name)[:8]}"
    return name


def named_in(folder: Path) -> str:
    """The `name` that a folder's catalog.yaml gives; "" where it gives none that can be read, which opening
    the catalogue reports."""
    path = folder / "catalog.yaml"
    if not path.is_file():
        return ""
    try:
        described = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return ""
    name = described.get("name") if isinstance(described, dict) else None
    return own_name(name) if isinstance(name, str) else ""


def own_name(name: str) -> str:
    """A name that a catalogue gives itself, as a path's last part; "" for the built-in sample's, which a copy
    of its folder has too."""
    kept = name.strip().replace("/", "-")
    return "" if kept == SAMPLE else kept


def noted(place: Path) -> str:
    """The catalogue that a workspace belongs to: an absolute folder or a preset's name; "" for a new one."""
    note = place / NOTE
    if note.exists():
        return note.read_text(encoding="utf-8")
    return place.name if (place / "snapshot.dvc").exists() else ""


def home_of(folder: Path, parent: Path) -> Path:
    """The workspace of a catalogue folder: the one that notes it, else the one of its name.

    Args:
        folder: of the catalogue, absolute.
        parent: folder of all workspaces.

    Raises:
        CatalogError: nothing usable is left of its name.
    """
    place = parent / workspace_name(named_in(folder) or str(folder))
    if noted(place) == str(folder) or not parent.is_dir():
        return place
    others = sorted(other for other in parent.iterdir() if (other / NOTE).is_file())
    return next((other for other in others if noted(other) == str(folder)), place)


def belongs(place: Path, catalog: str) -> bool:
    """Whether a workspace belongs to a catalogue, or to none that is still there.

    Raises:
        CatalogError: it belongs to another one; says what to do.
    """
    owner = noted(place)
    if owner in ("", catalog):
        return True
    if Path(owner).is_absolute() and not Path(owner).exists():
        return False
    typed = f"shelfspace adopt --catalog {shlex.quote(catalog)}"
    raise CatalogError(
        "catalog",
        catalog,
        f"give it a name of its own (name: in its catalog.yaml), since workspace {place.name} belongs to "
        f"{owner}; where this folder is that catalogue, moved: {typed}",
    )
