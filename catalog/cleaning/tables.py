"""All tables of a snapshot, cleaned together: what one refuses, the others do not name."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from catalog.cleaning.events import clean_events, clean_stock
from catalog.cleaning.losses import TableLoss, count_losses
from catalog.cleaning.products import clean_products
from catalog.snapshot.shards import read_raw_events, read_raw_products, read_raw_stock
from catalog.sources.base import CatalogSource
from shelfspace.settings import Settings

__all__ = ["CleanTables", "clean_tables"]


@dataclass(frozen=True)
class CleanTables:
    """What cleaning made of a snapshot.

    Attributes:
        tables: products, events and stock, clean, and the quarantine of all three.
        losses: what was lost of each table and of its media, and why.
    """

    tables: dict[str, pd.DataFrame]
    losses: list[TableLoss]


def clean_tables(
    snapshot: Path, source: CatalogSource, settings: Settings, findings: pd.DataFrame
) -> CleanTables:
    """Clean the snapshot's tables; events and stock of refused products are refused with them.

    Args:
        findings: of the media probe, see `clean_products`.
    """
    raw = {
        "products": read_raw_products(snapshot),
        "events": read_raw_events(snapshot),
        "stock": read_raw_stock(snapshot),
    }
    products = clean_products(raw["products"], source, settings, findings)
    ids = products.clean["product_id"]
    parts = {
        "products": products,
        "events": clean_events(raw["events"], ids, source.reading("events")),
        "stock": clean_stock(raw["stock"], ids, source.reading("stock")),
    }
    tables = {name: part.clean for name, part in parts.items()}
    tables["quarantine"] = pd.concat([part.quarantine for part in parts.values()], ignore_index=True)
    collected = {name: len(table) for name, table in raw.items()}
    kept = {name: len(part.clean) for name, part in parts.items()}
    joined = {name: part.joined for name, part in parts.items()}
    return CleanTables(tables, count_losses(collected, kept, tables["quarantine"], findings, joined))
