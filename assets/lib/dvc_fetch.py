"""Bytes that a DVC repository once held, brought to another place by their hash."""

import shutil
from pathlib import Path

from assets.lib.dvc import run_dvc
from shelfspace.errors import ArtifactError
from shelfspace.files import write_text

__all__ = ["fetch"]


def fetch(home: Path, version: str, target: Path) -> str:
    """Check a folder out as DVC knew it; pulled from the remote where the cache lacks it.

    The repository is left as it is but for its cache, which then has the bytes: whatever works there goes on.

    Args:
        home: the folder of the DVC repository that kept them.
        version: MD5 of the folder, as in `8d1dc7c5….dir`.
        target: where it shall lie, in a folder that holds nothing but what was fetched; replaced.

    Returns:
        "cache" or "remote", where the bytes were.

    Raises:
        ArtifactError: neither has them all, or the remote is away.
    """
    place = target.parent
    joining = [] if (place / ".dvc").is_dir() else _joined(home, place)
    shutil.rmtree(target, ignore_errors=True)
    pointer = target.with_name(f"{target.name}.dvc")
    write_text(pointer, f"outs:\n- md5: {version}\n  hash: md5\n  path: {target.name}\n")
    try:
        run_dvc(place, *joining, ["checkout", "-f", str(pointer)])
    except ArtifactError:
        try:
            run_dvc(place, ["pull", "-f", str(pointer)])
        except ArtifactError as error:
            beneath = "\n".join(line for line in str(error).splitlines() if line.startswith("    DVC: "))
            raise ArtifactError(
                f"the bytes {version} are neither in the cache nor in a remote of {home}; bring them back "
                f"from a backup of either, and run the same again\n{beneath}"
            ) from error
        return "remote"
    return "cache"


def _joined(home: Path, place: Path) -> list[list[str]]:
    """Begin a repository that knows another's remotes; returns the commands that name its cache and theirs by
    their full place."""
    kept, joined = home / ".dvc", place / ".dvc"
    joined.mkdir(parents=True)
    for name in ("config", "config.local"):
        if (kept / name).is_file():
            shutil.copyfile(kept / name, joined / name)
    cache, listed = run_dvc(home, ["cache", "dir"], ["remote", "list"]).strip().partition("\n")[::2]
    remotes = [line.split()[:2] for line in listed.splitlines() if line.strip()]
    return [
        ["config", "core.no_scm", "true"],
        ["cache", "dir", "--local", cache],
        *(["remote", "modify", "--local", name, "url", url] for name, url in remotes if "://" not in url),
    ]
