"""Cross-validation: how far the figures move with the rows and the seed, on the side of the chain."""

from pathlib import Path
from typing import Any

import pandas as pd

from assets.lib.learning import FEATURES, best_values, labels_version, learning, model_settings
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from assets.model_inputs import fitted
from shelfspace.files import write_bytes, write_json

__all__ = ["cross_validation"]


def _settings(shop: Shop) -> list[Any]:
    """What the figures depend on, beside the data."""
    settings = model_settings(shop)
    return [
        settings.model.model_dump(),
        settings.training.model_dump(exclude={"device"}),
        settings.cross_validation.model_dump(),
        settings.preprocessing.validation_share,
        settings.evaluation.recall_at,
        shop.source.label_level,
    ]


def _tuned_by(shop: Shop) -> Facts:
    """Which study chose the settings, where one did."""
    best = best_values(shop)
    said = "nothing" if best is None else f"{best.study}, whose validation rows are among the folds'"
    return {"tuned_by": said}


@stage(
    folder="cross_validation",
    deps=[*FEATURES, "splits", "products", "texts", "featurizer"],
    judged=["products", "texts"],
    also=lambda shop: {"labels": labels_version(shop)},
    settings=_settings,
    shown=_tuned_by,
    group="cross_validation",
    owners=["team:representation"],
    kinds={"scikitlearn", "torch"},
    code_version="1",
    side=True,
    description="Accuracy, F1 and recall over folds and seeds, beside the text baseline on the same folds.",
)
def cross_validation(shop: Shop, folder: Path) -> Facts:
    """Train and judge the challenger's settings fold by fold; a killed run goes on at its fold."""
    from models.cross_validation.fold_features import FoldFeatures
    from models.cross_validation.plots import cross_validation_pictures, verdict
    from models.cross_validation.run import cross_validate

    read, settings = learning(shop), model_settings(shop)
    report = cross_validate(
        FoldFeatures(read.catalogue, read.features, fitted(shop), settings),
        read.targets.labels,
        read.targets.label_names,
        read.targets.log_price,
        read.groups,
        read.splits,
        settings,
        shop.workspace.state / "cross_validation",
    )
    write_json(folder / "cross_validation.json", report.to_dict())
    report.folds.to_csv(folder / "folds.csv", index=False)
    facts: Facts = {}
    for name, picture in cross_validation_pictures(report).items():
        write_bytes(folder / f"{name}.png", picture)
        facts[name] = {"png": f"{name}.png"}
    for name, figures in report.metrics.items():
        facts[name] = f"{figures['mean']:.3f} ± {figures['sd']:.3f}"
    return {
        **facts,
        "dagster/row_count": int(report.folds["rows"].sum()),
        "verdict": verdict(report),
        "difference": {"json": report.difference},
        "by_seed": table_fact(_by_seed(report.metrics), 40),
        "by_fold": table_fact(report.folds.round(3), 40),
    }


def _by_seed(metrics: dict) -> pd.DataFrame:
    """One row a seed: mean and spread of each metric over its folds."""
    seeds = [part["seed"] for part in next(iter(metrics.values()))["per_seed"]]
    return pd.DataFrame(
        [
            {"seed": seed}
            | {
                name: f"{figures['per_seed'][i]['mean']:.3f} ± {figures['per_seed'][i]['sd']:.3f}"
                for name, figures in metrics.items()
            }
            for i, seed in enumerate(seeds)
        ]
    )
