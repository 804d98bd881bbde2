"""Preprocessing, first half: clean rows, refused rows with the reason, and a frozen split."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from assets.lib.checks import build_check, suite_check
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from catalog.cleaning import clean_tables
from catalog.splits import keep_splits
from shelfspace.files import write_table
from shelfspace.hashing import file_hash

__all__ = ["CHECKS", "catalogue", "preprocessing", "splits"]

preprocessing = partial(stage, group="preprocessing", owners=["team:catalogue"])


def _of_one_table(name: str, facts: Facts) -> Facts:
    """What is shown of one of the tables that cleaning writes together."""
    shown: Facts = {"dagster/row_count": facts["rows"][name], "preview": facts["previews"][name]}
    if name in facts["collected"]:
        shown["collected_rows"] = facts["collected"][name]
    if name == "quarantine":
        shown["reasons"] = facts["reasons"]
    return shown


@preprocessing(
    folder="prepared/catalogue",
    deps=["raw_products", "raw_media", "raw_events", "raw_stock", "media_findings"],
    settings=lambda shop: [shop.settings.media.model_dump(), shop.source.cleaning_fingerprint],
    kinds={"parquet", "pandas"},
    code_version="2",
    description={
        "products": "Clean products: typed, deduplicated, one row each, media that decode.",
        "quarantine": "Every refused row or file with field, value and reason; nothing is dropped.",
        "events": "Clean views, carts and purchases of known products.",
        "stock": "Clean stock on hand and lead times.",
    },
    each=_of_one_table,
)
def catalogue(shop: Shop, folder: Path) -> Facts:
    """Clean the snapshot's tables; what is refused goes to quarantine with its reason."""
    findings = pd.read_parquet(shop.folder("media_findings") / "findings.parquet")
    cleaned = clean_tables(shop.workspace.snapshot, shop.source, shop.settings, findings)
    paths = {name: write_table(folder / f"{name}.parquet", table) for name, table in cleaned.tables.items()}
    return {
        "versions": {name: file_hash(path) for name, path in paths.items()},
        "rows": {name: len(table) for name, table in cleaned.tables.items()},
        "collected": cleaned.collected,
        "previews": {
            name: table_fact(table.drop(columns="row", errors="ignore"), 6)
            for name, table in cleaned.tables.items()
        },
        "reasons": table_fact(cleaned.reasons, 30),
    }


@preprocessing(
    folder="prepared/splits",
    # Too many refused rows stop what is built on the others.
    deps=["products", "raw_media", "quarantine"],
    judged=["quarantine"],
    settings=lambda shop: [
        shop.settings.preprocessing.test_share,
        shop.settings.preprocessing.validation_share,
        shop.settings.preprocessing.group_by_brand,
        shop.settings.seed,
        shop.source.label_level,
    ],
    kinds={"pandas"},
    code_version="1",
    description="Train, validation and test, frozen per product; near-duplicates stay on one side.",
)
def splits(shop: Shop, folder: Path) -> Facts:
    """Assign each new product once, by hash of its duplicate group; no product ever moves."""
    products, media = shop.table("products"), shop.media
    digests = {key: media.digest(key) for keys in products["photos"] for key in keys}
    frozen = shop.workspace.state / "splits.parquet"
    table, kept = keep_splits(frozen, products, digests, shop.settings, shop.source.label_level)
    write_table(folder / "splits.parquet", table)
    counts, sizes = table["split"].value_counts(), table.groupby("group").size()
    return {
        "dagster/row_count": len(table),
        **{split: int(counts.get(split, 0)) for split in ("train", "validation", "test")},
        "duplicate_groups": int((sizes > 1).sum()),
        "largest_group": int(sizes.max()),
        "kept_from_before": kept,
    }


def _balance(shop: Shop) -> Any:
    from data_checks.checks.balance import check_balance, count_tables

    facts, quarantine = shop.record("products").facts, shop.table("quarantine")
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
