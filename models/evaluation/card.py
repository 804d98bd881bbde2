"""The model card: what the model is, how it was judged, where it is weak; one page of markdown.

After Mitchell and others, Model Cards for Model Reporting (2019). Every weakness listed is computed
from the evaluation, none is written by hand.
"""

from collections.abc import Mapping
from typing import Any

from models.evaluation.leaning import leaning_rows
from models.evaluation.rivals import rival_sentences

__all__ = ["model_card", "weaknesses"]


def model_card(
    evaluation: Mapping[str, Any],
    *,
    name: str,
    data_version: str,
    splits: Mapping[str, int],
    settings: Mapping[str, Any],
    provenance: Mapping[str, Any] | None = None,
    verdict: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
) -> str:
    """Markdown of one model.

    Args:
        evaluation: what `evaluate` gave.
        name: the catalogue's name.
        data_version: identifies the snapshot the model was trained on.
        splits: products per split, as in `{"train": 700, "validation": 100, "test": 200}`.
        settings: sections of params.yaml as nested dicts; `model` and `training` are shown.
        provenance: where it came from, shown as a list.
        verdict: the gate's `Verdict.to_dict()`, when it has judged.
        training: what happened in training: best_epoch, epochs, seconds, device.
    """
    parts = [f"# Model card: {name}", opening(evaluation, data_version), "## Scores", score_table(evaluation)]
    parts += beside_baseline(evaluation)
    if rivals := rival_sentences(evaluation):
        parts += ["## Beside the simple models", bullets(rivals)]
    parts += retrieval_part(evaluation)
    parts += nested_part(evaluation)
    parts += leaning_part(evaluation)
    parts += ["## Known weaknesses", bullets(weaknesses(evaluation))]
    if verdict is not None:
        said = "becomes champion" if verdict["promote"] else "is refused; the champion stays"
        parts += ["## Gate", f"This model {said}.", bullets(verdict["reasons"])]
    parts += category_part(evaluation)
    parts += ["## Data and split", split_part(evaluation, data_version, splits)]
    parts += ["## Training", setting_table(settings)]
    if training:
        parts.append(bullets([f"{key}: {shown(value)}" for key, value in training.items()]))
    if provenance:
        parts += ["## Provenance", bullets([f"{k}: `{shown(v)}`" for k, v in sorted(provenance.items())])]
    return "\n\n".join(parts) + "\n"


def opening(evaluation: Mapping[str, Any], data_version: str) -> str:
    """What the model does and how well, in two sentences."""
    seen = " + ".join(evaluation["modalities"])
    text = f"One vector per product from {seen}; any non-empty part of these will do. "
    overall = evaluation["overall"]
    if "accuracy" in overall:
        low, high = evaluation["intervals"]["accuracy"]
        text += (
            f"On {overall['rows']} holdout products it names the category of {overall['accuracy']:.1%} "
            f"(95% interval {low:.1%} to {high:.1%})."
        )
    else:
        text += f"It was judged on {evaluation['rows']} holdout products without known categories."
    return f"{text} Data version `{data_version}`, encoder `{evaluation['encoder']}`."


def score_table(evaluation: Mapping[str, Any]) -> str:
    """Figures by modality subset, fused first, baseline last."""
    overall, retrieval = evaluation["overall"], evaluation["retrieval"].get("within", {})
    fused = {**overall, **retrieval, "intervals": evaluation["intervals"], "rows": evaluation["rows"]}
    lines = [row("**all a product has**", fused)]
    order = sorted(evaluation["by_subset"].items(), key=lambda item: (-len(item[1]["modalities"]), item[0]))
    lines += [row(name.replace("+", " + "), figures) for name, figures in order]
    if "accuracy" in evaluation.get("baseline", {}):
        lines.append(row(f"*baseline: {evaluation['baseline']['name']}*", evaluation["baseline"]))
    head = "| seen | products | accuracy (95%) | macro F1 | ROC AUC | recall@1 | recall@10 | mAP |"
    note = (
        "A subset's row is over the products that have all of its modalities. recall@k: share of products "
        "with one of their category among the k nearest others; mAP: over the whole ranking. "
        "In brackets the 95% interval. A dash was not measured."
    )
    if "ranked_rows" in evaluation:
        note += f" recall and mAP rank {evaluation['ranked_rows']:,} of them among one another."
    return "\n".join([head, "|---|--:|--:|--:|--:|--:|--:|--:|", *lines, "", note])


