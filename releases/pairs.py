"""What applications said after a release was made: newer folders of theirs that belong to it.

<workspace>/insights/<application>/
    <release>-<data version>/    the application's files, and manifest.json: release, data version, hashes
    current                      one line: the folder that is to be served; replaced atomically

A daily run brings the applications up to date without another release. Release and pair are read together:
a pair of another release is refused, since its vectors and products are others, and what the release packs
itself answers instead. The last pair of each release that is still there is kept: it is pointed to again when
that release is live again.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from releases.insights import OF_THE_WORKSPACE
from shelfspace.clock import now
from shelfspace.errors import ArtifactError
from shelfspace.files import atomic_directory, read_json, reading, write_sealed_json, write_text
from shelfspace.hashing import tree_hashes
from shelfspace.way_back import way_back

__all__ = ["Pair", "check_pair", "pair_folders", "publish", "published", "read_pair", "restore", "withdraw"]

MANIFEST, POINTER = "manifest.json", "current"
KEPT = 2
"""Latest folders of an application that are kept whatever their release: what is served, and what was before,
which an answer may still be read from."""
DIGITS = 12
"""Of a data version in a folder's name."""


@dataclass(frozen=True)
class Pair:
    """One application's folder that belongs to a release.

    Attributes:
        release: id of the release.
        version: data version of what it holds.
        at: when it was put there, ISO 8601 in UTC.
    """

    application: str
    folder: Path
    release: str
    version: str
    at: str


def home(root: Path, application: str) -> Path:
    return root / "insights" / application


def publish(root: Path, application: str, source: Path, release: str, version: str) -> bool:
    """Copy an application's folder and let it be served with a release; whether `current` moved.

    Args:
        root: of the workspace.
        source: the application's folder; what says how it was made there is left out.
        release: id of the release that it belongs to.
        version: data version of the folder.
    """
    place = home(root, application)
    target = place / f"{release}-{version[:DIGITS]}"
    for leftover in place.glob(".*.tmp"):  # of a killed run: the workspace's lock says nobody else writes
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()
    moved = pointed(place) != target.name or not target.is_dir()
    if not target.is_dir():
        with atomic_directory(target) as temporary:
            without = shutil.ignore_patterns(*OF_THE_WORKSPACE)
            shutil.copytree(source, temporary, dirs_exist_ok=True, ignore=without)
            said = {"application": application, "release": release, "data_version": version}
            files = tree_hashes(temporary, skip=frozenset())
            write_sealed_json(temporary / MANIFEST, {**said, "at": now(), "files": files})
    if moved:
        write_text(place / POINTER, f"{target.name}\n")
    folders = _latest_first(place)
    last_of = {
        release_of(one): one for one in reversed(folders) if (root / "releases" / release_of(one)).is_dir()
    }
    for old in [one for one in folders if one != target][KEPT - 1 :]:
        if last_of.get(release_of(old)) != old:
            # Hidden first: a folder that is half gone would be damage.
            shutil.rmtree(old.rename(place / f".{old.name}.old.tmp"))
    return moved


def restore(root: Path, application: str, release: str) -> str | None:
    """Point to the last folder of a release that is live again; its data version, None without one.

    Raises:
        ArtifactError: it is damaged.
    """
    place = home(root, application)
    last = next((one for one in _latest_first(place) if release_of(one) == release), None)
    if last is None:
        return None
    found = check_pair(last)
    if pointed(place) != last.name:
        write_text(place / POINTER, f"{last.name}\n")
    return found.version


def release_of(folder: Path) -> str:
    """The release that a folder's name says it belongs to."""
    return folder.name.rpartition("-")[0]


def _latest_first(place: Path) -> list[Path]:
    """An application's folders."""
    there = [manifest.parent for manifest in place.glob(f"[!.]*/{MANIFEST}")]
    return sorted(there, key=lambda one: one.stat().st_mtime_ns, reverse=True)


def withdraw(root: Path, application: str) -> bool:
    """Let what the release packs answer again; whether anything else did."""
    pointer = home(root, application) / POINTER
    there = pointer.exists()
    pointer.unlink(missing_ok=True)
    return there


def pointed(place: Path) -> str:
    """The folder's name that `current` holds; "" without one.

    Raises:
        ArtifactError: it holds something else.
    """
    pointer = place / POINTER
    try:
        said = pointer.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{pointer} cannot be read ({error}); {way_back(pointer)}") from error
    if not said or Path(said).name != said or said.startswith("."):
        raise ArtifactError(f"{pointer} names {said!r}, which is no folder beside it; {way_back(pointer)}")
    return said


def published(root: Path) -> dict[str, Path]:
    """Application to its `current`, as far as a workspace has them."""
    return {pointer.parent.name: pointer for pointer in sorted((root / "insights").glob(f"*/{POINTER}"))}


def read_pair(pointer: Path, release: str) -> Pair:
    """The folder that a `current` names, if it belongs to a release and is whole.

    Raises:
        ArtifactError: it is missing, damaged, or of another release.
    """
    name = pointed(pointer.parent)
    if not name:
        raise ArtifactError(f"{pointer} is gone; {way_back(pointer)}")
    found = check_pair(pointer.parent / name)
    if found.release != release:
        raise ArtifactError(
            f"{found.application} was brought up to date for release {found.release}, and {release} answers; "
            "what that release packs is used; the insights job makes one for it"
        )
    return found


def check_pair(folder: Path) -> Pair:
    """A folder, if all its files are as they were written.

    Raises:
        ArtifactError: one is missing, damaged or was added.
    """
    with reading(folder / MANIFEST, KeyError, TypeError):
        said = read_json(folder / MANIFEST)
        files: Mapping[str, str] = said["files"]
        pair = Pair(said["application"], folder, said["release"], said["data_version"], said["at"])
    there = tree_hashes(folder, skip=frozenset({MANIFEST}))
    for name in sorted(files.keys() | there.keys()):
        if files.get(name) != there.get(name):
            raise ArtifactError(f"{folder / name} is damaged or missing; {way_back(folder / name)}")
    return pair


def pair_folders(root: Path) -> list[Path]:
    """All folders of all applications, for the scrub."""
    return sorted(manifest.parent for manifest in (root / "insights").glob(f"*/[!.]*/{MANIFEST}"))
