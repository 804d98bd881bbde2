"""How the service runs a release's encoder: measured on the release's own products before it answers."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from catalog.product import ProductInput
from catalog.snapshot.media_store import MediaStore
from models.features.table import FeatureTable
from models.inference.backends import Choice, choose
from models.inference.product_encoder import ProductEncoder
from retrieval.catalogue.products import text_if_any
from shelfspace.errors import ArtifactError, MediaError
from shelfspace.settings import Media, Service

__all__ = ["choose_way", "same_way", "sample_items"]

logger = logging.getLogger("shelfspace.encoder")

PRODUCTS = 48
"""Looked at: in three of four the title alone, as a shopper types it; the rest with all they say."""
FILES = 16
"""Photos, and sounds, read at most."""


def choose_way(
    release: str,
    encoder: ProductEncoder,
    products: pd.DataFrame,
    snapshot: Path | None,
    media: Media,
    service: Service,
) -> Choice:
    """Choose, and let the encoder be run so from now on; says in one line of the log what was found.

    Args:
        release: its identifier.
        products: of the release, in row order.
        snapshot: folder that holds the photos and sounds, or None.
    """
    features = sample_features(encoder, sample_items(products, snapshot), media)
    choice = choose(encoder, features, service.encoder, service.encoder_seconds, service.threads)
    encoder.run_by(choice.run)
    level = logging.WARNING if choice.problem else logging.INFO
    logger.log(level, "encoder of release %s: %s", release, choice.sentence)
    return choice


def same_way(
    release: str, encoder: ProductEncoder, other: ProductEncoder, chosen: Choice | None
) -> Choice | None:
    """Run an encoder as an equal one is run; None where that is another, or not all of it was measured.

    Measuring takes seconds, and a rollback of data alone need not wait for it.

    Args:
        release: identifier of the release that it is of.
        chosen: how the other one is run.
    """
    if chosen is None or chosen.unmeasured or chosen.problem or encoder.fingerprint != other.fingerprint:
        return None
    encoder.run_by(chosen.run)
    logger.info("encoder of release %s: run as that of the release before, which is the same", release)
    return chosen


def sample_items(products: pd.DataFrame, snapshot: Path | None) -> list[ProductInput]:
    """Products spread evenly over the release, with the first photo and sound of those that have one here."""
    if not len(products):
        return []
    rows = np.unique(np.linspace(0, len(products) - 1, PRODUCTS).astype(int))
    chosen = products.iloc[rows]
    items = []
    for number, row in enumerate(chosen.to_dict("records")):
        title = text_if_any(row.get("title"))
        if number % 4 and title:
            items.append(ProductInput(title=title))
            continue
        price = row.get("price")
        items.append(
            ProductInput(
                title=title,
                description=text_if_any(row.get("description")),
                brand=text_if_any(row.get("brand")),
                price=float(price) if price is not None and np.isfinite(price) else None,
            )
        )
    if snapshot is None:
        return items
    try:
        store = MediaStore.open(snapshot)
    except ArtifactError as error:
        logger.warning("no photo or sound to measure the encoder with: %s", error)
        return items
    if "photos" in products:
        items += [ProductInput(photos=(data,)) for data in files_of(store, products["photos"].tolist())]
    if "sounds" in products:
        items += [ProductInput(sounds=(data,)) for data in files_of(store, products["sounds"].tolist())]
    return items


def files_of(store: MediaStore, cells: Sequence[object]) -> list[bytes]:
    """The first file of some products that have one which the store holds."""
    there = [str(cell[0]) for cell in cells if isinstance(cell, list | tuple | np.ndarray) and len(cell)]
    there = [key for key in there if key in store]
    picked = np.unique(np.linspace(0, len(there) - 1, FILES).astype(int)).tolist() if there else []
    return [store.read(there[place]) for place in picked]


def sample_features(encoder: ProductEncoder, items: Sequence[ProductInput], media: Media) -> FeatureTable:
    """Features of the items that have something the encoder reads; a file that is refused is left out."""
    plain = [item for item in items if not item.photos and not item.sounds]
    tables = [encoder.featurize(plain, limits=media)]
    for item in items:
        if item.photos or item.sounds:
            try:
                tables.append(encoder.featurize([item], limits=media))
            except MediaError as error:
                logger.info("left out of the encoder's measurement: %s", error)
    features = FeatureTable.concatenate(tables)
    known = [features.modalities[name].present for name in encoder.modalities if name in features.modalities]
    return features.take(np.flatnonzero(np.any(known, axis=0)))