def row(name: str, figures: Mapping[str, Any]) -> str:
    """One line of the score table."""
    accuracy = number(figures.get("accuracy"))
    bounds = figures.get("intervals", {}).get("accuracy")
    if bounds:
        accuracy += f" ({bounds[0]:.3f} to {bounds[1]:.3f})"
    rest = [number(figures.get(k)) for k in ("macro_f1", "roc_auc", "recall_at_1", "recall_at_10", "map")]
    return f"| {name} | {figures['rows']} | {accuracy} | {' | '.join(rest)} |"


def beside_baseline(evaluation: Mapping[str, Any]) -> list[str]:
    """The sentence that compares with the simple model, or says why there is none."""
    beside = evaluation.get("baseline", {})
    if "absent" in beside:
        return [f"No baseline: {beside['absent']}."]
    if "gain" not in beside:
        return []
    gain, (low, high) = beside["gain"], beside["gain_interval"]
    certain = "beats" if low > 0 else "is beaten by" if high < 0 else "cannot be told apart from"
    return [
        f"On the same products the model {certain} the baseline: {gain:+.3f} in accuracy "
        f"(paired 95% interval {low:+.3f} to {high:+.3f})."
    ]


def retrieval_part(evaluation: Mapping[str, Any]) -> list[str]:
    """Finding the same product by another modality."""
    across = evaluation["retrieval"].get("across", {})
    if not across:
        return []
    lines = [
        f"| {pair.replace('->', ' → ')} | {f['queries']} | {number(f.get('recall_at_1'))} | "
        f"{number(f.get('recall_at_10'))} | {number(f.get('chance_at_10'))} | {f['median_rank']:g} | "
        f"{number(f.get('same_label_map'))} |"
        for pair, f in across.items()
    ]
    head = "| query → gallery | products | recall@1 | recall@10 | guessing@10 | median rank | category mAP |"
    return [
        "## The same product by another modality",
        "\n".join([head, "|---|--:|--:|--:|--:|--:|--:|", *lines]),
    ]


def nested_part(evaluation: Mapping[str, Any]) -> list[str]:
    """What vectors cut short still find."""
    nested = evaluation["retrieval"].get("nested", {})
    if not nested:
        return []
    lines = [
        f"| {size} | {' | '.join(number(f.get(k)) for k in ('recall_at_1', 'recall_at_10', 'map'))} |"
        for size, f in {**nested, "all": evaluation["retrieval"]["within"]}.items()
    ]
    head = "| numbers kept | recall@1 | recall@10 | mAP |\n|--:|--:|--:|--:|"
    return ["## Vectors cut short", "\n".join([head, *lines])]


def leaning_part(evaluation: Mapping[str, Any]) -> list[str]:
    """Which modality the product vector leans on, where the fusion has weights to tell it by."""
    if "modality_weights" not in evaluation:
        return []
    found = evaluation["modality_weights"]
    names = list(found["overall"])
    lines = [
        f"| {cell(line['products'])} | {' | '.join(number(line[m]) for m in names)} |"
        for line in leaning_rows(found)
    ]
    said = f"The product vector leans on {found['leans_on']}: {found['overall'][found['leans_on']]:.1%}."
    if found["completed"] > 0:
        said += f" {found['completed']:.1%} of the weight lies on modalities that were completed."
    head = f"| products | {' | '.join(names)} |\n|---|{'--:|' * len(names)}"
    return ["## What it leans on", said, "\n".join([head, *lines])]


