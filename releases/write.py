"""Writing a release: staged, checked, sealed, and there by one rename."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from models.pretrained.kept_files import copy_or_share
from releases.release import FORMAT, Release, checked_part, file_hashes, list_releases, releases_lock
from retrieval.vectors import RowIndex
from retrieval.vectors.faiss_index import TIMING
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import sync, write_bytes, write_json, write_sealed_json, write_table, write_text
from shelfspace.hashing import fingerprint

__all__ = ["VOLATILE", "write_release"]

VOLATILE = frozenset({"created_at", "run_id", "host", "seconds"})
"""Provenance that says when and where, not what: it does not make a release another release."""
NOT_CONTENT = frozenset({"release.json", "model_card.md", f"index/{TIMING}", f"graph_index/{TIMING}"})


def write_release(
    releases: Path,
    encoder_dir: Path,
    *,
    product_ids: Sequence[str],
    embeddings: np.ndarray,
    index: RowIndex,
    products: pd.DataFrame,
    metrics: Mapping[str, Any],
    provenance: Mapping[str, Any],
    model_card: str = "",
    graph_embeddings: np.ndarray | None = None,
    graph_index: RowIndex | None = None,
    parts: Mapping[str, Callable[[Path], None]] | None = None,
    made_by: Mapping[str, Any] | None = None,
    sequence: int | None = None,
) -> Release:
    """Write an immutable release, or return the one that already holds this content.

    Content is every file but the model card and the timing of the index, and the provenance without the
    names in `VOLATILE`.

    Args:
        releases: folder of all releases; made when absent.
        encoder_dir: a saved ProductEncoder; copied.
        product_ids: n distinct identifiers.
        embeddings: (n, d) float32, L2-normalised.
        index: built from these embeddings.
        products: n rows with a `product_id` column in the order of `product_ids`.
        metrics: JSON-able evaluation.
        provenance: JSON-able; data version, code version, parameters, encoder fingerprint.
        model_card: markdown.
        graph_embeddings: (n, d) float32, L2-normalised; refined by co-purchases, where that is on.
        graph_index: built from the graph embeddings; given with them.
        parts: what else belongs to it: a path inside the release to what writes the file or folder
            there. Their bytes are content; who reads them knows what they mean.
        made_by: code, settings, threads and run (`shelfspace.provenance`); written down, no content.
        sequence: number in its id, where it takes the place of one that is there; default the next one.

    Raises:
        InputError: parts that disagree in rows or order, vectors that are not unit length, or a part's
            name that is no path of its own.
        ArtifactError: `encoder_dir` is no folder.
    """
    check_parts(product_ids, embeddings, index, products)
    further = {checked_part(name): write for name, write in (parts or {}).items()}
    if (graph_embeddings is None) != (graph_index is None):
        raise InputError("graph_index", graph_index, "give it together with graph_embeddings, or neither")
    if graph_embeddings is not None and graph_index is not None:
        check_parts(product_ids, graph_embeddings, graph_index, products)
    if not encoder_dir.is_dir():
        raise ArtifactError(f"no product encoder at {encoder_dir}; train one first")
    with releases_lock(releases):
        staging = releases / ".staging"
        remove(staging)  # a killed writer left it: the lock says nobody writes it now
        staging.mkdir()
        shutil.copytree(encoder_dir, staging / "model", copy_function=copy_or_share)
        np.save(staging / "embeddings.npy", np.ascontiguousarray(embeddings), allow_pickle=False)
        write_bytes(staging / "ids.json", orjson.dumps(list(product_ids)))
        index.save(staging / "index")
        if graph_embeddings is not None and graph_index is not None:
            np.save(
                staging / "graph_embeddings.npy", np.ascontiguousarray(graph_embeddings), allow_pickle=False
            )
            graph_index.save(staging / "graph_index")
        write_table(staging / "products.parquet", products.reset_index(drop=True))
        write_json(staging / "metrics.json", metrics)
        write_text(staging / "model_card.md", model_card)
        for part, write in further.items():
            (staging / part).parent.mkdir(parents=True, exist_ok=True)
            write(staging / part)
        files = file_hashes(staging)
        stable = {k: v for k, v in provenance.items() if k not in VOLATILE}
        content = fingerprint([{k: v for k, v in files.items() if k not in NOT_CONTENT}, stable])
        for folder in list_releases(releases):
            existing = Release.load(folder, verify=False)
            if existing.manifest["content"] == content:
                remove(staging)
                return Release.load(folder)
        sequence = sequence or next_sequence(releases)
        name = f"{sequence:06d}-{content[:8]}"
        manifest = {
            "format": FORMAT,
            "id": name,
            "sequence": sequence,
            "content": content,
            "rows": len(product_ids),
            "dim": int(embeddings.shape[1]),
            "files": files,
            "index": index.describe(),
            "provenance": dict(provenance),
            "made_by": dict(made_by or {}),
        }
        write_sealed_json(staging / "release.json", manifest)
        seal(staging)
        os.replace(staging, releases / name)
        sync(releases)
    return Release.load(releases / name, verify=False)


def check_parts(
    product_ids: Sequence[str], embeddings: np.ndarray, index: RowIndex, products: pd.DataFrame
) -> None:
    """Refuse parts that do not describe the same products."""
    n = len(product_ids)
    if embeddings.ndim != 2 or embeddings.dtype != np.float32 or len(embeddings) != n or n == 0:
        raise InputError(
            "embeddings", embeddings.shape, f"give {n or 'some'} rows of float32, one per product"
        )
    if len(set(product_ids)) != n:
        raise InputError("product_ids", n - len(set(product_ids)), "give each product once")
    if len(index) != n:
        raise InputError("index", len(index), f"build it from the same {n} embeddings")
    if "product_id" not in products or list(products["product_id"]) != list(product_ids):
        raise InputError("products", len(products), "give one row per product id, in the same order")
    length = np.linalg.norm(embeddings, axis=1)
    if not np.allclose(length, 1.0, atol=1e-3):
        raise InputError(
            "embeddings", float(length[np.argmax(np.abs(length - 1))]), "normalise rows to length 1"
        )


def next_sequence(releases: Path) -> int:
    """One above the newest release; pruning always leaves the newest."""
    return max((int(folder.name.split("-")[0]) for folder in list_releases(releases)), default=0) + 1


def seal(folder: Path) -> None:
    """Make files read-only and durable."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
        sync(path)
    sync(folder)


def remove(folder: Path) -> None:
    """Delete a folder if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
