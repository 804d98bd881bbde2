"""Preprocessing, first half: clean rows, refused rows with the reason, and a frozen split."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from assets.lib.checks import build_check, suite_check
from assets.lib.frozen_split import freeze_split
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.refused_page import show_refused
from assets.lib.shop import Shop
from assets.lib.stage import stage
from catalog.cleaning import clean_tables
from catalog.cleaning.losses import losses_table, read_losses, write_losses
from catalog.cleaning.placeholders import placeholders_said
from catalog.deliveries.milestones import mark_cleaned
from catalog.sources.own_split import own_split
from releases.champion import champion
from shelfspace.files import read_parquet, write_table
from shelfspace.hashing import file_hash, fingerprint

__all__ = ["CHECKS", "catalogue", "preprocessing", "splits"]

preprocessing = partial(stage, group="preprocessing", owners=["team:catalogue"])


def _of_one_table(name: str, facts: Facts) -> Facts:
    """What is shown of one of the tables that cleaning writes together."""
    shown: Facts = {"dagster/row_count": facts["rows"][name], "preview": facts["previews"][name]}
    if name == "quarantine":
        return {**shown, **{fact: facts[fact] for fact in ("warnings", "lost", "refused")}}
    return {**shown, "collected_rows": facts["collected"][name]}


@preprocessing(
    folder="prepared/catalogue",
    deps=["raw_products", "raw_media", "raw_events", "raw_stock", "media_findings"],
    settings=lambda shop: [shop.settings.media.model_dump(), shop.source.cleaning_fingerprint],
    shown=lambda shop: {"deliveries": mark_cleaned(shop.workspace, shop.data_version("raw_products"))},
    kinds={"parquet", "pandas"},
    code_version="8",
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
    findings = read_parquet(shop.folder("media_findings") / "findings.parquet")
    cleaned = clean_tables(shop.workspace.snapshot, shop.source, shop.settings, findings)
    paths = {name: write_table(folder / f"{name}.parquet", table) for name, table in cleaned.tables.items()}
    write_losses(folder, cleaned.losses)
    return {
        "versions": {name: file_hash(path) for name, path in paths.items()},
        "rows": {name: len(table) for name, table in cleaned.tables.items()},
        "collected": {loss.table: loss.read for loss in cleaned.losses},
        "previews": {
            name: table_fact(table.drop(columns="row", errors="ignore"), 6)
            for name, table in cleaned.tables.items()
        },
        "warnings": {"json": placeholders_said(cleaned.tables["quarantine"])},
        "lost": {"md": losses_table(cleaned.losses, "github")},
        "refused": "; ".join(
            f"{loss.table} {loss.refused:,} of {loss.read:,}" for loss in cleaned.losses if loss.refused
        )
        or "nothing",
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
        *([fingerprint(own_split(shop.source))] if shop.source.split else []),
    ],
    kinds={"pandas"},
    code_version="2",
    description="Train, validation and test, frozen per product; near-duplicates stay on one side.",
)
def splits(shop: Shop, folder: Path) -> Facts:
    """Assign each new product once, by hash of its duplicate group; no product ever moves."""
    products, media, own = shop.table("products"), shop.media, own_split(shop.source)
    digests = {key: media.digest(key) for keys in products["photos"] for key in keys}
    frozen = freeze_split(
        products,
        digests,
        shop.settings,
        shop.source.label_level,
        own,
        shop.workspace.state / "splits.parquet",
        crowned=champion(shop.workspace) is not None,
        copy=shop.folder("splits") / "splits.parquet",
    )
    made = frozen.split
    write_table(folder / "splits.parquet", made.table)
    counts, sizes = made.table["split"].value_counts(), made.table.groupby("group").size()
    facts: Facts = {
        "dagster/row_count": len(made.table),
        **{split: int(counts.get(split, 0)) for split in ("train", "validation", "test")},
        "duplicate_groups": int((sizes > 1).sum()),
        "largest_group": made.largest[0],
        "largest_group_linked_by": made.largest[1] or "nothing: it is one product",
        "without_category": int(products["category"].eq("").sum()),
        "kept_from_before": frozen.kept(products),
        "why_empty": made.empty or "no side is empty",
        "frozen": frozen.said,
    }
    warnings = [*(link.sentence for link in made.dropped), *made.leaks]
    if frozen.lost:
        warnings.append(
            "the split that the champion was trained on is gone, and every product's side is drawn anew: the "
            "champion may know products that it is judged by; make retrain trains one on this split"
        )
    if own:
        facts["own_split"] = int(products["product_id"].isin(own.keys()).sum())
        if unmoved := frozen.unmoved(own):
            facts["own_split_not_followed"] = unmoved
            warnings.append(
                f"{unmoved:,} products stay on the side that the champion knows, not where the shop's own "
                "split has them now"
            )
    facts["warnings"] = {"json": warnings}
    if made.dropped:
        facts["no_links"] = table_fact(
            pd.DataFrame({"joins too many": [d.sentence for d in made.dropped]}), 20, 300
        )
    return facts


def _balance(shop: Shop) -> Any:
    from data_checks.checks.balance import check_balance

    show_refused(shop)
    return check_balance(read_losses(shop.folder("quarantine")), shop.settings, shop.workspace.validation)


def _no_leak(shop: Shop) -> Any:
    from data_checks.checks.splits import no_leak

    show_refused(shop)
    facts = shop.record("splits").facts
    table = read_parquet(shop.folder("splits") / "splits.parquet")
    return no_leak(table, shop.table("products"), facts.get("why_empty", ""))


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
        "Kept and refused rows add up to those read, and few enough are refused.",
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
