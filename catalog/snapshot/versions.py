"""Which version of a table a snapshot holds, table by table."""

from pathlib import Path

from catalog.snapshot.shards import cuts_of
from shelfspace.files import read_json
from shelfspace.hashing import file_hash, fingerprint

__all__ = ["raw_table_version"]


def raw_table_version(directory: Path, name: str) -> str:
    """Hash of one raw table's shards and of what of them does not count.

    It stays when a delivery changes other tables alone.

    Args:
        directory: the snapshot.
        name: products, events or stock.
    """
    manifest = read_json(directory / "manifest.json")
    shards: list[list[object]] = [[shard, file_hash(directory / name / shard)] for shard in manifest[name]]
    own = {int(key.rpartition(":")[2]) for key in manifest["deliveries"] if key.startswith(f"{name}:")}
    withdrawn = sorted(own & set(manifest.get("withdrawn", [])))
    out = [["withdrawn", *withdrawn], *([["cut", cut] for cut in cuts_of(manifest, name)])]
    return fingerprint([*shards, *(out if withdrawn or len(out) > 1 else [])])
