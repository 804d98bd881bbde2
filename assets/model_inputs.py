"""Preprocessing, second half: model-ready texts, photos and sounds, and what is fitted to make them."""

from pathlib import Path

import dagster as dg
import pandas as pd

from assets.lib.preconditions import require_checks
from assets.lib.presentation import markdown_table, result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build
from assets.preprocessing import GROUP, OWNERS
from catalog.snapshot.write import MediaStore
from shelfspace.files import write_table

__all__ = ["featurizer", "images", "sounds", "texts"]


@dg.asset(
    deps=["products", "raw_media", "quarantine"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"pandas"},
    code_version="2",
    description="One cleaned text a product, English and Chinese alike, with a content hash per modality.",
)
def texts(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Clean title, brand, attributes and description into one text; prices in words are removed."""
    inputs = shop.versions("products", "raw_media")
    require_checks(context.instance, {**inputs, **shop.versions("quarantine")})

    def compute(folder: Path) -> Facts:
        from models.features.catalogue import cleaned_texts

        media = MediaStore.open(shop.workspace.snapshot)
        table = cleaned_texts(shop.table("products"), media, shop.settings.preprocessing)
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
        code_version="2",
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
    from models.features.needs import needed_arrays, needed_features

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
            needed_arrays(shop.settings),
        ],
        compute=compute,
    )
    return result("featurizer", record)


def _media_asset(name: str, modality: str, what: str) -> dg.AssetsDefinition:
    """`images` and `sounds` differ in the column alone."""

    @dg.asset(
        name=name,
        deps=[texts, "products", "raw_media"],
        group_name=GROUP,
        owners=OWNERS,
        kinds={"pandas"},
        code_version="2",
        description=what,
    )
    def media_files(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
        inputs = shop.versions("texts", "products", "raw_media")
        require_checks(context.instance, inputs)

        def compute(folder: Path) -> Facts:
            products = shop.table("products")
            hashes = pd.read_parquet(shop.folder("texts") / "texts.parquet", columns=[f"{modality}_hash"])
            files = products["photos" if modality == "image" else "sounds"]
            table = pd.DataFrame(
                {"product_id": products["product_id"], "files": files.map(len), "hash": hashes.iloc[:, 0]}
            )
            write_table(folder / f"{name}.parquet", table)
            return {
                "dagster/row_count": len(table),
                "present": int((table["files"] > 0).sum()),
                "files": int(table["files"].sum()),
            }

        record = build(shop.folder(name), inputs=inputs, code_version="2", settings=[], compute=compute)
        return result(name, record)

    return media_files


images = _media_asset(
    "images", "image", "The photos of each product by content; features of others are kept."
)
sounds = _media_asset(
    "sounds", "audio", "The sounds of each product by content; features of others are kept."
)
