"""What was erased may come again: the next collection reads the catalogue's own tables anew."""

from pathlib import Path

from catalog.snapshot.shards import read_manifest
from shelfspace.files import write_sealed_json

__all__ = ["collect_anew"]


def collect_anew(directory: Path) -> None:
    """Have a snapshot forget which state of its source it has.

    Args:
        directory: the snapshot's folder.
    """
    manifest = read_manifest(directory)
    if manifest["written"]:
        write_sealed_json(directory / "manifest.json", {**manifest, "source": ""})
