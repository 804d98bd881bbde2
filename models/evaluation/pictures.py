"""Pictures of an evaluation, as PNG bytes: each title says what is to be seen.

Colours are those of Okabe and Ito (2008), told apart by colour-blind readers; no meaning is
carried by colour alone.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.evaluation.pictures_leaning import leaning_bars
from models.evaluation.retrieval import within
from shelfspace.drawing import COLOURS, INK, QUIET, WAYS, canvas, png, short, title
from shelfspace.fonts import drawable

__all__ = ["confusion_picture", "embedding_map", "pictures", "roc_picture", "subset_bars"]

MARKERS = "osD^vPX*"


def pictures(evaluation: dict[str, Any], vectors: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    """Every picture the evaluation has figures for: file stem to PNG bytes.

    Args:
        evaluation: what `evaluate` gave.
        vectors: (n, d) embeddings of the holdout.
        labels: (n,) str, "" where unknown.
    """
    found: dict[str, bytes] = {}
    if "confusion" in evaluation["overall"]:
        found["confusion"] = confusion_picture(evaluation)
        found["subsets"] = subset_bars(evaluation)
    if evaluation.get("roc"):
        found["roc"] = roc_picture(evaluation)
    if "modality_weights" in evaluation:
        found["modality_weights"] = leaning_bars(evaluation)
    if len(vectors) >= 3:
        found["embedding_map"] = embedding_map(vectors, labels, evaluation["labels"]["known"])
    return found


def confusion_picture(evaluation: dict[str, Any], judged: str = "holdout products") -> bytes:
    """Confusion matrix: counts written in, shaded by the share of the actual class; 2 to 30 classes.

    Args:
        evaluation: holds `overall` with confusion, labels, accuracy and rows.
        judged: what the rows are called in the title.
    """
    overall = evaluation["overall"]
    counts = np.asarray(overall["confusion"])
    used = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    # The largest classes stay where there are more than fit on a page.
    if len(used) > 30:
        used = np.sort(used[np.argsort(-counts[used].sum(axis=1), kind="stable")[:30]])
    names, counts = [overall["labels"][i] for i in used], counts[np.ix_(used, used)]
    size = len(names)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 3.2 + (0.42 if size <= 12 else 0.29) * max(size, 6)
    figure, axes = canvas(side + 2.2, side + 0.9)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for a, p in zip(*np.nonzero(counts), strict=True):
        ink = "white" if share[a, p] > 0.55 else INK
        axes.text(
            p, a, str(counts[a, p]), ha="center", va="center", color=ink, fontsize=7 if size > 12 else 9
        )
    shown = [short(n) for n in drawable(names, overall["labels"])]
    axes.set_xticks(range(size), shown, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), shown)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.tick_params(length=0)
    wrong = counts - np.diag(np.diag(counts))
    if wrong.any():
        a, p = np.unravel_index(wrong.argmax(), wrong.shape)
        said = f"most often mistaken: {shown[a]} for {shown[p]} ({wrong[a, p]} of {counts[a].sum()})"
    else:
        said = "no product is mistaken"
    title(figure, f"{overall['accuracy']:.1%} of {overall['rows']} {judged} get their category", said)
    return png(figure)


def roc_picture(evaluation: dict[str, Any]) -> bytes:
    """ROC curves, each class against the rest, and their mean; the weakest classes are named."""
    roc = evaluation["roc"]
    ranked = sorted(roc["per_class"].items(), key=lambda item: (item[1]["auc"], item[0]))
    named = dict(ranked[:WAYS])
    figure, axes = canvas(7.6, 5.6)
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")
    axes.text(0.62, 0.57, "guessing", color=QUIET, fontsize=8, rotation=38)
    for _, curve in ranked[WAYS:]:
        axes.plot(curve["fpr"], curve["tpr"], color="#cfcfcf", linewidth=0.8)
    styles = ["-", "--", "-.", (0, (1, 1))] * 2
    shown = [short(n) for n in drawable(list(named), evaluation["overall"]["labels"])]
    for i, (text, curve) in enumerate(zip(shown, named.values(), strict=True)):
        axes.plot(
            curve["fpr"],
            curve["tpr"],
            color=COLOURS[i],
            linestyle=styles[i],
            label=f"{text}  {curve['auc']:.3f}",
        )
    macro = roc["macro"]
    axes.plot(
        macro["fpr"], macro["tpr"], color=INK, linewidth=2.4, label=f"mean of classes  {macro['auc']:.3f}"
    )
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    axes.set_xlim(-0.01, 1)
    axes.set_ylim(0, 1.01)
    heading = "area under the curve" if len(ranked) <= WAYS else f"area, the {WAYS} weakest classes"
    legend = axes.legend(frameon=False, fontsize=8, title=heading, loc="lower right")
    legend.get_title().set_fontsize(8)
    area = evaluation["overall"]["roc_auc"]
    title(figure, f"Each category against the rest: mean area {area:.3f}", f"weakest: {shown[0]}")
    return png(figure)


def subset_bars(evaluation: dict[str, Any]) -> bytes:
    """Accuracy per modality subset with 95% intervals, the baseline as a line."""
    subsets = {n: f for n, f in evaluation["by_subset"].items() if f.get("accuracy") is not None}
    order = sorted(
        subsets, key=lambda n: (len(subsets[n]["modalities"]), -subsets[n]["accuracy"]), reverse=True
    )
    figure, axes = canvas(8.2, 1.9 + 0.36 * len(order))
    for y, name in enumerate(order):
        figures = subsets[name]
        value, (low, high) = figures["accuracy"], figures["intervals"]["accuracy"]
        colour = COLOURS[len(figures["modalities"]) - 1]
        axes.barh(y, value, color=colour, height=0.68)
        axes.plot([low, high], [y, y], color=INK, linewidth=1.4, solid_capstyle="butt")
        axes.text(1.02, y, f"{value:.3f}", va="center", fontsize=8.5)
    labels = [f"{n.replace('+', ' + ')}  ({subsets[n]['scored_rows']})" for n in order]
    axes.set_yticks(range(len(order)), labels)
    beside = evaluation.get("baseline", {}).get("accuracy")
    if beside is not None:
        axes.axvline(beside, color=INK, linewidth=1.1, linestyle="--")
        axes.text(beside - 0.008, len(order) - 0.42, f"TF-IDF baseline {beside:.3f}", fontsize=8, ha="right")
    axes.set_xlim(0, 1.09)
    axes.set_ylim(-0.6, len(order) - 0.05)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_xlabel("accuracy on the holdout; the black line is the 95% interval; products in brackets")
    axes.tick_params(axis="y", length=0)
    best = max(order, key=lambda n: subsets[n]["accuracy"])
    said = f"best: {best.replace('+', ' + ')} with {subsets[best]['accuracy']:.3f}"
    title(figure, "Accuracy by what the model may see", said)
    return png(figure)


def embedding_map(
    vectors: np.ndarray, labels: np.ndarray, known: Sequence[str] = (), rows: int = 2000, seed: int = 0
) -> bytes:
    """The vectors in two dimensions by t-SNE (van der Maaten 2008), coloured by category.

    Distances between far groups mean nothing in such a map; near ones share neighbours. At most
    `rows` products are drawn, chosen by `seed`. `known` numbers labels that no font can write.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    chosen = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:rows])
    points, names = vectors[chosen].astype(np.float64), np.asarray(labels, dtype=object)[chosen]
    if len(points) >= 30:
        perplexity = min(30.0, len(points) / 4)
        points = PCA(min(30, *points.shape), random_state=seed).fit_transform(points)
        points = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(points)
        how = "t-SNE"
    else:
        points, how = PCA(2, random_state=seed).fit_transform(points), "PCA"
    found, counts = np.unique(names[names != ""], return_counts=True)
    groups = found[np.argsort(-counts, kind="stable")]
    figure, axes = canvas(9.2, 6.0)
    shown = [short(s) for s in drawable(list(groups[:WAYS]), [*known, *groups])]
    rest = ~np.isin(names, groups[:WAYS])
    if rest.any():
        axes.scatter(
            points[rest, 0],
            points[rest, 1],
            s=9,
            color="#c4c4c4",
            linewidths=0,
            label=f"other ({rest.sum()})",
        )
    for i, (name, text) in enumerate(zip(groups, shown, strict=False)):
        mask = names == name
        style: dict[str, Any] = {
            "s": 20,
            "color": COLOURS[i],
            "marker": MARKERS[i],
            "linewidths": 0,
            "alpha": 0.85,
        }
        axes.scatter(points[mask, 0], points[mask, 1], label=f"{text} ({mask.sum()})", **style)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    if len(groups) or rest.any():
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    named = names != ""
    nearest = within(vectors[chosen][named], names[named], (1,)).get("recall_at_1")
    said = (
        "How the products lie"
        if nearest is None
        else f"{nearest:.0%} of products lie nearest to one of their own category"
    )
    title(figure, said, f"{len(points)} products in two dimensions by {how}; measured in all of them")
    return png(figure)
