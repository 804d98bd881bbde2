"""Collection: the source as it came, sharded, identified by DVC."""

import time
from collections.abc import Iterator

import dagster as dg

from assets.lib import dvc as data_versions
from assets.lib.presentation import column_schema, table_fact
from assets.lib.record import Facts, Record
from assets.lib.refusals import refusals_first
from assets.lib.shop import Shop
from assets.lib.stage import result
from catalog.deliveries.collect import Collected, collect, note_taken
from catalog.erasure.inbox import erase_deliveries
from catalog.erasure.tombstones import Tombstones
from catalog.snapshot.shards import read_raw_events, read_raw_products, read_raw_stock
from catalog.snapshot.user_key import user_key
from catalog.sources.watch import note_collected, source_state
from releases.look.delivery import DeliveryLook, last_looks
from releases.look.since import hold_together

__all__ = ["RAW", "erased_stay_out", "new_data_fits", "raw"]

RAW = {
    "raw_products": "Product rows exactly as the source gave them, in Parquet shards.",
    "raw_media": "Photo and sound files in tar shards, with an index.",
    "raw_events": "Views, carts and purchases; ids of shoppers and orders are keyed hashes.",
    "raw_stock": "Stock on hand and lead times, as delivered.",
}

READERS = {"raw_products": read_raw_products, "raw_events": read_raw_events, "raw_stock": read_raw_stock}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            name,
            description=description,
            group_name="collection",
            owners=["team:catalogue"],
            kinds={"dvc"} if name == "raw_media" else {"parquet", "dvc"},
            code_version="3",
            metadata=column_schema(name),
            skippable=True,
        )
        for name, description in RAW.items()
    ],
)
def raw(context: dg.AssetExecutionContext, shop: Shop) -> Iterator[dg.MaterializeResult]:
    """Snapshot the source and its inbox, `dvc add` it and push it; nothing new writes nothing."""
    with refusals_first():
        yield from _collected(context, shop)


def _collected(context: dg.AssetExecutionContext, shop: Shop) -> Iterator[dg.MaterializeResult]:
    started = time.monotonic()
    workspace, settings = shop.workspace, shop.settings
    lies_there = source_state(shop.source)
    key = user_key(workspace.state, settings.service.user_key_file)
    look, stones = DeliveryLook(workspace, shop.source, settings), Tombstones.open(workspace.state)

    def once() -> tuple[Collected, str]:
        found = collect(workspace, shop.source, settings, user_key=key, stones=stones, look=look)
        version = data_versions.keep(
            workspace.snapshot,
            "manifest.json",
            workspace.state / "snapshot.noted",
            push_too=settings.collection.push,
        )
        note_taken(workspace, found, version)
        if found.erased:
            erase_deliveries(workspace, shop.source, stones, key, media=(), arrivals=found.erased)
        return found, version

    collected, version = once()
    report, heard, read, erased = collected.report, collected.said, len(collected.read), collected.erased
    # What is certain only together with what came before is seen once it is in: then it is taken out again.
    if not report.unchanged and hold_together(look):
        collected, version = once()
        heard += collected.said
    look.save()
    note_collected(workspace.state, lies_there)
    said = list(dict.fromkeys([*shop.source.notes, *heard]))
    for sentence in said:
        context.log.warning(sentence)
    changes: Facts = {
        "deliveries": read,
        **({"said": {"md": "\n".join(f"- {sentence}" for sentence in said)}} if said else {}),
        "dvc_md5": version,
        "cause": shop.cause or "asked for",
        **({"erased_rows_passed_over": sum(erased.values())} if erased else {}),
    }
    seconds = time.monotonic() - started
    for key in sorted(context.selected_asset_keys, key=str):
        asset = key.to_user_string()
        record = Record(workspace.snapshot, version, version, unchanged=report.unchanged, seconds=seconds)
        facts = {**_shown(shop, asset, report.missing_media), **changes}
        if asset == "raw_products":
            facts |= {"added": report.added, "changed": report.changed, "removed": report.removed}
        yield result(context, asset, record, facts)


def _shown(shop: Shop, asset: str, missing_media: int) -> Facts:
    """What is shown of one raw asset."""
    if asset == "raw_media":
        media = shop.media
        return {
            "dagster/row_count": len(media),
            "megabytes": round(sum(map(media.size, media.keys())) / 1e6, 1),
            "missing_media": missing_media,
        }
    table = READERS[asset](shop.workspace.snapshot)
    return {"dagster/row_count": len(table), "preview": table_fact(table, 5)}


@dg.asset_check(
    asset="raw_products",
    description="What the last collection was to take in fits what the champion knows. What does not is "
    "held, and stops nothing else.",
)
def new_data_fits(shop: Shop) -> dg.AssetCheckResult:
    """Whether the look at the data held something, why, and what it could not judge."""
    looks = last_looks(shop.workspace)
    held = [f"{looked.name}: {looked.sentence}" for looked in looks if looked.held]
    notes = [f"{looked.name}: {note}" for looked in looks for note in looked.notes]
    said = (
        held
        or notes
        or (["nothing speaks against what came in"] if looks else ["no product came in or changed"])
    )
    return dg.AssetCheckResult(
        passed=not held,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(said),
        metadata={
            "held": len(held),
            "products looked at": sum(looked.rows for looked in looks),
            "looks": [looked.to_dict() for looked in looks],
            "examples": dg.MetadataValue.md("\n".join(f"- {one}" for look in looks for one in look.examples)),
        },
    )


@dg.asset_check(
    asset="raw_products",
    description="No row of the snapshot is of a product or shopper that was erased.",
)
def erased_stay_out(shop: Shop) -> dg.AssetCheckResult:
    """Whether what has a tombstone stands in a table that came in."""
    stones, directory = Tombstones.open(shop.workspace.state), shop.workspace.snapshot
    tables = READERS.items() if stones.count() else ()
    rows = {name: int(stones.rows(read(directory)).sum()) for name, read in tables}
    wrong = [f"{number:,} rows of {name}" for name, number in rows.items() if number]
    again = shop.workspace.command("forget", again=True)
    erased = f"{stones.count('product')} products and {stones.count('shopper')} shoppers were erased"
    return dg.AssetCheckResult(
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{', '.join(wrong)} are of what was erased; take them out with: {again}"
        if wrong
        else f"{erased}; none is here",
        metadata={"erased products": stones.count("product"), "erased shoppers": stones.count("shopper")},
    )
