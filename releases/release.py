"""A release: model, vectors, index, product facts, metrics and provenance in one immutable folder.

<releases>/
    000007-3fa9c1d2/   release.json (manifest: file hashes, provenance), model/, embeddings.npy,
                       ids.json, index/, products.parquet, metrics.json, model_card.md;
                       graph_embeddings.npy and graph_index/ where graph.encoder is on;
                       further parts as their writers name them (`Release.part`)
    current            one line: the id of the live release; replaced atomically
    promotions.jsonl   every move of `current`, in order

A release appears by one rename: a process killed before it leaves only a staging folder that the
next write removes. Files are read-only; a changed byte is refused when the release is loaded.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
from filelock import FileLock

from retrieval.vectors import RowIndex, load_index
from retrieval.vectors.faiss_index import TIMING
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import read_json, sync, write_bytes, write_json, write_table, write_text
from shelfspace.hashing import file_hash, fingerprint

__all__ = ["VOLATILE", "Release", "list_releases", "releases_lock", "write_release"]

FORMAT = 1
"""Version of the folder's layout; another one is refused."""
VOLATILE = frozenset({"created_at", "run_id", "host", "seconds"})
"""Provenance that says when and where, not what: it does not make a release another release."""
OWN = frozenset({
    "release.json", "model", "embeddings.npy", "ids.json", "index", "products.parquet", "metrics.json",
    "model_card.md", "graph_embeddings.npy", "graph_index",
})  # fmt: skip
"""What a release is made of by itself."""
NOT_CONTENT = frozenset({"release.json", "model_card.md", f"index/{TIMING}", f"graph_index/{TIMING}"})


@dataclass(frozen=True)
class Release:
    """One loaded release; parts are read when first asked for, vectors are memory-mapped.

    Attributes:
        folder: the release's folder.
        manifest: release.json: `id`, `sequence`, `content`, `files`, `provenance`, `rows`, `dim`.
    """

    folder: Path
    manifest: dict[str, Any]

    @classmethod
    def load(cls, folder: Path, verify: bool = True) -> "Release":
        """Open a release.

        Args:
            folder: the release's folder.
            verify: hash every file and compare with the manifest.

        Raises:
            ArtifactError: the folder is no release, of another format, or a file is missing,
                changed or not in the manifest.
        """
        try:
            manifest = read_json(folder / "release.json")
            version, files, _ = manifest["format"], manifest["files"], manifest["id"]
        except (OSError, ValueError, KeyError) as error:
            raise ArtifactError(f"{folder} is no release: {error}") from error
        if version != FORMAT:
            raise ArtifactError(f"{folder} has release format {version}; this version reads {FORMAT}")
        if verify:
            there = file_hashes(folder)
            wrong = sorted(k for k in files.keys() | there.keys() if files.get(k) != there.get(k))
            if wrong:
                raise ArtifactError(
                    f"release {manifest['id']} is damaged: {', '.join(wrong[:5])} "
                    f"({len(wrong)} files differ from its manifest); roll back, or build it again"
                )
        return cls(folder, manifest)

    @property
    def id(self) -> str:
        """Sequence number and the first digits of the content hash, as in 000007-3fa9c1d2."""
        return self.manifest["id"]

    @property
    def provenance(self) -> dict[str, Any]:
        return self.manifest["provenance"]

    @property
    def model_folder(self) -> Path:
        """What `ProductEncoder.load` reads."""
        return self.folder / "model"

    @cached_property
    def product_ids(self) -> tuple[str, ...]:
        """n identifiers; row i of the embeddings and of the products is product i."""
        return tuple(orjson.loads((self.folder / "ids.json").read_bytes()))

    @cached_property
    def rows(self) -> dict[str, int]:
        """Product id to row."""
        return {product: row for row, product in enumerate(self.product_ids)}

    @cached_property
    def embeddings(self) -> np.ndarray:
        """(n, d) float32, L2-normalised, memory-mapped."""
        return np.load(self.folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)

    @cached_property
    def index(self) -> RowIndex:
        """The vector index over `embeddings`."""
        return load_index(self.folder / "index", self.embeddings)

    @cached_property
    def graph_embeddings(self) -> np.ndarray | None:
        """(n, d) float32, refined by co-purchases, L2-normalised, memory-mapped; None where off."""
        path = self.folder / "graph_embeddings.npy"
        return np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else None

    @cached_property
    def graph_index(self) -> RowIndex | None:
        """The vector index over `graph_embeddings`; None where there are none."""
        vectors = self.graph_embeddings
        return None if vectors is None else load_index(self.folder / "graph_index", vectors)

    def part(self, name: str) -> Path | None:
        """The file or folder of a further part; None where the release has none of that name."""
        path = self.folder / checked_part(name)
        return path if path.exists() else None

    @cached_property
    def products(self) -> pd.DataFrame:
        """The fields the service shows, in row order."""
        return pd.read_parquet(self.folder / "products.parquet")

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The evaluation of the released model."""
        return read_json(self.folder / "metrics.json")


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
        shutil.copytree(encoder_dir, staging / "model")
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
        sequence = next_sequence(releases)
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
        }
        write_json(staging / "release.json", manifest)
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


def checked_part(name: str) -> str:
    """A part's name, if it is a path inside the release that no other part of it has.

    Raises:
        InputError: it is not.
    """
    nodes = name.split("/")
    if nodes[0] in OWN or not all(node.strip(".") and node == node.strip() for node in nodes):
        raise InputError("parts", name, "name a file or folder inside the release that it does not have yet")
    return name


def list_releases(releases: Path) -> list[Path]:
    """Folders of all releases, oldest first; staging and leftovers are not releases."""
    if not releases.is_dir():
        return []
    return sorted(p for p in releases.iterdir() if is_release_name(p.name) and p.is_dir())


def is_release_name(name: str) -> bool:
    """Whether a name has the form 000007-3fa9c1d2."""
    number, _, content = name.partition("-")
    return number.isdecimal() and len(number) >= 6 and len(content) == 8 and content.isalnum()


def releases_lock(releases: Path) -> FileLock:
    """The lock that orders writers of a releases folder; freed when its holder dies."""
    releases.mkdir(parents=True, exist_ok=True)
    return FileLock(releases / ".lock")


def next_sequence(releases: Path) -> int:
    """One above the newest release; pruning always leaves the newest."""
    return max((int(folder.name.split("-")[0]) for folder in list_releases(releases)), default=0) + 1


def file_hashes(folder: Path) -> dict[str, str]:
    """Relative path to hash of every file but release.json."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / "release.json")
    return {p.relative_to(folder).as_posix(): file_hash(p) for p in files}


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
