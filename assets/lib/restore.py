"""The way back of a backup: unpacked whole or not at all, every file held against the manifest."""

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

import orjson

from assets.lib.backup import CHUNK, FORMAT, MANIFEST, Hashing
from assets.lib.erasure.since_backup import take_over
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import atomic_directory, sync
from shelfspace.formats import check_format, check_layout
from shelfspace.progress import progress_bar

__all__ = ["restore"]


def restore(
    archive: Path,
    workspaces: Path,
    told: Callable[[str], None] = lambda _: None,
    forgotten: Path | None = None,
) -> Path:
    """Unpack an archive as a workspace, whole or not at all; every file is held against the manifest.

    Args:
        archive: what `back_up` wrote.
        workspaces: the folder of all workspaces; the archive's own must not lie there.
        told: is told what is being done.
        forgotten: a workspace or backup that knows what was erased since; default a later backup beside it.

    Returns:
        the workspace's folder.

    Raises:
        InputError: it is no backup, or one that was cut off; or the workspace is there.
        ArtifactError: a file in it is not as it was written; or a later version wrote the archive, or kept
            the workspace.
    """
    try:
        with tarfile.open(archive, "r:") as opened:
            manifest = read_manifest(opened, archive)
            target = workspaces / manifest["workspace"]
            if target.exists():
                remedy = (
                    f"{target} is there: move it away first, or set SHELFSPACE_WORKSPACES to another folder"
                )
                raise InputError("backup", str(archive), remedy)
            told(f"{manifest['workspace']} of {manifest['created']}: {len(manifest['files'])} files")
            with atomic_directory(target) as folder:
                unpack(opened, manifest["files"], folder, archive)
                check_layout(folder)
                take_over(archive, folder, target.name, forgotten, told)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError("backup", str(archive), f"it is no backup, or was cut off ({error})") from error
    return target


def read_manifest(opened: tarfile.TarFile, archive: Path) -> dict[str, Any]:
    """What the archive says it holds."""
    members = opened.getmembers()
    stream = opened.extractfile(members[-1]) if members and members[-1].name == MANIFEST else None
    if stream is None:
        raise InputError("backup", str(archive), "it is no backup, or was cut off; take another one")
    try:
        manifest: dict[str, Any] = orjson.loads(stream.read())
        check_format(f"backup {archive}", manifest["format"], FORMAT, "take another backup")
        return {name: manifest[name] for name in ("workspace", "created", "files")}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "backup", str(archive), f"its manifest is none of ours ({error!r}); restore an earlier backup"
        ) from error


def unpack(opened: tarfile.TarFile, files: dict[str, list[Any]], folder: Path, archive: Path) -> None:
    """Write the files of an archive into a folder, each compared with what the manifest says."""
    seen = set()
    for member in progress_bar(opened.getmembers()[:-1], "restoring"):
        stream, path = opened.extractfile(member), folder / member.name
        if stream is None or not path.resolve().is_relative_to(folder.resolve()):
            raise ArtifactError(
                f"{member.name} in {archive} is no file of a workspace; it is no backup of ours"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        hashing = Hashing(stream)
        with path.open("wb") as target:
            shutil.copyfileobj(cast(IO[bytes], hashing), target, CHUNK)
        if [member.size, hashing.digest.hexdigest()] != files.get(member.name):
            raise ArtifactError(f"{member.name} in {archive} is damaged; restore an earlier backup")
        os.chmod(path, member.mode)
        os.utime(path, (member.mtime, member.mtime))
        seen.add(member.name)
    if missing := files.keys() - seen:
        raise ArtifactError(f"{min(missing)} is missing in {archive}; restore an earlier backup")
    for path in [*folder.rglob("*"), folder]:
        sync(path)
