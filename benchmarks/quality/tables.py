"""The page docs/RESULTS.md: the aims, and tables of everything that is finished."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.quality.report import END_TO_END, Finished, by_fold, chosen_units

__all__ = ["page", "table"]


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
    parts += [_to_photos(row) for row in rows if "beside" in row]
    parts += _ablation_tables(finished)
    return "\n\n".join(parts) + "\n"


def _to_photos(row: dict[str, Any]) -> str:
    """Everything that was asked for the photo of a text, the best first."""
    body = [(name, _spread(row["beside_by_fold"][name])) for name in row["beside"]]
    body = [*sorted(body, key=lambda line: -row["beside"][line[0]]), ("chance", row["chance"])]
    head = (f"`{row['id']}`", "own photo in the first ten")
    return table(head, body)


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
            learnt = chosen_units(finished, experiment, {recipe})
            folds = {unit.fold for unit, _ in learnt}
            fixed = [(u, r) for u, r in chosen_units(finished, experiment) if u.fold in folds]
            for name, same in ((recipe, learnt), ("fixed features", fixed)):
                if same:
                    values = list(by_fold(same, "accuracy"))
                    seconds = float(np.mean([r["seconds"] for _, r in same]))
                    body.append((f"`{experiment}`", name, len(values), _spread(values), f"{seconds:.0f}"))
    if not body:
        return []
    head = ("row", "model", "folds", "accuracy", "seconds a training")
    return ["## End to end", table(head, body)]


def _ablation_tables(finished: Finished) -> list[str]:
    parts: list[str] = [*_choices(finished), *_end_to_end(finished)]
    fused = chosen_units(finished, "sample_subsets")
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
        alone = chosen_units(finished, "sample_alone")
        names = sorted({u.sees[0] for u, _ in alone})
        body = [(n, _spread([r["accuracy"] for u, r in alone if u.sees == (n,)])) for n in names]
        if body:
            parts += ["Models trained on one modality alone:", table(("modality", "accuracy"), body)]
        parts += ["## Retrieval across modalities (sample)", _across(fused)]
        parts += ["## Vectors cut short (sample)", _dims(fused)]
    strategies = chosen_units(finished, "fusion_strategy")
    if len({u.recipe for u, _ in strategies}) > 1:
        names = list(dict.fromkeys(u.recipe for u, _ in strategies))
        body = []
        for name in names:
            same = [r for u, r in strategies if u.recipe == name]
            hidden = [r["hidden"]["0.4"] for r in same]
            body.append((*name.split("/"), _spread([r["accuracy"] for r in same]), _spread(hidden)))
        head = ("fusion", "strategy", "accuracy", "accuracy, 40% of modalities hidden")
        parts += ["## Fusion and strategy (sample)", table(head, body)]
    completed = chosen_units(finished, "completion")
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
