"""The photos and sounds that travel inside a Bento, so that its pages show them wherever it is served.

Only files that products of the release name go along, as shards and an index like those of a snapshot:
what was taken out of the catalogue stays behind. Over the limit, the first photo of each product goes
along; over it still, nothing does. What stayed behind is told by `packed.json` beside the index.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from catalog.snapshot.media_store import MediaStore, add_media
from shelfspace.files import read_json, write_json
from shelfspace.hashing import fingerprint
from shelfspace.settings import Settings

__all__ = ["media_keys", "pack_media", "packed"]

RECORD = Path("media") / "packed.json"


def media_keys(products: pd.DataFrame, first: bool = False) -> list[str]:
    """Media keys that products name, sorted.

    Args:
        first: only the first photo of each.
    """
    columns = ("photos",) if first else ("photos", "sounds")
    named = [
        keys for column in columns if column in products for keys in products[column] if keys is not None
    ]
    return sorted({str(key) for keys in named for key in (keys[:1] if first else keys)})


def pack_media(snapshot: Path, products: pd.DataFrame, folder: Path, settings: Settings) -> dict[str, Any]:
    """Write the media of a release below `folder`, as far as service.bento_media_megabytes goes.

    Args:
        snapshot: folder that holds `media/`; one without it gives no files.
        products: of the release.

    Returns:
        What was written: `files` and their `bytes`, what products name (`named`, `named_bytes`), the limit in
        bytes, and a `digest` of the files.

    Raises:
        ArtifactError: the snapshot's media are damaged.
    """
    store = MediaStore.open(snapshot)
    limit = int(settings.service.bento_media_megabytes * 1e6)
    choices = [[key for key in media_keys(products, first) if key in store] for first in (False, True)]
    sizes = [sum(map(store.size, keys)) for keys in choices]
    keys, size = next(
        (pair for pair in zip(choices, sizes, strict=True) if pair[1] <= limit), (list[str](), 0)
    )
    add_media(
        folder,
        ((key, store.read(key), None) for key in keys),
        settings.collection.media_shard_megabytes * 1_000_000,
    )
    record = {
        "files": len(keys),
        "bytes": size,
        "named": len(media_keys(products)),
        "named_bytes": sizes[0],
        "limit": limit,
        "digest": fingerprint([[key, store.digest(key)] for key in keys]),
    }
    write_json(folder / RECORD, record)
    return record


def packed(folder: Path) -> dict[str, Any] | None:
    """What `pack_media` wrote below a folder; None for the snapshot of a workspace."""
    return read_json(folder / RECORD) if (folder / RECORD).is_file() else None
