"""Collection: the source as it came, sharded, identified by DVC."""

import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.lib import dvc as data_versions
from assets.lib.presentation import markdown_table, result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, Record
from catalog.snapshot.write import (
    MediaStore,
    read_raw_events,
    read_raw_products,
    read_raw_stock,
    write_snapshot,
)
from catalog.sources.inbox import waiting
from shelfspace.files import write_bytes

__all__ = ["raw"]

GROUP = "collection"
OWNERS = ["team:catalogue"]


def _spec(name: str, description: str, kinds: set[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        description=description,
        group_name=GROUP,
        owners=OWNERS,
        kinds=kinds,
        code_version="1",
        skippable=True,
    )


def user_key(state: Path) -> bytes:
    """The secret that turns shopper ids into keyed hashes; made once, readable by its owner only."""
    path = state / "user.key"
    if not path.exists():
        write_bytes(path, secrets.token_bytes(32))
        path.chmod(0o600)
    return path.read_bytes()


@dg.multi_asset(
    specs=[
        _spec(
            "raw_products",
            "Product rows exactly as the source gave them, in Parquet shards.",
            {"parquet", "dvc"},
        ),
        _spec("raw_media", "Photo and sound files in tar shards, with an index.", {"dvc"}),
        _spec("raw_events", "Views, carts and purchases; shopper ids are keyed hashes.", {"parquet", "dvc"}),
        _spec("raw_stock", "Stock on hand and lead times, as delivered.", {"parquet", "dvc"}),
    ],
)
def raw(context: dg.AssetExecutionContext, shop: Shop) -> Iterator[dg.MaterializeResult]:
    """Snapshot the source and its inbox, `dvc add` it and push it; nothing new writes nothing."""
    started = time.monotonic()
    workspace, settings = shop.workspace, shop.settings
    deliveries = waiting(workspace.inbox)
    report = write_snapshot(
        shop.source,
        workspace.snapshot,
        settings,
        inbox=workspace.inbox if deliveries else None,
        user_key=user_key(workspace.state),
    )
    version = data_versions.keep(
        workspace.snapshot,
        "manifest.json",
        workspace.state / "snapshot.noted",
        push_too=settings.collection.push,
    )
    for delivery in deliveries:
        done = workspace.inbox / "done"
        done.mkdir(exist_ok=True)
        shutil.move(delivery, done / delivery.name)
    tables = {
        "raw_products": read_raw_products(workspace.snapshot),
        "raw_events": read_raw_events(workspace.snapshot),
        "raw_stock": read_raw_stock(workspace.snapshot),
    }
    media = MediaStore.open(workspace.snapshot)
    changes: Facts = {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "deliveries": len(deliveries),
        "dvc_md5": version,
        "cause": shop.cause or "asked for",
    }
    seconds = time.monotonic() - started
    for name in sorted(context.selected_asset_keys, key=str):
        asset = name.to_user_string()
        record = Record(workspace.snapshot, version, version, unchanged=report.unchanged, seconds=seconds)
        if asset == "raw_media":
            facts: Facts = {
                "dagster/row_count": len(media),
                "megabytes": round(sum(map(media.size, media.keys())) / 1e6, 1),
                "missing_media": report.missing_media,
            }
        else:
            table = tables[asset]
            facts = {"dagster/row_count": len(table), "preview": markdown_table(table, 5)}
        yield result(asset, record, {**facts, **changes})
