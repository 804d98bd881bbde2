"""Rows and tables of what the search benchmark measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.search.runner import METRICS, SYSTEMS, FoldResult

__all__ = ["AIMS", "KNOWN", "confidence", "interval", "rows_of", "tables"]

AIMS = {"title": 0.85, "name": 0.60}
"""Set of judgements to the nDCG@10 that the fused search is to reach."""
KNOWN = {"title": 0.728, "name": 0.310}
"""nDCG@10 of BM25 alone as it was measured before this benchmark: no stemming, one field."""
METRIC_NAMES = {"ndcg_at_10": "nDCG@10", "mrr": "MRR", "recall_at_100": "recall@100"}
INDEXES = {"without": "category paths are not searchable", "with": "category paths are searchable"}


def interval(differences: np.ndarray) -> tuple[float, float, float]:
    """Mean over k folds and its 95% interval: corrected resampled t-test (Nadeau & Bengio 2003).

    The variance is widened by n_test / n_train = 1 / (k - 1), as training rows of folds overlap.
    """
    k = len(differences)
    mean = float(np.mean(differences))
    if k < 2:
        return mean, float("nan"), float("nan")
    error = np.sqrt((1 / k + 1 / (k - 1)) * np.var(differences, ddof=1))
    reach = float(stats.t.ppf(0.975, k - 1) * error)
    return mean, mean - reach, mean + reach


def rows_of(results: dict[str, Sequence[FoldResult]]) -> list[dict[str, Any]]:
    """One JSON-able row for each set of judgements, index and metric.

    Args:
        results: `without` or `with` searchable category paths, to the folds' results.
    """
    rows = []
    for index, folds in results.items():
        for kind in folds[0].figures:
            for metric in METRICS:
                row: dict[str, Any] = {
                    "judgements": kind, "category_paths": index, "metric": metric, "folds": len(folds),
                }  # fmt: skip
                means: dict[str, np.ndarray] = {}
                for system in SYSTEMS:
                    if system not in folds[0].figures[kind]:
                        continue
                    values = [fold.figures[kind][system][metric] for fold in folds]
                    row["queries"] = sum(len(v) for v in values)
                    means[system] = np.array([np.mean(v) for v in values])
                    row[system] = {
                        "mean": round(float(means[system].mean()), 4),
                        "spread": round(float(means[system].std()), 4),
                        "per_fold": [round(float(v), 4) for v in means[system]],
                    }
                if "lexical" in means:
                    # Whoever knew for each query which of the two to trust would get this.
                    pairs = [(f.figures[kind]["lexical"], f.figures[kind]["dense"]) for f in folds]
                    better = [np.mean(np.maximum(one[metric], other[metric])) for one, other in pairs]
                    row["better_of_both_by_query"] = round(float(np.mean(better)), 4)
                for system in sorted(means.keys() - {"fused"}):
                    mean, low, high = interval(means["fused"] - means[system])
                    row[f"fused_less_{system}"] = {
                        "difference": round(mean, 4), "low": round(low, 4), "high": round(high, 4),
                    }  # fmt: skip
                if metric == "ndcg_at_10" and index == "without" and kind in AIMS:
                    row |= {"aim": AIMS[kind], "known_lexical": KNOWN[kind]}
                    row["reached"] = row["fused"]["mean"] >= AIMS[kind]
                rows.append(row)
    return rows


def confidence(folds: Sequence[FoldResult]) -> dict[str, float]:
    """The first hit's score of queries with an answer and of those without, and how well it tells them apart.

    `separation` is the chance that a query with an answer scores above one without (area under the ROC).
    """
    answered = np.concatenate([fold.answered for fold in folds])
    lost = np.concatenate([fold.lost for fold in folds])
    order = stats.rankdata(np.concatenate([answered, lost]))
    above = order[: len(answered)].sum() - len(answered) * (len(answered) + 1) / 2
    return {
        "answered_median": round(float(np.median(answered)), 4),
        "lost_median": round(float(np.median(lost)), 4),
        "lost_highest": round(float(lost.max()), 4),
        "separation": round(float(above / (len(answered) * len(lost))), 4),
    }


def tables(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown tables, one for each way of indexing."""
    parts = []
    for index, title in INDEXES.items():
        chosen = [row for row in rows if row["category_paths"] == index]
        if not chosen:
            continue
        gaps = [f"fused less {system}" for system in ("lexical", "dense")]
        head = ["judgements", "metric", *SYSTEMS, *gaps, "better by query"]
        lines = [f"### Where {title}\n", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for row in chosen:
            systems = [f"{row[s]['mean']:.3f}" if s in row else "" for s in SYSTEMS]
            systems[-1] = f"**{systems[-1]}**"
            gaps = [_gap(row.get(f"fused_less_{s}")) for s in ("lexical", "dense")]
            oracle = f"{row['better_of_both_by_query']:.3f}" if "better_of_both_by_query" in row else ""
            cells = [
                f"{row['judgements']} ({row['queries']})",
                METRIC_NAMES[row["metric"]],
                *systems,
                *gaps,
                oracle,
            ]
            lines.append("| " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _gap(found: dict[str, float] | None) -> str:
    if found is None:
        return ""
    return f"{found['difference']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"
