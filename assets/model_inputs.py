"""Preprocessing, second half: model-ready texts, photos and sounds, and what is fitted to make them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.preprocessing import preprocessing
from catalog.modality_hashes import modality_hashes
from models.features.needs import needed_features
from shelfspace.files import write_table

if TYPE_CHECKING:
    from models.features.featurizer import Featurizer

__all__ = ["featurizer", "fitted", "images", "sounds", "texts"]


@preprocessing(
    folder="prepared/texts",
    deps=["products", "raw_media", "quarantine"],
    judged=["quarantine"],
    settings=lambda shop: [shop.settings.preprocessing.max_text_characters],
    kinds={"pandas"},
    code_version="1",
    description="One cleaned text a product, English and Chinese alike, with a content hash per modality.",
)
def texts(shop: Shop, folder: Path) -> Facts:
    """Clean title, brand, attributes and description into one text; prices in words are removed."""
    from models.features.catalogue import product_texts

    products = shop.table("products")
    hashes = modality_hashes(products, shop.media)
    table = product_texts(products, shop.settings.preprocessing)
    table = table.merge(hashes, on="product_id", validate="one_to_one")
    write_table(folder / "texts.parquet", table)
    lengths = table["text"].str.len()
    return {
        "dagster/row_count": len(table),
        "without_text": int((lengths == 0).sum()),
        "median_characters": float(lengths.median()),
        "languages": {"json": {str(k): int(v) for k, v in table["language"].value_counts().items()}},
        "preview": table_fact(table[["product_id", "language", "text"]], 6),
    }


@preprocessing(
    folder="prepared/featurizer",
    deps=["texts", "splits", "products"],
    settings=lambda shop: [
        shop.settings.preprocessing.model_dump(),
        needed_features(shop.settings).model_dump(exclude={"device", "batch_size"}),
        # They decide which arrays a text becomes.
        shop.settings.model.model_dump(include={"modalities", "text"}),
        bool(shop.settings.training.name_only),
    ],
    kinds={"huggingface"},
    code_version="2",
    description="Subword tokenizer and scalers, fitted on the training rows alone; part of the model.",
)
def featurizer(shop: Shop, folder: Path) -> Facts:
    """Fit what stands between a raw product and its features."""
    from models.features.featurizer import Featurizer

    table = pd.read_parquet(shop.folder("texts") / "texts.parquet")
    train = (table["product_id"].map(shop.split()["split"]) == "train").to_numpy()
    prices = shop.table("products")["price"].to_numpy()
    made = Featurizer.fit(list(table["text"][train]), prices[train], shop.settings)
    made.save(folder / "featurizer")
    return {"vocabulary": made.vocabulary_size, "training_rows": int(train.sum())}


def fitted(shop: Shop) -> "Featurizer":
    """The featurizer that lies in the workspace."""
    from models.features.featurizer import Featurizer

    return Featurizer.load(shop.folder("featurizer") / "featurizer")


def _of_medium(modality: str) -> Any:
    """What photos and sounds depend on: how they are decoded, and how large they may be."""
    return lambda shop: [fitted(shop).fingerprints[modality], shop.settings.media.model_dump()]


decoded = partial(
    preprocessing, deps=["products", "raw_media", "featurizer"], kinds={"numpy"}, code_version="1"
)


@decoded(
    folder="prepared/images",
    settings=_of_medium("image"),
    description="Photos decoded safely, letterboxed on white to one size, as uint8.",
)
def images(shop: Shop, folder: Path) -> Facts:
    """Decode what is not decoded yet."""
    from models.features.catalogue import prepare_images

    place = shop.workspace.state / "features"
    return prepare_images(shop.table("products"), shop.media, fitted(shop), place, shop.settings, folder)


@decoded(
    folder="prepared/sounds",
    settings=_of_medium("audio"),
    description="Sounds as mono of one rate and length, as int16.",
)
def sounds(shop: Shop, folder: Path) -> Facts:
    """Decode what is not decoded yet."""
    from models.features.catalogue import prepare_sounds

    place = shop.workspace.state / "features"
    return prepare_sounds(shop.table("products"), shop.media, fitted(shop), place, shop.settings, folder)
