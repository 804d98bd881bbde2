"""Preprocessing, first half: clean rows, refused rows with the reason, and a frozen split."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from assets.lib.checks import build_check, suite_check
from assets.lib.preconditions import require_checks
from assets.lib.presentation import markdown_table, result
from assets.lib.shop import CATALOGUE, Shop
from assets.lib.stage import Facts, build
from catalog.cleaning import clean_events, clean_products, clean_stock
from catalog.snapshot.write import MediaStore, read_raw_events, read_raw_products, read_raw_stock
from catalog.splits import assign_splits
from shelfspace.files import write_table
from shelfspace.hashing import file_hash

__all__ = ["CHECKS", "catalogue", "splits"]

GROUP = "preprocessing"
OWNERS = ["team:catalogue"]
RAW = ("raw_products", "raw_media", "raw_events", "raw_stock", "media_findings")


def _spec(name: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=list(RAW),
        description=description,
        group_name=GROUP,
        owners=OWNERS,
        kinds={"parquet", "pandas"},
        code_version="1",
        skippable=True,
    )


@dg.multi_asset(
    name="catalogue",
    specs=[
        _spec("products", "Clean products: typed, deduplicated, one row each, media that decode."),
        _spec("quarantine", "Every refused row or file with field, value and reason; nothing is dropped."),
        _spec("events", "Clean views, carts and purchases of known products."),
        _spec("stock", "Clean stock on hand and lead times."),
    ],
)
def catalogue(context: dg.AssetExecutionContext, shop: Shop) -> Iterator[dg.MaterializeResult]:
    """Clean the snapshot's tables; what is refused goes to quarantine with its reason."""
    inputs = shop.versions(*RAW)
    require_checks(context.instance, inputs)

    def compute(folder: Path) -> Facts:
        snapshot = shop.workspace.snapshot
        findings = pd.read_parquet(shop.folder("media_findings") / "findings.parquet")
        raw = {
            "products": read_raw_products(snapshot),
            "events": read_raw_events(snapshot),
            "stock": read_raw_stock(snapshot),
        }
        cleaned = clean_products(raw["products"], shop.source, shop.settings, findings)
        ids = cleaned.clean["product_id"]
        parts = {
            "products": cleaned,
            "events": clean_events(raw["events"], ids),
            "stock": clean_stock(raw["stock"], ids),
        }
        tables = {name: part.clean for name, part in parts.items()}
        tables["quarantine"] = pd.concat([part.quarantine for part in parts.values()], ignore_index=True)
        for name, table in tables.items():
            write_table(folder / f"{name}.parquet", table)
        reasons = tables["quarantine"].groupby(["table", "field", "reason"]).size().rename("rows")
        return {
            "versions": {name: file_hash(folder / f"{name}.parquet") for name in CATALOGUE},
            "rows": {name: len(table) for name, table in tables.items()},
            "collected": {name: len(table) for name, table in raw.items()},
            "previews": {
                n: markdown_table(tables[n].drop(columns="row", errors="ignore"), 6) for n in CATALOGUE
            },
            "reasons": markdown_table(reasons.reset_index().sort_values("rows", ascending=False), 30),
        }

    record = build(
        shop.folder("catalogue"),
        inputs=inputs,
        code_version="1",
        settings=[shop.settings.media.model_dump(), shop.source.cleaning_fingerprint],
        compute=compute,
    )
    for key in sorted(context.selected_asset_keys, key=str):
        name = key.to_user_string()
        facts: Facts = {
            "dagster/row_count": record.facts["rows"][name],
            "preview": record.facts["previews"][name],
        }
        if name in record.facts["collected"]:
            facts["collected_rows"] = record.facts["collected"][name]
        if name == "quarantine":
            facts["reasons"] = record.facts["reasons"]
        yield result(name, record, facts, record.facts["versions"][name])


@dg.asset(
    # Not read, but judged: too many refused rows stop what is built on the others.
    deps=["products", "raw_media", "quarantine"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"pandas"},
    code_version="1",
    description="Train, validation and test, frozen per product; near-duplicates stay on one side.",
)
def splits(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Assign each new product once, by hash of its duplicate group; no product ever moves."""
    inputs = shop.versions("products", "raw_media")
    require_checks(context.instance, {**inputs, **shop.versions("quarantine")})
    frozen = shop.workspace.state / "splits.parquet"
    # Shown, not recorded: it depends on how often the stage ran, the split does not.
    shown: Facts = {"kept_from_before": 0}

    def compute(folder: Path) -> Facts:
        media = MediaStore.open(shop.workspace.snapshot)
        products = shop.table("products")
        digests = {key: media.digest(key) for keys in products["photos"] for key in keys}
        previous = pd.read_parquet(frozen) if frozen.exists() else None
        if previous is not None:
            shown["kept_from_before"] = int(products["product_id"].isin(previous["product_id"]).sum())
        table = assign_splits(products, digests, shop.settings, previous, label_level=shop.source.label_level)
        write_table(frozen, table)
        write_table(folder / "splits.parquet", table)
        counts = table["split"].value_counts()
        sizes = table.groupby("group").size()
        return {
            "dagster/row_count": len(table),
            **{split: int(counts.get(split, 0)) for split in ("train", "validation", "test")},
            "duplicate_groups": int((sizes > 1).sum()),
            "largest_group": int(sizes.max()),
        }

    record = build(
        shop.folder("splits"),
        inputs=inputs,
        code_version="1",
        settings=[
            shop.settings.preprocessing.test_share,
            shop.settings.preprocessing.validation_share,
            shop.settings.preprocessing.group_by_brand,
            shop.settings.seed,
            shop.source.label_level,
        ],
        compute=compute,
    )
    return result("splits", record, {**record.facts, **shown})


def _balance(shop: Shop) -> Any:
    from data_checks.checks.balance import check_balance, count_tables

    facts, quarantine = shop.record("catalogue").facts, shop.table("quarantine")
    counts = count_tables(facts["collected"], facts["rows"], quarantine)
    return check_balance(counts, shop.settings, shop.workspace.validation, quarantine)


def _no_leak(shop: Shop) -> Any:
    from data_checks.checks.splits import no_leak

    return no_leak(pd.read_parquet(shop.folder("splits") / "splits.parquet"), shop.table("products"))


CHECKS = [
    suite_check(
        name,
        name,
        f"The clean {name} keep every promise of the contract, without exception.",
        lambda shop, name=name: shop.table(name),  # type: ignore[misc]
        # What a row may name: products that are there, media of the snapshot.
        reads=("products", "raw_media"),
    )
    for name in ("products", "events", "stock")
] + [
    build_check(
        "quarantine",
        "balance",
        "Clean and refused rows add up to the collected ones, and few enough are refused.",
        _balance,
        reads=("products", "events", "stock", "raw_products"),
    ),
    build_check(
        "splits",
        "no_leak",
        "No duplicate group stands on two sides of the split.",
        _no_leak,
        reads=("products",),
    ),
]
