"""From finished units to figures: rows of quality.json, and the page docs/RESULTS.md."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.plan import AIMS, EXPERT, Unit
from models.cross_validation.report import corrected_interval

__all__ = ["Finished", "aim_rows", "page", "table"]

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
        else:
            found = _folded(finished, experiment, metric)
        if found is not None:
            reached = found["value"] <= aim if metric in ("gap", "below") else found["value"] >= aim
            row = {"id": name, "metric": metric, **found, "published_baseline": published, "aim": aim}
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


def _chosen(finished: Finished, experiment: str, recipes: Iterable[str] | None = None) -> Finished:
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


def _by_fold(units: Finished, metric: str) -> np.ndarray:
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
    networks = [one for one in _chosen(finished, experiment) if one[0].recipe != EXPERT]
    models = _chosen(finished, experiment, {EXPERT}) or networks
    if not models:
        return None
    values = _by_fold(models, metric)
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
        row["learned"] = round(float(_by_fold(networks, metric).mean()), 4)
    baseline = _chosen(finished, experiment, set(BASELINES))
    if len(baseline) == len(values):
        beside = _by_fold(baseline, metric)
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


def _gap(finished: Finished) -> dict[str, Any] | None:
    """Photo-only model less the fused model whose text is withheld (photo and price are left)."""
    alone = _chosen(finished, "flipkart_l1_photo")
    fused = [one for one in _chosen(finished, "flipkart_l1_all") if one[0].recipe != EXPERT]
    if not alone or not fused:
        return None
    seen = [(unit, result["views"]["image+tabular"]) for unit, result in fused]
    gaps = _by_fold(alone, "accuracy") - _by_fold(seen, "accuracy")
    photo = [(unit, result["views"]["image"]) for unit, result in fused]
    return {
        "value": round(float(gaps.mean()), 4),
        "spread": round(float(gaps.std()), 4),
        "seeds": len({unit.seed for unit, _ in fused}),
        "fused_through_photo_and_price": round(float(_by_fold(seen, "accuracy").mean()), 4),
        "fused_through_photo": round(float(_by_fold(photo, "accuracy").mean()), 4),
        "photo_only": round(float(_by_fold(alone, "accuracy").mean()), 4),
    }


def _gain(finished: Finished) -> dict[str, Any] | None:
    """Fused accuracy less that of the best single modality, each on the rows it can see."""
    fused, alone = _chosen(finished, "sample_subsets"), _chosen(finished, "sample_alone")
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


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; floats with three digits."""
    shown = [[f"{c:.3f}" if isinstance(c, float) else str(c) for c in row] for row in rows]
    lines = [head, ["---"] * len(head), *shown]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _spread(values: Sequence[float]) -> str:
    # One run has no spread to tell of.
    return f"{values[0]:.3f}" if len(values) == 1 else f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def page(finished: Finished, rows: list[dict[str, Any]], about: str) -> str:
    """The tables of all that is finished, as Markdown."""
    parts = [about]
    if rows:
        body = [
            (
                f"`{r['id']}`",
                r["metric"],
                f"{r['value']:.3f} ± {r['spread']:.3f}" if r["spread"] is not None else f"{r['value']:.3f}",
                f"{r['seeds_averaged']:.3f}" if "seeds_averaged" in r else "",
                f"{r['learned']:.3f}" if "learned" in r else "",
                f"{r['baseline']:.3f} ({r['baseline_name']})" if "baseline" in r else "",
                f"{r['difference']:+.3f} [{r['difference_low']:+.3f}, {r['difference_high']:+.3f}]"
                if "difference" in r
                else "",
                f"{r['aim']:.3f}",
                "yes" if r["reached"] else "no",
            )
            for r in rows
        ]
        head = (
            "row",
            "metric",
            "value",
            "seeds averaged",
            "network",
            "baseline, same folds",
            "difference",
            "aim",
            "reached",
        )
        parts += ["## Aims", table(head, body)]
    parts += _ablation_tables(finished)
    return "\n\n".join(parts) + "\n"


def _choices(finished: Finished) -> list[str]:
    """What each fold (sample: each seed) chose, and how far apart the recipes were where it chose."""
    body = []
    for experiment in dict.fromkeys(unit.experiment for unit, r in finished if "chosen" in r):
        same = [r for unit, r in finished if unit.experiment == experiment and "chosen" in r]
        for recipe in same[0]["inner"]:
            taken = sum(r["chosen"] == recipe for r in same)
            inner = _spread([r["inner"][recipe] for r in same])
            body.append((f"`{experiment}`", recipe, inner, f"{taken} of {len(same)}"))
    if not body:
        return []
    head = ("row", "recipe", "accuracy on a quarter of the training rows", "chosen")
    return ["## Recipes that competed, on training rows alone", table(head, body)]


