"""Preprocessing, second half: model-ready texts, photos and sounds, and what is fitted to make them."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.preprocessing import preprocessing
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
    code_version="2",
    description="One cleaned text a product, English and Chinese alike, with a content hash per modality.",
)
def texts(shop: Shop, folder: Path) -> Facts:
    """Clean title, brand, attributes and description into one text; prices in words are removed."""
    from models.features.catalogue import cleaned_texts

    table = cleaned_texts(shop.table("products"), shop.media, shop.settings.preprocessing)
    write_table(folder / "texts.parquet", table)
    lengths = table["text"].str.len()
    return {
        "dagster/row_count": len(table),
        "without_text": int((lengths == 0).sum()),
        "median_characters": float(lengths.median()),
        "languages": {"json": {str(k): int(v) for k, v in table["language"].value_counts().items()}},
        "preview": table_fact(table[["product_id", "language", "text"]], 6),
    }


def _needed(shop: Shop) -> list[Any]:
    """What the fit depends on: limits, and which arrays the configured encoders read."""
    from models.features.needs import needed_arrays, needed_features

    return [
        shop.settings.preprocessing.model_dump(),
        needed_features(shop.settings).model_dump(exclude={"device", "batch_size"}),
        needed_arrays(shop.settings),
    ]


@preprocessing(
    folder="prepared/featurizer",
    deps=["texts", "splits", "products"],
    settings=_needed,
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


media_files = partial(
    preprocessing, deps=["texts", "products", "raw_media"], kinds={"pandas"}, code_version="2"
)


@media_files(
    folder="prepared/images",
    description="The photos of each product by content; features of others are kept.",
)
def images(shop: Shop, folder: Path) -> Facts:
    """Count the photos of each product and name their content."""
    return _media_table(shop, "photos", "image_hash", folder / "images.parquet")


@media_files(
    folder="prepared/sounds",
    description="The sounds of each product by content; features of others are kept.",
)
def sounds(shop: Shop, folder: Path) -> Facts:
    """Count the sounds of each product and name their content."""
    return _media_table(shop, "sounds", "audio_hash", folder / "sounds.parquet")


def _media_table(shop: Shop, column: str, hashes: str, path: Path) -> Facts:
    products = shop.table("products")
    content = pd.read_parquet(shop.folder("texts") / "texts.parquet", columns=[hashes])[hashes]
    files = products[column].map(len)
    write_table(path, pd.DataFrame({"product_id": products["product_id"], "files": files, "hash": content}))
    return {"dagster/row_count": len(products), "present": int((files > 0).sum()), "files": int(files.sum())}
