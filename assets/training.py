"""Training: the challenger, a fusion model of all modalities, trained with Lightning."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from assets.lib.checks import build_check
from assets.lib.learning import (
    FEATURES,
    best_values,
    labels_version,
    learning,
    model_settings,
    read_features,
)
from assets.lib.presentation import table_fact
from assets.lib.record import OF_A_RUN, Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from releases.champion import champion
from shelfspace.files import write_bytes, write_json

__all__ = ["CHECKS", "challenger"]


def _settings(shop: Shop) -> list[Any]:
    """What a challenger's training depends on, beside its data."""
    settings, best = model_settings(shop), best_values(shop)
    return [
        settings.seed,
        settings.model.model_dump(),
        settings.training.model_dump(exclude={"device"}),
        settings.augmentation.model_dump(),
        shop.source.label_level,
        *([] if best is None else [best.study]),
    ]


@stage(
    folder="training/challenger",
    deps=[*FEATURES, "splits", "products", "featurizer"],
    judged=["products"],
    also=lambda shop: {"labels": labels_version(shop)},
    settings=_settings,
    group="training",
    owners=["team:representation"],
    kinds={"torch", "lightning"},
    code_version="8",
    description="The newly trained product encoder; it replaces the champion only if the gate lets it.",
)
def challenger(shop: Shop, folder: Path) -> Facts:
    """Train on the frozen split; a killed run is taken up again from its last checkpoint."""
    from models.training.plots import loss_curves
    from models.training.train import train

    read, settings, best = learning(shop), model_settings(shop), best_values(shop)
    report = train(
        read.features,
        read.targets.labels,
        read.targets.label_names,
        read.targets.log_price,
        read.splits,
        settings,
        featurizer_dir=shop.folder("featurizer") / "featurizer",
        out=folder / "model",
        scratch=shop.workspace.state / "training",
        progress=True,
    )
    # How long an epoch took is no result: equal trainings leave equal bytes.
    history = report.history.drop(columns="seconds", errors="ignore")
    history.to_csv(folder / "history.csv", index=False)
    facts: Facts = {
        "modalities": ", ".join(read.features.modalities),
        "categories": len(read.targets.label_names),
        "epochs": report.epochs,
        "best_epoch": report.best_epoch,
        "training_seconds": round(report.seconds, 1),
        "strategy": settings.training.strategy,
        "teacher": report.teacher or "none",
        "fusion": settings.model.fusion,
        "completion": report.settled.get("completion", {}).get("used", settings.model.completion),
        "device": report.device,
        "resumed_from_epoch": report.resumed_from if report.resumed_from is not None else "not resumed",
        "learned": "nothing: the frozen encoders' vectors are the product vector"
        if report.frozen
        else "the product vector",
    }
    compared = report.labelled_by.get("compared")
    if compared is not None:
        facts["labels_by"] = naming(report.labelled_by)
        facts["labels_compared"] = {"json": dict(report.labelled_by)}
    for step, said in report.settled.items():
        facts[f"{step}_compared"] = {"json": dict(said)}
    if report.epochs:
        write_bytes(folder / "loss_curves.png", loss_curves(history))
        facts["loss_curves"] = {"png": "loss_curves.png"}
        facts["last_epochs"] = table_fact(history.tail(5), 5)
    if best is not None:
        facts |= {"tuned_by": best.study, "tuned_values": {"json": best.values}}
    kept = {k: v for k, v in facts.items() if not isinstance(v, dict) and k not in OF_A_RUN}
    write_json(folder / "training.json", kept)
    return facts


def naming(labelled_by: Mapping[str, Any]) -> str:
    """Who names the category, in one sentence."""
    share, compared = labelled_by["network"], labelled_by["compared"]
    who = "the linear model" if share == 0 else "the network" if share == 1 else "network and linear model"
    low, high = compared["interval"]
    ends = "too few rows for an interval" if low is None else f"95% interval {low:+.3f} to {high:+.3f}"
    return (
        f"{who}: {compared['measure'].replace('_', ' ')} {compared['learned']:.3f} with the network, "
        f"{compared['rivals']['linear']:.3f} by the linear model alone on {compared['rows']} validation "
        f"products ({compared['by']:+.3f}, {ends})"
    )


def _vectors_sound(shop: Shop) -> Any:
    """Embed some rows by the new encoder: finite, of unit length, and not all alike."""
    from data_checks.checks.vectors import vectors_sound
    from models.inference.product_encoder import ProductEncoder

    encoder = ProductEncoder.load(shop.folder("challenger") / "model")
    features = read_features(shop, shop.table("products"), encoder.modalities)
    rows = np.flatnonzero(features.present().any(axis=1))[:256]
    return vectors_sound(encoder.embed_features(features.take(rows)))


def _holdout_kept(shop: Shop) -> Any:
    """Deliveries that rewrote the holdout against the champion are held; the next run leaves them out."""
    from data_checks.checks.splits import holdout_kept
    from models.features.catalogue import label_names_of
    from releases.look.holdout import hold_rewriters, judge_holdout

    products = shop.table("products")
    labels = pd.Series(label_names_of(products, shop.source.label_level), index=products["product_id"])
    if not shop.settings.collection.look:
        return holdout_kept({"rows": 0, "held": "", "figures": {}, "notes": ["collection.look is off"]}, [])
    found = judge_holdout(shop.workspace, labels)
    why = f"it rewrites products that models are judged by: {found.sentence}"
    held = hold_rewriters(shop.workspace, labels, why) if found.held else []
    return holdout_kept(found.to_dict(), [entry.name for entry in held])


CHECKS = [
    build_check(
        "challenger",
        "holdout_kept",
        "No delivery since the champion was crowned has rewritten the products that models are judged by, "
        "against that champion.",
        _holdout_kept,
        reads=("products",),
        also=lambda shop: (champion(shop.workspace) or {}).get("fingerprint", ""),
    ),
    build_check(
        "challenger",
        "vectors_sound",
        "Its vectors are finite, of unit length and spread out.",
        _vectors_sound,
        reads=("products", "text_features", "image_features", "audio_features", "tabular_features"),
    ),
]