def weaknesses(evaluation: Mapping[str, Any]) -> list[str]:
    """Computed sentences: worst subset, worst categories, most frequent mistake, calibration, gaps."""
    found = []
    scored = {n: f for n, f in evaluation["by_subset"].items() if f.get("accuracy") is not None}
    if len(scored) > 1:
        name, worst = min(scored.items(), key=lambda item: (item[1]["accuracy"], item[0]))
        found.append(
            f"Weakest view: {name.replace('+', ' + ')} only, accuracy {worst['accuracy']:.3f} "
            f"on {worst['scored_rows']} products."
        )
    ranked = sorted(evaluation["by_category"].items(), key=lambda item: (item[1]["f1"], item[0]))
    for label, figures in ranked[:3]:
        if figures["f1"] < 1:
            found.append(
                f"Weak category: {label}, F1 {figures['f1']:.3f} "
                f"(precision {figures['precision']:.3f}, recall {figures['recall']:.3f}, "
                f"{figures['rows']} products)."
            )
    found += mistakes(evaluation["overall"])
    few = [label for label, figures in evaluation["by_category"].items() if figures["rows"] < 10]
    if few:
        found.append(f"Fewer than 10 holdout products, so the figure says little: {', '.join(few)}.")
    missing = evaluation["overall"].get("absent_labels", [])
    if missing:
        found.append(f"Not in the holdout, so not judged: {', '.join(missing)}.")
    labels = evaluation["labels"]
    if labels["unseen_rows"]:
        found.append(
            f"{labels['unseen_rows']} holdout products are of categories the model never learned, and are "
            f"not in the scores: {', '.join(labels['unseen'])}."
        )
    if evaluation.get("unreadable"):
        found.append(f"{evaluation['unreadable']} holdout products have no modality the model reads.")
    return found + [f"Not measured. {text[0].upper()}{text[1:]}." for text in evaluation["absent"]]


def mistakes(overall: Mapping[str, Any]) -> list[str]:
    """The most frequent confusion, and confidence that does not match accuracy."""
    if "confusion" not in overall:
        return []
    found, names = [], overall["labels"]
    pairs = [
        (count, a, p) for a, line in enumerate(overall["confusion"]) for p, count in enumerate(line) if a != p
    ]
    count, a, p = max(pairs, key=lambda pair: (pair[0], -pair[1], -pair[2]), default=(0, 0, 0))
    if count:
        found.append(f"Most frequent mistake: {names[a]} taken for {names[p]}, {count} times.")
    if overall["calibration_error"] > 0.05:
        found.append(
            f"Its confidence is off by {overall['calibration_error']:.3f} on average "
            "(expected calibration error)."
        )
    return found


def category_part(evaluation: Mapping[str, Any]) -> list[str]:
    """Figures per category, the weakest first; numbered as the pictures number them."""
    if not evaluation["by_category"]:
        return []
    place = {label: i + 1 for i, label in enumerate(evaluation["labels"]["known"])}
    ranked = sorted(evaluation["by_category"].items(), key=lambda item: (item[1]["f1"], item[0]))
    lines = []
    for label, f in ranked:
        scores = " | ".join(f"{f[k]:.3f}" for k in ("precision", "recall", "f1"))
        lines.append(f"| {place[label]} | {cell(label)} | {f['rows']} | {scores} |")
    head = "| class | category | products | precision | recall | F1 |"
    return ["## By category", "\n".join([head, "|--:|---|--:|--:|--:|--:|", *lines])]


def split_part(evaluation: Mapping[str, Any], data_version: str, splits: Mapping[str, int]) -> str:
    """Where the holdout came from."""
    sizes = ", ".join(f"{count} {name}" for name, count in splits.items())
    return bullets(
        [
            f"data version: `{data_version}`",
            f"products: {sizes}",
            "the holdout is assigned by hash of each product's duplicate group and never moves",
            f"holdout: `{evaluation['holdout']}`, "
            f"{evaluation['labels']['labelled_rows']} products with a category",
        ]
    )


def setting_table(settings: Mapping[str, Any]) -> str:
    """The settings that shaped the model."""
    lines = [
        f"| {section}.{key} | {cell(shown(value))} |"
        for section in ("model", "training")
        for key, value in settings.get(section, {}).items()
    ]
    return "\n".join(["| setting | value |", "|---|---|", *lines, f"| seed | {settings.get('seed', 0)} |"])


def bullets(lines: list[str]) -> str:
    """A markdown list; says so when there is nothing."""
    return "\n".join(f"- {line}" for line in lines) or "- none found on this holdout"


def number(value: float | None) -> str:
    """Three decimals, or a dash for what was not measured."""
    return "–" if value is None else f"{value:.3f}"


def shown(value: object) -> str:
    """A setting's value as text."""
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def cell(text: str) -> str:
    """Text that cannot break a table."""
    return text.replace("|", "\\|").replace("\n", " ")
