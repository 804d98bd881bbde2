"""What the release page shows: figures of the model, a map of the vectors, the last drift verdict.

Read from the release and, where the service watches a workspace, from the files that its runs
leave there; a part that is not there is null, and the page says so.
"""

import logging
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd

from bentos.serving.loaded_release import LoadedRelease

if TYPE_CHECKING:
    from bentos.application import Application

__all__ = ["overview", "vector_map"]

logger = logging.getLogger("shelfspace.overview")

MAP_POINTS = 1000
"""Products drawn at most; more would only lie on top of one another, and take longer than people wait."""
MAP_STEPS = 500
"""Of t-SNE: half the usual number; on the sample a divergence of 0.47 instead of 0.43, in half the time."""
SUBSET_FIGURES = ("accuracy", "macro_f1", "recall_at_10", "map", "rows")

_lock = threading.Lock()
_maps: list[tuple[str, dict[str, Any]]] = []


def overview(application: "Application") -> dict[str, Any]:
    """What the release in use is and how good, as JSON values.

    Raises:
        RequestError: 503 while there is none.
    """
    loaded = application.engine.require()
    service = application.config.settings.service
    changes = loaded.view().delta
    return {
        **lasting(loaded, application.config.releases),
        "problem": application.engine.problem,
        "changes": {"sequence": changes.sequence, "products": len(changes.entries) + len(changes.gone)},
        "drift": drift(application.config.releases),
        "links": {"dagster": service.dagster_url, "evidently": service.evidently_url},
    }


def lasting(loaded: LoadedRelease, workspace: Path | None) -> dict[str, Any]:
    """What does not change while a release answers."""
    manifest = loaded.manifest
    return {
        "release": loaded.id,
        "created_at": manifest["provenance"].get("created_at", ""),
        "provenance": manifest["provenance"],
        "rows": manifest["rows"],
        "dim": manifest["dim"],
        "index": manifest["index"],
        "labels": list(loaded.encoder.labels),
        "modalities": list(loaded.encoder.modalities),
        "coverage": coverage(loaded),
        "metrics": loaded.release.metrics,
        "evaluation": evaluation(loaded, workspace),
        "search": loaded.shelves.parts.describe(),
    }


def coverage(loaded: LoadedRelease) -> dict[str, int]:
    """How many products have a photo, a sound, a price, a description."""
    products = loaded.release.products
    counts: dict[str, int] = {}
    for name in ("photos", "sounds"):
        if name in products:
            counts[name] = sum(keys is not None and len(keys) > 0 for keys in products[name])
    for name in ("title", "description", "price"):
        if name in products:
            column = products[name]
            counts[name] = int((column.notna() & (column.astype(str).str.strip() != "")).sum())
    return counts


def evaluation(loaded: LoadedRelease, workspace: Path | None) -> dict[str, Any] | None:
    """Figures on the holdout beyond the headline, from the release, else from its workspace."""
    judged = read(loaded.release.folder / "evaluation.json")
    champion = loaded.manifest["provenance"].get("champion", "")
    if judged is None and workspace is not None and champion.isalnum():
        judged = read(workspace / "state" / "champions" / f"{champion}.evaluation.json")
    if judged is None:
        return None
    subsets = {
        name: {figure: found.get(figure) for figure in SUBSET_FIGURES}
        for name, found in judged.get("by_subset", {}).items()
    }
    return {
        "rows": judged.get("rows"),
        "labels": judged.get("labels", {}).get("known", []),
        "confusion": judged.get("overall", {}).get("confusion"),
        "intervals": judged.get("intervals", {}),
        "baseline": judged.get("baseline"),
        "by_category": judged.get("by_category", {}),
        "by_subset": subsets,
    }


def drift(workspace: Path | None) -> dict[str, Any] | None:
    """The last drift verdict of the workspace and when it was given; None without one."""
    if workspace is None:
        return None
    path = workspace / "monitoring" / "drift_report" / "verdict.json"
    verdict = read(path)
    if verdict is None:
        return None
    given = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return {"drifted": verdict["drifted"], "cause": verdict["cause"], "at": given,
            "compared": verdict["compared"]}  # fmt: skip


def read(path: Path) -> Any:
    """A JSON file; None where it is not there, or (with a line in the log) not readable."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        logger.warning("%s cannot be read: %s", path, error)
        return None


def vector_map(application: "Application") -> dict[str, Any]:
    """The map of the release in use; computed once a release, some three seconds of one core.

    Raises:
        RequestError: 503 while there is none.
    """
    loaded = application.engine.require()
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
