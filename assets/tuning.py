"""Tuning: an Optuna study over the settings of training, on the side of the chain."""

from pathlib import Path

from assets.lib.learning import FEATURES, chosen_settings, labels_version, learning
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from shelfspace.files import write_bytes, write_json, write_text
from shelfspace.settings.search_space import fixed_settings

__all__ = ["tuning"]


@stage(
    folder="tuning",
    deps=[*FEATURES, "splits", "products"],
    judged=["products"],
    also=lambda shop: {"labels": labels_version(shop)},
    settings=lambda shop: [
        shop.settings.tuning.model_dump(mode="json", exclude={"apply"}),
        fixed_settings(chosen_settings(shop)),
        shop.source.label_level,
    ],
    shown=lambda shop: {
        "used": "by the next challenger" if shop.settings.tuning.apply else "not until tuning.apply is on"
    },
    group="tuning",
    owners=["team:representation"],
    kinds={"optuna", "torch"},
    code_version="1",
    side=True,
    description="The best settings found on the validation rows; used where tuning.apply is on.",
)
def tuning(shop: Shop, folder: Path) -> Facts:
    """Search the space of params.yaml; a killed study is taken up at the trial it was in."""
    from models.tuning.plots import tuning_pictures
    from models.tuning.report import catalogue_snippet, nested_values
    from models.tuning.tune import tune

    read = learning(shop)
    place = shop.workspace.state / "tuning"
    report = tune(
        read.features,
        read.targets.labels,
        read.targets.label_names,
        read.targets.log_price,
        read.splits,
        chosen_settings(shop),
        place,
    )
    report.trials.to_csv(folder / "trials.csv", index=False)
    write_text(folder / "best_params.yaml", nested_values(report.best_values))
    write_json(
        folder / "tuning.json",
        {
            "study": report.study,
            "metric": report.metric,
            "best_value": report.best_value,
            "present_value": report.present_value,
            "best_values": report.best_values,
            "importances": report.importances,
            "trials": report.counts,
        },
    )
    facts: Facts = {}
    for name, picture in tuning_pictures(report).items():
        write_bytes(folder / f"{name}.png", picture)
        facts[name] = {"png": f"{name}.png"}
    best_first = report.trials.sort_values("value", ascending=not report.maximised, na_position="last")
    return {
        **facts,
        "study": report.study,
        "metric": report.metric,
        "best_value": report.best_value,
        "settings_as_they_were": report.present_value
        if report.present_value is not None
        else "not judged: outside the space, or stopped early",
        "trials": {"json": report.counts},
        "best_trials": table_fact(best_first, 10),
        "importances": {"json": report.importances} if report.importances else report.importances_absent,
        "for_catalog_yaml": {"md": f"```yaml\n{catalogue_snippet(report.best_values)}```"},
        "all_trials": {"path": str(place / "studies.db")},
    }
