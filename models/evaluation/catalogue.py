"""A saved encoder judged on the frozen holdout of a catalogue, and the judgement as files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.evaluation.completed import completion_compared
from models.evaluation.evaluate import evaluate
from models.evaluation.known_item import asked_of, known_item, own_places
from models.evaluation.outcomes import CUT, KNOWN_ITEM
from models.features.catalogue import Catalogue, features_for, label_names_of, product_items
from models.inference.product_encoder import ProductEncoder
from shelfspace.files import write_bytes, write_json
from shelfspace.settings import Settings

__all__ = ["JudgedCatalogue", "judge_catalogue", "save_judgement"]


@dataclass(frozen=True)
class JudgedCatalogue:
    """What a model is worth on the holdout.

    Attributes:
        judgement: see `models.evaluation.evaluate`.
        outcomes: one row a product, see `models.evaluation.outcomes`.
        vectors: (n, d) float32 of the holdout's products that the model can read.
        labels: (n,) str, "" where unknown.
    """

    judgement: dict[str, Any]
    outcomes: pd.DataFrame
    vectors: np.ndarray
    labels: np.ndarray


def judge_catalogue(
    model: Path,
    catalogue: Catalogue,
    split: pd.Series,
    settings: Settings,
    label_level: int,
    groups: pd.Series | None = None,
) -> JudgedCatalogue:
    """Judge a ProductEncoder folder on the products whose side is "test".

    Args:
        split: side by product id.
        label_level: category nodes that make a class; 0 for none.
        groups: by product id, near duplicates share one; None: each product stands for itself.
    """
    encoder = ProductEncoder.load(model, device=settings.training.device)
    features = features_for(encoder, catalogue)
    side = split.loc[list(features.product_ids)].to_numpy(dtype=str)
    labels = label_names_of(catalogue.products, label_level)
    test = np.flatnonzero(side == "test")
    judgement, outcomes = evaluate(
        encoder,
        features,
        labels,
        test,
        settings,
        train_rows=np.flatnonzero(side == "train"),
        texts=list(catalogue.texts["text"]),
    )
    asked = asked_of(encoder, product_items(catalogue.products.iloc[test]))
    if isinstance(asked, str):
        judgement["absent"].append(f"finding a listing by its title: {asked}")
    else:
        own = own_places(encoder, asked)
        judgement["retrieval"]["known_item"] = known_item(own, asked)
        by_title = pd.Series(
            (own <= CUT).astype(np.float32), np.asarray(features.product_ids)[test[asked.rows]]
        )
        outcomes[KNOWN_ITEM] = by_title.reindex(outcomes["product_id"]).to_numpy()
    named = outcomes["product_id"]
    outcomes["group"] = named if groups is None else groups.loc[named].to_numpy().astype(str)
    index = {name: i for i, name in enumerate(encoder.labels)}
    codes = np.array([index.get(name, -1) for name in labels], dtype=np.int64)
    found = completion_compared(encoder, features, codes, np.flatnonzero(side == "train"), test)
    # Where the mean took its place, what was compared on validation rows is all there is.
    settled = encoder.settled.get("completion", {}).get("compared")
    if not isinstance(found, str) or settled is not None:
        judgement["completion_compared"] = settled if isinstance(found, str) else found
    else:
        judgement["absent"].append(found)
    calibrated = encoder.settled.get("temperature", {}).get("compared")
    if calibrated is not None:
        judgement["temperature_compared"] = calibrated
    readable = test[features.present()[test].any(axis=1)]
    vectors = encoder.embed_features(features.take(readable))
    return JudgedCatalogue(judgement, outcomes, vectors, labels[readable])


def save_judgement(judged: JudgedCatalogue, folder: Path) -> list[str]:
    """Write evaluation.json, outcomes.parquet, metrics.json, plots/*.csv and pictures; returns the pictures'
    names."""
    from models.evaluation.headline import headline
    from models.evaluation.pictures import pictures
    from models.evaluation.plots import plots_data

    write_json(folder / "evaluation.json", judged.judgement)
    judged.outcomes.to_parquet(folder / "outcomes.parquet", index=False)
    write_json(folder / "metrics.json", headline(judged.judgement))
    (folder / "plots").mkdir()
    for name, table in plots_data(judged.judgement).items():
        table.to_csv(folder / "plots" / f"{name}.csv", index=False)
    drawn = pictures(judged.judgement, judged.vectors, judged.labels)
    for name, picture in drawn.items():
        write_bytes(folder / f"{name}.png", picture)
    return list(drawn)
