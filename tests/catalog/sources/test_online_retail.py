"""The real transaction lines of a year: products derived from them, lines that add up."""

from pathlib import Path

import pandas as pd
import pytest

from catalog.cleaning import clean_events, clean_products
from catalog.sources.base import CatalogSource
from catalog.sources.open import open_catalog
from catalog.splits import assign_splits
from shelfspace.settings import Settings, load_settings
from tests.catalog.shelf import NO_FINDINGS


@pytest.fixture(scope="module")
def source(public_data: Path) -> CatalogSource:
    return open_catalog("online-retail")


@pytest.fixture(scope="module")
def products(source: CatalogSource) -> pd.DataFrame:
    rows = source.products()
    return rows.assign(source_row=range(len(rows)))


def test_products_are_named_in_capitals_and_priced(products: pd.DataFrame) -> None:
    assert 3700 < len(products) < 3958
    assert products["product_id"].str.fullmatch(r"\d{5}[A-Z]*").all()
    titles = products.set_index("product_id")["title"]
    assert titles["85123A"] == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert not titles.isin(["POSTAGE", "check", "?", "Next Day Carriage"]).any()
    assert (products["price"] == "").sum() == 1
    assert pd.to_numeric(products["price"]).dropna().between(0.001, 1000).all()


def test_every_line_is_clean_or_refused(source: CatalogSource, products: pd.DataFrame) -> None:
    lines = source.events()
    result = clean_events(lines.assign(source_row=range(len(lines))), products["product_id"])
    assert len(lines) == 541_909
    assert len(result.clean) + len(result.quarantine) == len(lines)
    assert result.quarantine["source_row"].is_unique
    assert len(result.clean) == 391_066
    assert result.quarantine["field"].value_counts()["user_id"] == 135_080
    cancelled = lines["order_id"].str.startswith("C")
    assert not result.clean["order_id"].str.startswith("C").any()
    assert cancelled.sum() == 9_288


def test_short_titles_do_not_collapse_into_giant_groups(
    source: CatalogSource, products: pd.DataFrame
) -> None:
    clean = clean_products(products, source, Settings(), NO_FINDINGS).clean
    assert len(clean) == len(products)
    sizes = assign_splits(clean, {}, load_settings(), label_level=0).groupby("group").size()
    assert sizes.max() <= 12
    assert 0.01 < sizes[sizes > 1].sum() / len(clean) < 0.1
