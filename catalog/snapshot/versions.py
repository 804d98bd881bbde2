"""Which version of a table a snapshot holds, table by table."""

from pathlib import Path

from shelfspace.files import read_json
from shelfspace.hashing import file_hash, fingerprint

__all__ = ["raw_table_version"]


def raw_table_version(directory: Path, name: str) -> str:
    """Hash of one raw table's shards; it stays when a delivery changes other tables alone.

    Args:
        directory: the snapshot.
        name: products, events or stock.
    """
    shards = read_json(directory / "manifest.json")[name]
    return fingerprint([[shard, file_hash(directory / name / shard)] for shard in shards])
