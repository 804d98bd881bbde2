"""From finished units to figures: the rows of quality.json."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.plan import AIMS, EXPERT, FOLDS, RIDGES, TIMES_SCRATCH, Unit, overrides
from models.cross_validation.report import corrected_interval

__all__ = ["END_TO_END", "Finished", "aim_rows", "by_fold", "chosen_units"]

Finished = list[tuple[Unit, dict[str, Any]]]

END_TO_END = ("cnn", "logmel_cnn")
"""Recipes that learn from pixels and spectrograms; they stand in a table of their own."""


def aim_rows(finished: Finished, commit: str) -> list[dict[str, Any]]:
    """One row an aim: value, spread, measured baseline, paired difference with interval."""
    rows = []
    for name, (metric, published, aim) in AIMS.items():
        experiment = {"flipkart_l2_acc": "flipkart_l2", "flipkart_l2_f1": "flipkart_l2"}.get(name, name)
        if metric == "gap":
            found = _gap(finished)
        elif metric == "gain":
            found = _gain(finished)
        elif metric == "below":
            found = _below(rows)
        elif metric == "recall_at_10":
            found = _to_photos(finished, name)
        else:
            found = _folded(finished, experiment, metric)
        if found is not None:
            row: dict[str, Any] = {
                "id": name,
                "metric": metric,
                "aim": aim,
                **found,
                "published_baseline": published,
            }
            value, wanted = row["value"], row["aim"]
            reached = value <= wanted if metric in ("gap", "below") else value >= wanted
            rows.append({**row, "reached": bool(reached), "commit": commit})
    return rows


def _below(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Of the rows with a text, those where what is shipped is certainly below the linear model."""
    beside = [row for row in rows if row.get("baseline_name", "").startswith("linear")]
    if not beside:
        return None
    below = [row["id"] for row in beside if row["difference_high"] < 0]
    above = [row["id"] for row in beside if row["difference"] > 0]
    return {
        "value": len(below),
        "spread": None,
        "rows": len(beside),
        "above_by_the_mean": above,
        "below": below,
    }


def chosen_units(finished: Finished, experiment: str, recipes: Iterable[str] | None = None) -> Finished:
    """Units of an experiment: of the named recipes, or of the networks on cached features."""
    return [
        (unit, result)
        for unit, result in finished
        if unit.experiment == experiment
        and (
            unit.recipe in recipes
            if recipes
            else unit.recipe not in BASELINES and unit.recipe not in END_TO_END
        )
    ]


def by_fold(units: Finished, metric: str) -> np.ndarray:
    """Mean over the seeds, fold by fold."""
    folds = sorted({unit.fold for unit, _ in units})
    return np.array([np.mean([r[metric] for u, r in units if u.fold == fold]) for fold in folds])


def averaged(units: Finished) -> tuple[float, float] | None:
    """Accuracy and macro-F1 when the probabilities of all seeds are averaged; None without classes."""
    if not units or "probabilities" not in units[0][1]:
        return None
    accuracy, f1 = [], []
    for fold in sorted({unit.fold for unit, _ in units}):
        same = [result for unit, result in units if unit.fold == fold]
        said = np.mean([r["probabilities"] for r in same], axis=0).argmax(axis=1)
        truth = np.array(same[0]["truth"]).astype(int)
        accuracy.append(float((said == truth).mean()))
        f1.append(float(f1_score(truth, said, average="macro")))
    return float(np.mean(accuracy)), float(np.mean(f1))


def _folded(finished: Finished, experiment: str, metric: str) -> dict[str, Any] | None:
    networks = [one for one in chosen_units(finished, experiment) if one[0].recipe != EXPERT]
    models = chosen_units(finished, experiment, {EXPERT}) or networks
    if not models:
        return None
    values = by_fold(models, metric)
    row: dict[str, Any] = {
        "value": round(float(values.mean()), 4),
        "spread": round(float(values.std()), 4),
        "seeds": len({unit.seed for unit, _ in models}),
        "folds": len(values),
        "seconds": round(float(np.mean([r["seconds"] for _, r in models])), 1),
    }
    together = averaged(models)
    if together is not None and row["seeds"] > 1:
        row["seeds_averaged"] = round(together[0 if metric == "accuracy" else 1], 4)
    if networks and models is not networks:
        row["learned"] = round(float(by_fold(networks, metric).mean()), 4)
    baseline = chosen_units(finished, experiment, set(BASELINES))
    if len(baseline) == len(values):
        beside = by_fold(baseline, metric)
        ratio = float(np.mean([len(r["rows"]) / r["train_rows"] for _, r in models]))
        low, high = corrected_interval(values - beside, ratio)
        row |= {
            "baseline": round(float(beside.mean()), 4),
            "baseline_name": baseline[0][0].recipe,
            "difference": round(float((values - beside).mean()), 4),
            "difference_low": round(low, 4),
            "difference_high": round(high, 4),
        }
    return row


