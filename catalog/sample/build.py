"""Writing the sample catalogue: the same seed gives the same bytes."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from catalog.sample.dirt import KINDS, Dirt, choose, soil_events, soil_media, soil_products, soil_stock
from catalog.sample.events import make_events
from catalog.sample.photos import render_photo
from catalog.sample.products import plan_products
from catalog.sample.sounds import render_sound
from catalog.sample.stock import make_stock
from catalog.sample.texts import write_texts
from catalog.sample.truth import truth
from catalog.sample.world import CATEGORIES, words
from shelfspace.errors import CatalogError
from shelfspace.files import atomic_directory, write_bytes, write_json, write_text
from shelfspace.progress import progress_bar

__all__ = ["COLUMNS", "MIN_PRODUCTS", "build_sample"]

MIN_PRODUCTS = 96
"""Fewer products leave no room for every category and every kind of dirt."""

COLUMNS = (
    "product_id", "title", "description", "category", "brand", "price", "cost", "currency",
    "attributes", "photos", "sounds", "language", "group_id", "updated_at",
)  # fmt: skip

DESCRIPTION = {
    "name": "sample",
    "currency": "EUR",
    "label_level": 2,
    "products": {"path": "products.csv", "columns": {}},
    "events": {"path": "events.csv.gz"},
    "stock": {"path": "stock.csv"},
    "media_root": "media",
    "photo_separator": "|",
    "category_separator": " > ",
    "names": words()["names"]["categories"],
    "params": {},
}


def build_sample(folder: Path, seed: int = 0, products: int = 1200, progress: bool = False) -> None:
    """Write the sample catalogue, whole or not at all.

    Writes catalog.yaml, products.csv, events.csv.gz, stock.csv, media/photos/*.jpg,
    media/sounds/*.flac and truth.json (what is planted; docs/sample-catalogue.md).

    Args:
        folder: where to; a sample that lies there is replaced.
        seed: of everything.
        products: how many distinct product ids, at least MIN_PRODUCTS.
        progress: say how far it is (`shelfspace.progress`).

    Raises:
        CatalogError: too few products, or `folder` holds something that is no sample.
    """
    if products < MIN_PRODUCTS:
        raise CatalogError("products", products, f"ask for at least {MIN_PRODUCTS}")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "truth.json").is_file():
        raise CatalogError("folder", str(folder), "name an empty folder, or one that holds a sample")
    plan = plan_products(seed, products)
    dirt = choose(plan, seed)
    plan.loc[dirt.unsold, "popularity"] = 0.0
    unsold = plan.index.isin(dirt.unsold)
    texts = write_texts(plan, seed)
    table, duplicates = soil_products(_raw(plan, texts), dirt, seed)
    events = make_events(plan, seed)
    stock = make_stock(plan, events.weekly, seed)[~unsold]
    raw_events, event_rows = soil_events(_iso(events.table), products, seed)
    raw_stock, stock_ids = soil_stock(stock, products)
    facts = truth(
        plan,
        seed,
        events=events,
        dirt=dirt,
        duplicates=duplicates,
        other_dirt={**event_rows, "stock_unknown_product": stock_ids},
    )
    with atomic_directory(folder) as place:
        _write_media(place / "media", plan, dirt, seed, progress)
        write_bytes(place / "products.csv", _csv(table))
        write_bytes(place / "events.csv.gz", gzip.compress(_csv(raw_events), 6, mtime=0))
        write_bytes(place / "stock.csv", _csv(raw_stock))
        write_text(place / "catalog.yaml", yaml.safe_dump(DESCRIPTION, sort_keys=False))
        write_json(place / "truth.json", facts)


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _iso(events: pd.DataFrame) -> pd.DataFrame:
    return events.assign(
        time=events["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        unit_price=events["unit_price"].map("{:.2f}".format),
    )


def _raw(plan: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    """The clean raw table, all strings, in the contract's columns."""
    prices = plan["list_price"].map("{:.2f}".format)
    photos = [
        [photo_key(i, k) for k in range(n)] for i, n in zip(plan["product_id"], plan["photos"], strict=True)
    ]
    values = {
        "product_id": plan["product_id"],
        "title": texts["title"],
        "description": texts["description"],
        "category": [CATEGORIES[c].path for c in plan["category"]],
        "brand": plan["brand"].where(plan["has_brand"], ""),
        "price": prices.where(plan["has_price"], ""),
        "cost": plan["cost"].map("{:.2f}".format).where(plan["has_cost"], ""),
        "currency": "EUR",
        "attributes": texts["attributes"],
        "photos": ["|".join(keys) for keys in photos],
        "sounds": np.where(plan["has_sound"], "sounds/" + plan["product_id"] + ".flac", ""),
        "language": texts["language"],
        "group_id": plan["group_id"],
        "updated_at": plan["updated_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return pd.DataFrame(values, columns=list(COLUMNS)).astype(object)


def photo_key(product_id: str, number: int) -> str:
    """Media key of a product's photo; `number` counts from 0."""
    return f"photos/{product_id}-{number + 1}.jpg"


def _write_media(place: Path, plan: pd.DataFrame, dirt: Dirt, seed: int, progress: bool) -> None:
    (place / "photos").mkdir(parents=True)
    (place / "sounds").mkdir()
    spoilt = {
        (kind.refuses, row): name
        for name, kind in KINDS.items()
        if kind.refuses in {"photo", "sound"}
        for row in dirt.rows[name]
    }
    rows = plan.drop(index=dirt.rows["no_modality"])
    bar = progress_bar(rows.itertuples(), "sample", total=len(rows), unit="product", progress=progress)
    row: Any
    for row in bar:
        category, number = CATEGORIES[row.category], int(row.product_id[1:])
        for shot in range(row.photos):
            data = render_photo(
                category.look, row.colour, row.style,
                seed=seed, group=row.group, shot=(number, shot), noisy=row.noisy_photo,
            )  # fmt: skip
            _write_file(place / photo_key(row.product_id, shot), data, spoilt.get(("photo", row.Index)))
        if row.has_sound:
            data = render_sound(category.timbre, seed, row.group, number, noisy=row.noisy_sound)
            _write_file(place / "sounds" / f"{row.product_id}.flac", data, spoilt.get(("sound", row.Index)))


def _write_file(path: Path, data: bytes, spoilt: str | None) -> None:
    content = data if spoilt is None else soil_media(spoilt, data)
    if content is not None:  # plain writes: the whole folder is renamed at the end
        path.write_bytes(content)