def _end_to_end(finished: Finished) -> list[str]:
    """Networks on pixels and spectrograms beside those on fixed features, on the same folds."""
    body = []
    for recipe in END_TO_END:
        for experiment in dict.fromkeys(unit.experiment for unit, _ in finished if unit.recipe == recipe):
            learnt = _chosen(finished, experiment, {recipe})
            folds = {unit.fold for unit, _ in learnt}
            fixed = [(u, r) for u, r in _chosen(finished, experiment) if u.fold in folds]
            for name, same in ((recipe, learnt), ("fixed features", fixed)):
                if same:
                    values = list(_by_fold(same, "accuracy"))
                    seconds = float(np.mean([r["seconds"] for _, r in same]))
                    body.append((f"`{experiment}`", name, len(values), _spread(values), f"{seconds:.0f}"))
    if not body:
        return []
    head = ("row", "model", "folds", "accuracy", "seconds a training")
    return ["## End to end", table(head, body)]


def _ablation_tables(finished: Finished) -> list[str]:
    parts: list[str] = [*_choices(finished), *_end_to_end(finished)]
    fused = _chosen(finished, "sample_subsets")
    if fused:
        views: dict[str, list[float]] = {}
        for _, result in fused:
            for name, view in result["views"].items():
                views.setdefault(name, []).append(view["accuracy"])
        order = sorted(views, key=lambda n: (n.count("+"), -float(np.mean(views[n]))))
        counts = fused[0][1]["views"]
        body = [(n.replace("+", " + "), counts[n]["rows"], _spread(views[n])) for n in order]
        parts += ["## One fused model, seen through every set of modalities (sample)"]
        parts += [table(("the model sees", "products", "accuracy"), body)]
        alone = _chosen(finished, "sample_alone")
        names = sorted({u.sees[0] for u, _ in alone})
        body = [(n, _spread([r["accuracy"] for u, r in alone if u.sees == (n,)])) for n in names]
        if body:
            parts += ["Models trained on one modality alone:", table(("modality", "accuracy"), body)]
        parts += ["## Retrieval across modalities (sample)", _across(fused)]
        parts += ["## Vectors cut short (sample)", _dims(fused)]
    strategies = _chosen(finished, "fusion_strategy")
    if len({u.recipe for u, _ in strategies}) > 1:
        names = list(dict.fromkeys(u.recipe for u, _ in strategies))
        body = []
        for name in names:
            same = [r for u, r in strategies if u.recipe == name]
            hidden = [r["hidden"]["0.4"] for r in same]
            body.append((*name.split("/"), _spread([r["accuracy"] for r in same]), _spread(hidden)))
        head = ("fusion", "strategy", "accuracy", "accuracy, 40% of modalities hidden")
        parts += ["## Fusion and strategy (sample)", table(head, body)]
    completed = _chosen(finished, "completion")
    if completed:
        names = list(dict.fromkeys(u.recipe for u, _ in completed))
        shares = list(completed[0][1]["hidden"])
        body = [
            (
                name.split("/")[1],
                *(_spread([r["hidden"][s] for u, r in completed if u.recipe == name]) for s in shares),
            )
            for name in names
        ]
        head = ("completion", *(f"{float(s):.0%} hidden" for s in shares))
        parts += ["## Completion of missing modalities (sample)", table(head, body)]
    sizes = [(u, r) for u, r in finished if u.experiment == "label_share"]
    if len({u.share for u, _ in sizes}) > 1:
        body = []
        for data, recipe in sorted({(u.data, u.recipe) for u, _ in sizes}):
            for share in sorted({u.share for u, _ in sizes}):
                found = [
                    r["accuracy"] for u, r in sizes if (u.data, u.recipe, u.share) == (data, recipe, share)
                ]
                if found:
                    body.append((data, recipe, f"{share:.0%}", _spread(found)))
        parts += ["## By share of the training labels", table(("data", "model", "labels", "accuracy"), body)]
    return parts


def _across(fused: Finished) -> str:
    figures = ("recall_at_1", "recall_at_5", "recall_at_10", "chance_at_10")
    body = []
    for way in fused[0][1]["across"]:
        # Both entries hold the same product's places; the second adds the category's.
        results = [r["across"][way]["same category"] for _, r in fused]
        spread = (_spread([r[k] for r in results]) for k in (*figures, "same_label_map"))
        body.append((way, results[0]["queries"], *spread))
    return table(("query to gallery", "products", *figures, "mAP, same category"), body)


def _dims(fused: Finished) -> str:
    dims = list(fused[0][1]["dims"])
    figures = [k for k in fused[0][1]["dims"][dims[0]] if k.startswith(("recall", "map", "precision_at_10"))]
    body = [(d, *(_spread([r["dims"][d][k] for _, r in fused]) for k in figures)) for d in dims]
    return table(("dimensions", *figures), body)
