"""Preprocessing, second half: model-ready texts, photos and sounds, and what is fitted to make them."""

from pathlib import Path

import dagster as dg
import pandas as pd

from assets.lib.preconditions import require_checks
from assets.lib.presentation import markdown_table, result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build
from assets.preprocessing import GROUP, OWNERS
from catalog.modality_hashes import modality_hashes
from catalog.snapshot.write import MediaStore
from models.features.needs import needed_features
from shelfspace.files import write_table

__all__ = ["featurizer", "images", "sounds", "texts"]


@dg.asset(
    deps=["products", "raw_media", "quarantine"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"pandas"},
    code_version="1",
    description="One cleaned text a product, English and Chinese alike, with a content hash per modality.",
)
def texts(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Clean title, brand, attributes and description into one text; prices in words are removed."""
    inputs = shop.versions("products", "raw_media")
    require_checks(context.instance, {**inputs, **shop.versions("quarantine")})

    def compute(folder: Path) -> Facts:
        from models.features.catalogue import product_texts

        products = shop.table("products")
        table = product_texts(products, shop.settings.preprocessing)
        hashes = modality_hashes(products, MediaStore.open(shop.workspace.snapshot))
        table = table.merge(hashes, on="product_id", validate="one_to_one")
        write_table(folder / "texts.parquet", table)
        lengths = table["text"].str.len()
        return {
            "dagster/row_count": len(table),
            "without_text": int((lengths == 0).sum()),
            "median_characters": float(lengths.median()),
            "languages": {"json": {str(k): int(v) for k, v in table["language"].value_counts().items()}},
            "preview": markdown_table(table[["product_id", "language", "text"]], 6),
        }

    record = build(
        shop.folder("texts"),
        inputs=inputs,
        code_version="1",
        settings=[shop.settings.preprocessing.max_text_characters],
        compute=compute,
    )
    return result("texts", record)


@dg.asset(
    deps=[texts, "splits", "products"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"huggingface"},
    code_version="2",
    description="Subword tokenizer and scalers, fitted on the training rows alone; part of the model.",
)
def featurizer(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Fit what stands between a raw product and its features."""
    inputs = shop.versions("texts", "splits", "products")
    require_checks(context.instance, inputs)

    def compute(folder: Path) -> Facts:
        from models.features.featurizer import Featurizer

        table = pd.read_parquet(shop.folder("texts") / "texts.parquet")
        split = pd.read_parquet(shop.folder("splits") / "splits.parquet").set_index("product_id")["split"]
        train = (table["product_id"].map(split) == "train").to_numpy()
        prices = shop.table("products")["price"].to_numpy()
        fitted = Featurizer.fit(list(table["text"][train]), prices[train], shop.settings)
        fitted.save(folder / "featurizer")
        return {"vocabulary": fitted.vocabulary_size, "training_rows": int(train.sum())}

    record = build(
        shop.folder("featurizer"),
        inputs=inputs,
        code_version="2",
        settings=[
            shop.settings.preprocessing.model_dump(),
            needed_features(shop.settings).model_dump(exclude={"device", "batch_size"}),
            # They decide which arrays a text becomes.
            shop.settings.model.model_dump(include={"modalities", "text"}),
            bool(shop.settings.training.name_only),
        ],
        compute=compute,
    )
    return result("featurizer", record)


def _media_asset(name: str, modality: str, what: str, decode: str) -> dg.AssetsDefinition:
    """`images` and `sounds` differ in the decoder alone."""

    @dg.asset(
        name=name,
        deps=["products", "raw_media", featurizer],
        group_name=GROUP,
        owners=OWNERS,
        kinds={"numpy"},
        code_version="1",
        description=what,
    )
    def decoded(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
        inputs = shop.versions("products", "raw_media", "featurizer")
        require_checks(context.instance, inputs)

        from models.features.featurizer import Featurizer

        fitted = Featurizer.load(shop.folder("featurizer") / "featurizer")

        def compute(folder: Path) -> Facts:
            from models.features import catalogue as catalogue_inputs

            facts: Facts = getattr(catalogue_inputs, decode)(
                shop.table("products"),
                MediaStore.open(shop.workspace.snapshot),
                fitted,
                shop.workspace.state / "features",
                shop.settings,
                folder,
            )
            return facts

        record = build(
            shop.folder(name),
            inputs=inputs,
            code_version="1",
            settings=[fitted.fingerprints[modality], shop.settings.media.model_dump()],
            compute=compute,
        )
        return result(name, record)

    return decoded


images = _media_asset(
    "images", "image", "Photos decoded safely, letterboxed on white to one size, as uint8.", "prepare_images"
)
sounds = _media_asset("sounds", "audio", "Sounds as mono of one rate and length, as int16.", "prepare_sounds")
