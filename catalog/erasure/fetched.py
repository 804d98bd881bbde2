"""Photos and sounds that were fetched from addresses that only erased products name."""

from collections.abc import Collection

import orjson

from catalog.media.addresses import FETCHED, LEDGER, fetched_name, is_address
from catalog.sources.base import CatalogSource
from shelfspace.files import write_bytes

__all__ = ["forget_fetched"]


def forget_fetched(source: CatalogSource, keys: Collection[str]) -> int:
    """Delete what was fetched from some addresses, and that it was; how many files.

    Args:
        keys: media keys; those that are no addresses are passed over.
    """
    addresses = {key for key in keys if is_address(key)}
    if source.media_root is None or not addresses:
        return 0
    files = [source.media_root / fetched_name(address) for address in sorted(addresses)]
    there = [file for file in files if file.is_file()]
    for file in there:
        file.unlink()
    ledger = source.media_root / FETCHED / LEDGER
    if ledger.is_file():
        lines = ledger.read_bytes().splitlines(keepends=True)
        written = [orjson.dumps(address) for address in addresses]
        write_bytes(ledger, b"".join(line for line in lines if not any(one in line for one in written)))
    return len(there)
