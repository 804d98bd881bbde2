"""Bytes that a DVC repository once held, brought to another place by their hash."""

import re
import shutil
from pathlib import Path

from assets.lib.dvc import run_dvc
from shelfspace.errors import ArtifactError
from shelfspace.files import write_text

__all__ = ["fetch"]

RELATIVE = re.compile(r"^(\s*(?:url|dir)\s*=\s*)((?!\s|/|\w+://).+)$", re.MULTILINE)
"""A remote or cache in DVC's settings that is named by where it lies beside them."""


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
    if not (place / ".dvc").is_dir():
        _join(home, place)
    shutil.rmtree(target, ignore_errors=True)
    pointer = target.with_name(f"{target.name}.dvc")
    write_text(pointer, f"outs:\n- md5: {version}\n  hash: md5\n  path: {target.name}\n")
    try:
        run_dvc(place, ["checkout", "-f", str(pointer)])
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


def _join(home: Path, place: Path) -> None:
    """Begin a repository that has another's settings: its remotes, and its cache."""
    found = {}
    for name in ("config", "config.local"):
        kept = home / ".dvc" / name
        if kept.is_file():
            # What is named by its place beside the settings is named in full.
            found[name] = RELATIVE.sub(
                lambda entry: f"{entry[1]}{(home / '.dvc' / entry[2]).resolve()}", kept.read_text()
            )
            write_text(place / ".dvc" / name, found[name])
    cached = any(re.search(r"^\s*dir\s*=", text, re.MULTILINE) for text in found.values())
    cache = [] if cached else [["cache", "dir", "--local", str(home / ".dvc" / "cache")]]
    run_dvc(place, ["config", "core.no_scm", "true"], *cache)
