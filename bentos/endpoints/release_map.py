"""/release/map: the products of the release, drawn in two dimensions by their vectors."""

import threading
from typing import Any

import numpy as np
import pandas as pd

from bentos.endpoints.facts import Facts
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease

__all__ = ["VECTOR_MAP", "vector_map"]

MAP_POINTS = 1000
"""Products drawn at most; more would only lie on top of one another, and take longer than people wait."""
MAP_STEPS = 500
"""Of t-SNE: half the usual number; on the sample a divergence of 0.47 instead of 0.43, in half the time."""

_lock = threading.Lock()
_maps: list[tuple[str, dict[str, Any]]] = []


def vector_map(backend: Backend) -> dict[str, Any]:
    """The map of the release in use; computed once a release, some three seconds of one core.

    Raises:
        RequestError: 503 while there is none.
    """
    loaded = backend.engine.require()
    with _lock:
        if not _maps or _maps[0][0] != loaded.id:
            _maps[:] = [(loaded.id, drawn_map(loaded))]
        return _maps[0][1]


def drawn_map(loaded: LoadedRelease, points: int = MAP_POINTS, seed: int = 0) -> dict[str, Any]:
    """The product vectors in two dimensions, by t-SNE (van der Maaten 2008) after PCA.

    Returns:
        `method`, `sampled` of `rows`, `labels` (most frequent first), and `points`, each x and y in
        0 to 1, place in `labels` (-1 for none), product identifier, title.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(vectors := loaded.vectors))[:points])
    flat, method = projected(np.asarray(vectors[rows], np.float64), seed)
    low, high = flat.min(axis=0), flat.max(axis=0)
    flat = (flat - low) / np.where(high > low, high - low, 1)
    shown = products_of(loaded, rows)
    names = shown["category"].tolist()
    labels = [label_of(name, loaded.encoder.labels) for name in names]
    known, counts = np.unique([x for x in labels if x], return_counts=True)
    order = [str(known[i]) for i in np.argsort(-counts, kind="stable")]
    place = {name: number for number, name in enumerate(order)}
    return {
        "method": method,
        "sampled": len(rows),
        "rows": len(vectors),
        "labels": order,
        "points": [
            [round(float(x), 4), round(float(y), 4), place.get(label, -1), product, title]
            for (x, y), label, product, title in zip(
                flat, labels, shown["product_id"], shown["title"], strict=True
            )
        ],
    }  # fmt: skip


def products_of(loaded: LoadedRelease, rows: np.ndarray) -> pd.DataFrame:
    """Identifier, category and title of some rows as text; "" where the catalogue has none."""
    products = loaded.release.products.iloc[rows]
    return pd.DataFrame(
        {name: products[name].fillna("").astype(str) if name in products else ""
         for name in ("product_id", "category", "title")},
        index=products.index,
    )  # fmt: skip


def projected(vectors: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """(n, d) to (n, 2), and by which method; few vectors leave nothing for t-SNE to do."""
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    if len(vectors) < 30:
        return np.pad(centred @ axes[:2].T, ((0, 0), (0, max(0, 2 - len(axes))))), "PCA"
    from sklearn.manifold import TSNE

    narrow = centred @ axes[:30].T
    perplexity = min(30, len(vectors) // 4)
    fitted = TSNE(init="pca", perplexity=perplexity, max_iter=MAP_STEPS, random_state=seed)
    return fitted.fit_transform(narrow), "t-SNE"


def label_of(category: str, labels: Any) -> str:
    """The label that a category path belongs to; the path's own first level where none fits."""
    nodes = category.split(" > ")
    heads = [" > ".join(nodes[:depth]) for depth in range(len(nodes), 0, -1)]
    known = set(labels)
    return next((head for head in heads if head in known), nodes[0])


VECTOR_MAP = Facts("/release/map", vector_map)
