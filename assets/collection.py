"""Collection: the source as it came, sharded, identified by DVC."""

import time
from collections.abc import Iterator

import dagster as dg

from assets.lib.collecting import erased_rows, looks_say, raw_facts, take_in
from assets.lib.presentation import column_schema
from assets.lib.record import Record
from assets.lib.refusals import refusals_first
from assets.lib.shop import Shop
from assets.lib.stage import result
from catalog.erasure.tombstones import Tombstones
from releases.look.delivery import last_looks

__all__ = ["RAW", "erased_stay_out", "new_data_fits", "raw"]

RAW = {
    "raw_products": "Product rows exactly as the source gave them, in Parquet shards.",
    "raw_media": "Photo and sound files in tar shards, with an index.",
    "raw_events": "Views, carts and purchases; ids of shoppers and orders are keyed hashes.",
    "raw_stock": "Stock on hand and lead times, as delivered.",
}


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
    started = time.monotonic()
    with refusals_first():
        taken = take_in(shop)
        for sentence in taken.said:
            context.log.warning(sentence)
        folder, version, unchanged = shop.workspace.snapshot, taken.version, taken.report.unchanged
        seconds = time.monotonic() - started
        record = Record(folder, version, version, unchanged=unchanged, seconds=seconds)
        for key in sorted(context.selected_asset_keys, key=str):
            asset = key.to_user_string()
            yield result(context, asset, record, raw_facts(shop, asset, taken))


@dg.asset_check(
    asset="raw_products",
    description="What the last collection was to take in fits what the champion knows. What does not is "
    "held, and stops nothing else.",
)
def new_data_fits(shop: Shop) -> dg.AssetCheckResult:
    """Whether the look at the data held something, why, and what it could not judge."""
    looks = last_looks(shop.workspace)
    held = sum(bool(looked.held) for looked in looks)
    return dg.AssetCheckResult(
        passed=not held,
        severity=dg.AssetCheckSeverity.WARN,
        description=looks_say(looks),
        metadata={
            "held": held,
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
    stones = Tombstones.open(shop.workspace.state)
    rows = erased_rows(shop.workspace, stones)
    wrong = [f"{number:,} rows of {name}" for name, number in rows.items()]
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