def _to_photos(finished: Finished, experiment: str) -> dict[str, Any] | None:
    """The network on packaged photo vectors beside chance, two regressions and a network from nothing."""
    names = ("aligned", "aligned cnn", *RIDGES)
    units = {recipe: chosen_units(finished, experiment, {recipe}) for recipe in names}
    whole = all(len(same) == FOLDS for recipe, same in units.items() if recipe != "aligned cnn")
    if not whole or not units["aligned cnn"]:
        return None
    folds = {recipe: by_fold(same, "recall_at_10") for recipe, same in units.items()}
    values = folds["aligned"]
    best = max(RIDGES, key=lambda recipe: float(folds[recipe].mean()))
    ratio = float(np.mean([len(r["rows"]) / r["train_rows"] for _, r in units["aligned"]]))
    difference = values - folds[best]
    low, high = corrected_interval(difference, ratio)
    means = {recipe: round(float(found.mean()), 4) for recipe, found in folds.items()}
    return {
        "value": means["aligned"],
        "spread": round(float(values.std()), 4),
        "seeds": 1,
        "folds": len(values),
        "seconds": round(float(np.mean([r["seconds"] for _, r in units["aligned"]])), 1),
        "baseline": means[best],
        "baseline_name": best,
        "difference": round(float(difference.mean()), 4),
        "difference_low": round(low, 4),
        "difference_high": round(high, 4),
        "chance": round(float(by_fold(units["aligned"], "chance").mean()), 4),
        "beside": means,
        "beside_by_fold": {recipe: np.round(found, 4).tolist() for recipe, found in folds.items()},
        "scratch_folds": len(units["aligned cnn"]),
        "scratch_epochs": overrides("aligned cnn")["training"]["epochs"],
        "aim": round(TIMES_SCRATCH * means["aligned cnn"], 4),
    }


def _gap(finished: Finished) -> dict[str, Any] | None:
    """Photo-only model less the fused model whose text is withheld (photo and price are left)."""
    alone = chosen_units(finished, "flipkart_l1_photo")
    fused = [one for one in chosen_units(finished, "flipkart_l1_all") if one[0].recipe != EXPERT]
    if not alone or not fused:
        return None
    seen = [(unit, result["views"]["image+tabular"]) for unit, result in fused]
    gaps = by_fold(alone, "accuracy") - by_fold(seen, "accuracy")
    photo = [(unit, result["views"]["image"]) for unit, result in fused]
    return {
        "value": round(float(gaps.mean()), 4),
        "spread": round(float(gaps.std()), 4),
        "seeds": len({unit.seed for unit, _ in fused}),
        "fused_through_photo_and_price": round(float(by_fold(seen, "accuracy").mean()), 4),
        "fused_through_photo": round(float(by_fold(photo, "accuracy").mean()), 4),
        "photo_only": round(float(by_fold(alone, "accuracy").mean()), 4),
    }


def _gain(finished: Finished) -> dict[str, Any] | None:
    """Fused accuracy less that of the best single modality, each on the rows it can see."""
    fused, alone = chosen_units(finished, "sample_subsets"), chosen_units(finished, "sample_alone")
    if not fused or not alone:
        return None
    whole = np.array([r["accuracy"] for _, r in fused])
    singles = {
        names[0]: float(np.mean([r["accuracy"] for u, r in alone if u.sees == names]))
        for names in sorted({u.sees for u, _ in alone})
    }
    best = max(singles, key=lambda n: singles[n])
    return {
        "value": round(float(whole.mean()) - singles[best], 4),
        "spread": round(float(whole.std()), 4) if len(whole) > 1 else None,
        "seeds": len(whole),
        "fused": round(float(whole.mean()), 4),
        "best_single": best,
        "singles": {k: round(v, 4) for k, v in singles.items()},
    }
