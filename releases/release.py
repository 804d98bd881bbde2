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

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from retrieval.vectors import RowIndex, load_index
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import read_array, read_json, read_parquet, reading
from shelfspace.formats import check_format
from shelfspace.hashing import file_hash

__all__ = [
    "FORMAT", "Release", "checked_part", "file_hashes", "is_release_name", "list_releases", "releases_lock",
]  # fmt: skip

FORMAT = 1
"""Version of the folder's layout; another one is refused."""
OWN = frozenset({
    "release.json", "model", "embeddings.npy", "ids.json", "index", "products.parquet", "metrics.json",
    "model_card.md", "graph_embeddings.npy", "graph_index",
})  # fmt: skip
"""What a release is made of by itself."""


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
        if not folder.is_dir():
            raise ArtifactError(f"{folder} is no release; make one with the release job")
        with reading(folder / "release.json", KeyError, TypeError):
            manifest = read_json(folder / "release.json")
            version, files, _ = manifest["format"], manifest["files"], manifest["id"]
        remedy = "run the refresh job, which makes a release of the same model anew"
        check_format(f"release {folder}", version, FORMAT, remedy)
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
        return tuple(read_json(self.folder / "ids.json"))

    @cached_property
    def rows(self) -> dict[str, int]:
        """Product id to row."""
        return {product: row for row, product in enumerate(self.product_ids)}

    @cached_property
    def embeddings(self) -> np.ndarray:
        """(n, d) float32, L2-normalised, memory-mapped."""
        return read_array(self.folder / "embeddings.npy", mmap_mode="r")

    @cached_property
    def index(self) -> RowIndex:
        """The vector index over `embeddings`."""
        return load_index(self.folder / "index", self.embeddings)

    @cached_property
    def graph_embeddings(self) -> np.ndarray | None:
        """(n, d) float32, refined by co-purchases, L2-normalised, memory-mapped; None where off."""
        path = self.folder / "graph_embeddings.npy"
        return read_array(path, mmap_mode="r") if path.exists() else None

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
        return read_parquet(self.folder / "products.parquet")

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The evaluation of the released model."""
        return read_json(self.folder / "metrics.json")


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
    """The lock that orders writers of a releases folder, freed when its holder dies."""
    releases.mkdir(parents=True, exist_ok=True)
    # One object: who holds it may take it again.
    return FileLock(releases / ".lock", is_singleton=True)


def file_hashes(folder: Path) -> dict[str, str]:
    """Relative path to hash of every file but release.json."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / "release.json")
    return {p.relative_to(folder).as_posix(): file_hash(p) for p in files}
