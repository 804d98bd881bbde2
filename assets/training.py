"""Training: the challenger, a fusion model of all modalities, trained with Lightning."""

from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from assets.checks import build_check
from assets.preconditions import require_checks
from assets.presentation import markdown_table, result
from assets.records import Facts, build
from assets.shop import Shop
from catalog.files import write_bytes, write_json

__all__ = ["CHECKS", "challenger"]

FEATURES = ("text_features", "image_features", "audio_features", "tabular_features")


@dg.asset(
    deps=[*FEATURES, "splits", "products", "featurizer"],
    group_name="training",
    owners=["team:representation"],
    kinds={"torch", "lightning"},
    code_version="1",
    description="The newly trained product encoder; it replaces the champion only if the gate lets it.",
)
def challenger(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Train on the frozen split; a killed run is taken up again from its last checkpoint."""
    settings = shop.settings
    inputs = shop.versions(*FEATURES, "splits", "featurizer")
    labels_version = shop.versions("products")
    require_checks(context.instance, {**inputs, **labels_version})

    def compute(folder: Path) -> Facts:
        from models.catalogue_inputs import load_features, targets
        from models.plots_training import loss_curves
        from models.training import train

        products = shop.table("products")
        features = load_features(shop.workspace.features, products, settings.model.modalities)
        split = pd.read_parquet(shop.folder("splits") / "splits.parquet").set_index("product_id")["split"]
        aim = targets(products, shop.source.label_level)
        report = train(
            features,
            aim.labels,
            aim.label_names,
            aim.log_price,
            split.loc[list(features.product_ids)].to_numpy(dtype=str),
            settings,
            featurizer_dir=shop.folder("featurizer") / "featurizer",
            out=folder / "model",
            scratch=shop.workspace.state / "training",
            progress=True,
        )
        write_bytes(folder / "loss_curves.png", loss_curves(report.history))
        report.history.to_csv(folder / "history.csv", index=False)
        facts: Facts = {
            "modalities": ", ".join(features.modalities),
            "categories": len(aim.label_names),
            "epochs": report.epochs,
            "best_epoch": report.best_epoch,
            "training_seconds": round(report.seconds, 1),
            "device": report.device,
            "resumed_from_epoch": report.resumed_from if report.resumed_from is not None else "not resumed",
            "loss_curves": {"png": "loss_curves.png"},
            "last_epochs": markdown_table(report.history.tail(5), 5),
        }
        write_json(folder / "training.json", {k: v for k, v in facts.items() if not isinstance(v, dict)})
        return facts

    record = build(
        shop.folder("challenger"),
        inputs={**inputs, "labels": _labels_version(shop)},
        code_version="1",
        settings=[
            settings.seed,
            settings.model.model_dump(),
            settings.training.model_dump(exclude={"device"}),
            settings.augmentation.model_dump(),
            shop.source.label_level,
        ],
        compute=compute,
    )
    return result("challenger", record, {**record.facts, "cause": shop.cause or "asked for"})


def _labels_version(shop: Shop) -> str:
    """Hash of what training reads of the products: ids, categories and prices, in order."""
    from catalog.hashing import fingerprint

    products = shop.table("products")
    return fingerprint(products[["product_id", "category", "price"]].astype(str).to_numpy().tolist())


def _vectors_sound(shop: Shop) -> Any:
    """Embed some rows by the new encoder: finite, of unit length, and not all alike."""
    from data_checks.vectors import vectors_sound
    from models.catalogue_inputs import load_features
    from models.product_encoder import ProductEncoder

    encoder = ProductEncoder.load(shop.folder("challenger") / "model")
    features = load_features(shop.workspace.features, shop.table("products"), encoder.modalities)
    rows = np.flatnonzero(features.present().any(axis=1))[:256]
    return vectors_sound(encoder.embed_features(features.take(rows)))


CHECKS = [
    build_check(
        "challenger",
        "vectors_sound",
        "Its vectors are finite, of unit length and spread out.",
        _vectors_sound,
    )
]
