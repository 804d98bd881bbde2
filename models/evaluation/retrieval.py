"""How well neighbours in the vector space are the right products.

within   every product queries all others; relevant are those with its label.
across   every product's vector from one modality alone queries the vectors of all products from
         another modality alone; relevant is the very same product, or any of its label.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["across", "averaged", "ranks", "within", "within_per_query"]

SCORES = 4_000_000
"""Scores ranked at once; bounds memory to some 200 MB whatever the size of the gallery."""


def within(embeddings: np.ndarray, labels: np.ndarray, k: Sequence[int] = (1, 5, 10)) -> dict[str, Any]:
    """Same-label retrieval among n products, each asking for all others.

    recall_at_k     share of queries with at least one same-label product among their k nearest
                    others (success at k; not the share of relevant products found).
    precision_at_k  mean share of same-label products among the k nearest others.
    map             mean average precision over the whole ranking of others.

    A label that occurs once has nothing to be found: such a row is in the gallery, asks nothing
    and is counted in `lone`. Ties in score rank by row.

    Args:
        embeddings: (n, d) float32, L2-normalised.
        labels: (n,) anything comparable.
        k: cut-offs.

    Returns:
        `queries`, `gallery`, `lone` and the figures above; only the counts where nothing can ask.
    """
    return averaged(len(labels), *within_per_query(embeddings, labels, k))


def averaged(gallery: int, asking: np.ndarray, hits: dict[str, np.ndarray]) -> dict[str, Any]:
    """The figures of `within` from those of `within_per_query` over a gallery of that many rows."""
    result: dict[str, Any] = {"queries": len(asking), "gallery": gallery, "lone": gallery - len(asking)}
    if len(asking) == 0:
        return result
    return result | {name: float(values.mean()) for name, values in hits.items()}


def within_per_query(
    embeddings: np.ndarray, labels: np.ndarray, k: Sequence[int]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """`within` before averaging: the rows that ask, and per figure one value each."""
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    asking = np.flatnonzero(counts[codes] > 1)
    return asking, per_query(embeddings, embeddings, codes, asking, k) if len(asking) else {}


def across(
    queries: np.ndarray,
    gallery: np.ndarray,
    labels: np.ndarray | None = None,
    k: Sequence[int] = (1, 5, 10),
    places: np.ndarray | None = None,
) -> dict[str, Any]:
    """Retrieval of n products by one modality among their vectors of another.

    recall_at_k            share of queries whose own product is among the k nearest gallery vectors.
    median_rank            median place of the own product, 1 is best.
    same_label_map         mean average precision with every product of the query's label relevant.

    Args:
        queries: (n, d) float32, L2-normalised; row i is product i seen by the query modality.
        gallery: (n, d) float32, L2-normalised; row i is product i seen by the gallery modality.
        labels: (n,) with "" where unknown (those ask nothing in `same_label_map`); None for none.
        k: cut-offs.
        places: (n,) what `ranks` gives, where it is known.

    Returns:
        `queries` (n), `chance_at_k` (what guessing gives) and the figures above.
    """
    n = len(queries)
    result: dict[str, Any] = {"queries": n}
    if n == 0:
        return result
    rank = ranks(queries, gallery) if places is None else places
    for cut in k:
        result[f"recall_at_{cut}"] = float((rank <= cut).mean())
        result[f"chance_at_{cut}"] = min(1.0, cut / n)
    result["median_rank"] = float(np.median(rank))
    if labels is not None and (labels != "").any():
        known = np.flatnonzero(labels != "")
        codes = np.unique(labels[known], return_inverse=True)[1]
        figures = per_query(queries[known], gallery[known], codes, np.arange(len(known)), (), own=True)
        result["same_label_map"] = float(figures["map"].mean())
    return result


def ranks(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """(n,) places, 1 is best, of each query's own row among (n, d) gallery vectors; ties rank by row."""
    n = len(queries)
    rank = np.empty(n, dtype=np.int64)
    block = max(1, SCORES // n)
    for start in range(0, n, block):
        scores = queries[start : start + block] @ gallery.T
        rows = np.arange(start, start + len(scores))
        own = scores[np.arange(len(scores)), rows][:, None]
        before = np.arange(n)[None, :] < rows[:, None]
        rank[rows] = 1 + (scores > own).sum(axis=1) + ((scores == own) & before).sum(axis=1)
    return rank


def per_query(
    queries: np.ndarray,
    gallery: np.ndarray,
    codes: np.ndarray,
    asking: np.ndarray,
    k: Sequence[int],
    *,
    own: bool = False,
) -> dict[str, np.ndarray]:
    """Per asking row: a hit within k, precision at k, average precision. `own`: a row may find itself."""
    parts: dict[str, list[np.ndarray]] = {}
    block = max(1, SCORES // len(gallery))
    for start in range(0, len(asking), block):
        rows = asking[start : start + block]
        scores = queries[rows] @ gallery.T
        if not own:
            scores[np.arange(len(rows)), rows] = -np.inf
        ranking = np.argsort(-scores, axis=1, kind="stable")
        if not own:
            ranking = ranking[:, :-1]
        relevant = codes[ranking] == codes[rows][:, None]
        places = np.arange(1, relevant.shape[1] + 1)
        precision = np.cumsum(relevant, axis=1) / places
        figures = {"map": (precision * relevant).sum(axis=1) / relevant.sum(axis=1)}
        for cut in k:
            top = relevant[:, :cut]
            figures[f"recall_at_{cut}"] = top.any(axis=1).astype(float)
            figures[f"precision_at_{cut}"] = top.mean(axis=1)
        for name, values in figures.items():
            parts.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}
