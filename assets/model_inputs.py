"""Preprocessing, second half: model-ready texts, photos and sounds, and what is fitted to make them."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from assets.lib.learning import chosen_settings, read_catalogue, too_large
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import FOLDERS, Shop
from assets.preprocessing import preprocessing
from shelfspace.errors import ArtifactError
from shelfspace.files import read_parquet, write_table

if TYPE_CHECKING:
    from models.features.featurizer import Featurizer

__all__ = ["encoder_choice", "featurizer", "fitted", "images", "sounds", "texts"]


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


def _choosing(shop: Shop) -> list[Any]:
    """What a choice depends on: where there is one, what is installed, and how the candidates read; and what
    it may not choose, where the one that stands did: the gate would refuse every challenger for its size."""
    from models.choice import Choice, auto_modalities
    from models.choice.candidates import installed

    asked = auto_modalities(shop.settings)
    if not asked:
        return []
    features = shop.settings.features.model_dump(exclude={"device", "batch_size"})
    depends = [asked, installed(), features, shop.settings.preprocessing.image_size, shop.source.label_level]
    large = too_large(shop)
    with suppress(ArtifactError):  # nothing was chosen yet, or nobody can read it: it is chosen anew
        if Choice.load(shop.workspace.root / FOLDERS["encoder_choice"]).uses(large):
            depends.append(large)
    return depends


@preprocessing(
    folder="prepared/encoders",
    deps=["texts", "splits", "products", "raw_media"],
    settings=_choosing,
    kinds={"scikitlearn"},
    code_version="3",
    description="The encoders that are chosen where the settings say `auto`, and why; a refresh keeps them.",
)
def encoder_choice(shop: Shop, folder: Path) -> Facts:
    """Choose by what is installed, by size, and by a quick cross-validation on training rows."""
    from models.choice import choose_encoders
    from models.features.catalogue import targets

    catalogue, split = read_catalogue(shop), shop.split()
    ids = catalogue.products["product_id"]
    made = choose_encoders(
        catalogue,
        targets(catalogue.products, shop.source.label_level).labels,
        ids.map(split["group"]).to_numpy(dtype=str),
        (ids.map(split["split"]) == "train").to_numpy(),
        too_large(shop),
    )
    made.save(folder)
    facts: Facts = {}
    for modality, chosen in made.by_modality.items():
        facts |= {modality: chosen.name, f"{modality}_why": chosen.why, f"{modality}_weights": chosen.weights}
        facts[f"{modality}_figures"] = {"json": dict(chosen.figures)}
    return facts or {"chosen": "nothing: the settings name every encoder"}


def _needed(shop: Shop) -> list[Any]:
    """What the fit depends on: limits, and which arrays the configured encoders read."""
    from models.features.needs import needed_arrays, needed_features

    settings = chosen_settings(shop)
    return [
        settings.preprocessing.model_dump(),
        needed_features(settings).model_dump(exclude={"device", "batch_size"}),
        needed_arrays(settings),
    ]


@preprocessing(
    folder="prepared/featurizer",
    deps=["texts", "splits", "products", "encoder_choice"],
    settings=_needed,
    kinds={"huggingface"},
    code_version="3",
    description="Subword tokenizer and scalers, fitted on the training rows alone; part of the model.",
)
def featurizer(shop: Shop, folder: Path) -> Facts:
    """Fit what stands between a raw product and its features."""
    from models.features.featurizer import Featurizer

    table = read_parquet(shop.folder("texts") / "texts.parquet")
    train = (table["product_id"].map(shop.split()["split"]) == "train").to_numpy()
    prices = shop.table("products")["price"].to_numpy()
    made = Featurizer.fit(list(table["text"][train]), prices[train], chosen_settings(shop))
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
    content = read_parquet(shop.folder("texts") / "texts.parquet", columns=[hashes])[hashes]
    files = products[column].map(len)
    write_table(path, pd.DataFrame({"product_id": products["product_id"], "files": files, "hash": content}))
    return {"dagster/row_count": len(products), "present": int((files > 0).sum()), "files": int(files.sum())}
