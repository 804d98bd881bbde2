"""One judgement of one encoder on one holdout, as a JSON-able dict and as a table of its products.

rows, holdout       how many products, and a hash of which: only equal holdouts are compared
labels              known classes, labelled rows, rows whose class the encoder never learned
overall             the fused vector of all that a product has
by_subset           the same products seen through each non-empty set of modalities
by_category         overall figures per class
retrieval           within (same label), across modalities (same product), nested (within, by
                    vectors cut to the lengths the encoder was trained for), and known_item (a title
                    finds its own listing), which `judge_catalogue` adds
baseline            a simple text model on the same split
labels_compared     the network's labels beside the linear expert's on the same inputs, paired, and who of
                    them names the category (chosen on validation rows, not on these)
completion_compared completed modalities beside the mean, paired, which `judge_catalogue` adds; of validation
                    rows where the mean won there
temperature_compared  calibrated probabilities beside plain ones, paired, of validation rows
modality_weights    which modality the model leans on, where its fusion has weights
intervals           95% bootstrap intervals of the overall figures
ranked_rows         how many of the products the retrieval figures rank, where not all of them
absent              what could not be measured, with the reason; never a zero in its place
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from models.evaluation.holdout import Encoder, Holdout
from models.features.table import FeatureTable
from shelfspace.errors import InputError
from shelfspace.hashing import fingerprint
from shelfspace.progress import progress_bar
from shelfspace.settings import Settings

__all__ = ["Encoder", "evaluate", "subset_name"]


def subset_name(modalities: Sequence[str]) -> str:
    """The key of a set of modalities: sorted names joined by a plus, as in `image+text`."""
    return "+".join(sorted(modalities))


def evaluate(
    encoder: Encoder,
    features: FeatureTable,
    labels: np.ndarray,
    rows: np.ndarray,
    settings: Settings,
    *,
    texts: Sequence[str] | None = None,
    train_rows: np.ndarray | None = None,
    progress: bool = True,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Judge an encoder on the holdout rows.

    Args:
        encoder: the model.
        features: all products.
        labels: (n,) str label of each product, "" where unknown; or int64 index into
            `encoder.labels`, -1 where unknown. Names let a champion that knows other classes be
            judged on the same holdout.
        rows: the holdout's row numbers; a row without any modality the encoder reads is left out
            and counted under `unreadable`.
        settings: `evaluation` (resamples, cut-offs) and `seed`.
        texts: text of each product, for the baseline; without it there is no baseline.
        train_rows: rows the baseline learns from.
        progress: show a bar over the modality subsets.

    Returns:
        the figures, and what became of each product (`models.evaluation.outcomes`).

    Raises:
        InputError: no row can be judged, or arrays disagree in length.
        ArtifactError: the encoder gives vectors or probabilities that are not finite.
    """
    names = label_strings(labels, encoder.labels, len(features))
    present = {m: features.modalities[m].present for m in encoder.modalities if m in features.modalities}
    chosen = np.asarray(rows, dtype=np.int64)
    readable = (
        np.any([p[chosen] for p in present.values()], axis=0) if present else np.zeros(len(chosen), bool)
    )
    if not readable.any():
        raise InputError("rows", len(chosen), "give holdout products that have a modality the encoder reads")
    unreadable, chosen = int((~readable).sum()), chosen[readable]
    judged = Holdout(encoder, features.take(chosen), names[chosen], settings)
    there = [m for m in present if present[m][chosen].any()]
    result: dict[str, Any] = {
        "rows": len(chosen),
        "unreadable": unreadable,
        "holdout": fingerprint(sorted(judged.features.product_ids)),
        "encoder": encoder.fingerprint,
        "modalities": there,
        "labels": judged.label_counts(),
        "absent": [f"{m}: no product of the holdout has it" for m in encoder.modalities if m not in there],
    }
    subsets = [s for size in range(1, len(there) + 1) for s in combinations(there, size)]
    result["by_subset"] = {}
    singles: dict[str, np.ndarray] = {}
    for subset in progress_bar(subsets, "subsets of modalities", unit="subset", progress=progress):
        figures, vectors = judged.subset(subset)
        result["by_subset"][subset_name(subset)] = figures
        if len(subset) == 1:
            singles[subset[0]] = vectors
    overall, probs = judged.overall()
    result |= overall
    result["retrieval"]["across"] = judged.across(singles, present, chosen)
    rivals = judged.rivals()
    if rivals is not None:
        result["labels_compared"] = rivals
    leaning = judged.leaning()
    if leaning is not None:
        result["modality_weights"] = leaning
    if texts is None or train_rows is None:
        result["absent"].append("baseline: no texts were given")
    else:
        result["baseline"] = judged.beside(texts, names, np.asarray(train_rows), chosen, probs)
    if not judged.ranked.all():
        result["ranked_rows"] = int(judged.ranked.sum())
    if len(encoder.labels) < 2:
        result["absent"].append(f"classification: the model knows {len(encoder.labels)} categories")
    elif not judged.scored.any():
        result["absent"].append("classification: the holdout has no labels the encoder knows")
    return result, judged.outcomes()


def label_strings(labels: np.ndarray, known: Sequence[str], n: int) -> np.ndarray:
    """(n,) str labels, "" where unknown, from names or from indices into `known`."""
    given = np.asarray(labels)
    if len(given) != n:
        raise InputError("labels", len(given), f"give one label for each of {n} products")
    if np.issubdtype(given.dtype, np.integer):
        if given.max(initial=-1) >= len(known):
            raise InputError("labels", int(given.max()), f"give indices below {len(known)}, or names")
        return np.array([known[i] if i >= 0 else "" for i in given], dtype=object)
    return np.array(["" if x is None else str(x) for x in given], dtype=object)
