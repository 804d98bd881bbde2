"""Every index as the service uses it, a release's rows under a log of changes, and the brute-force answer."""

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retrieval.changes.records import Header, Record
from retrieval.changes.view import LayeredIndex
from retrieval.vectors import ExactIndex, FaissIndex, RowIndex, build_index
from retrieval.vectors.build import train
from shelfspace.settings import ReleaseSettings

BACKENDS = ("log", "exact", "ivf", "hnsw", "pg-scan", "pg-graph")


def rows_of(kind: str, vectors: np.ndarray) -> RowIndex:
    """A release's index of one kind; with so much effort that it finds all it should."""
    if kind == "ivf":
        lists = max(1, min(64, len(vectors) // 40))
        return FaissIndex(train(vectors, f"IVF{lists},SQ8", len(vectors)), vectors, max(1, lists // 2))
    if kind == "hnsw":
        return FaissIndex(train(vectors, "HNSW24,SQ8", len(vectors)), vectors, 128)
    if kind == "calibrated":
        return build_index(vectors, ReleaseSettings(exact_up_to=1000, min_recall=0.99))
    return ExactIndex(vectors)


class Products:
    """Rows, and a log of changes over them, asked by product."""

    def __init__(self, layered: LayeredIndex, base: RowIndex | None) -> None:
        self.layered = layered
        self.base = base

    @property
    def sequence(self) -> int:
        return self.layered.sequence

    def __len__(self) -> int:
        return len(self.layered.view())

    def __contains__(self, product_id: object) -> bool:
        return isinstance(product_id, str) and self.layered.view().row_of(product_id) is not None

    def upsert(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        self.layered.segment.write([Record("put", i, vector=v) for i, v in zip(ids, vectors, strict=True)])

    def delete(self, ids: Sequence[str]) -> int:
        return len(self.layered.segment.write([Record("delete", product) for product in ids]).records)

    def search(
        self, queries: np.ndarray, k: int, allowed: Collection[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores (q, k) and identifiers (q, k); None with -inf where there are fewer."""
        view = self.layered.view()
        rows = None
        if allowed is not None:
            found = (view.row_of(product) for product in allowed)
            rows = np.array([row for row in found if row is not None], np.int64)
        scores, best = view.search(queries, k, rows)
        ids = np.full(best.shape, None, object)
        for place in zip(*np.nonzero(best >= 0), strict=True):
            ids[place] = view.id_of(int(best[place]))
        return scores, ids

    def close(self) -> None:
        self.layered.close()
        close = getattr(self.base, "close", None)
        if close is not None:
            close()


@dataclass
class Shelf:
    """Opens the products of one backend, again and again.

    Attributes:
        kind: a name of BACKENDS, or "calibrated".
        folder: where the log lies.
        address: of the server, for PostgreSQL.
        name: of the release there; a new one each time it is filled.
    """

    kind: str
    folder: Path
    address: str = ""
    name: str = "contract"

    def fill(self, ids: Sequence[str], vectors: np.ndarray) -> Products:
        """These products, as a release would hold them; without a release, as a first load."""
        self._ids, self._vectors = list(ids), vectors
        self.name = f"contract-{secrets.token_hex(8)}"
        index = self.open()
        if self.kind == "log":
            index.upsert(ids, vectors)
        return index

    def open(self) -> Products:
        """The products as they lie on the disk and in the server."""
        path, header = self.folder / "delta.log", Header("000001-contract", "encoder", self._vectors.shape[1])
        if self.kind == "log":
            return Products(LayeredIndex(path, header), None)
        if not hasattr(self, "_base"):
            self._base = rows_of(self.kind, self._vectors)
        base = self._server(self._base) if self.kind.startswith("pg") else self._base
        return Products(LayeredIndex(path, header, base, self._ids), base)

    def _server(self, own: RowIndex) -> RowIndex:
        from retrieval.vectors.postgres import PgRowIndex, Place

        # The server scans where no graph recalls as much as is asked for.
        settings = ReleaseSettings.model_construct(min_recall=0.99 if self.kind == "pg-graph" else 1.01)
        index = PgRowIndex(Place(self.address, "contract", 60.0), self.name, self.name, own, settings)
        assert index.open(), index.problem
        return index


class Oracle:
    """The contract in a dozen lines: a dictionary, kept in the order in which products were added."""

    def __init__(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        self.kept: dict[str, np.ndarray] = dict(zip(ids, vectors, strict=True))

    def upsert(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        self.kept.update(zip(ids, vectors, strict=True))

    def delete(self, ids: Sequence[str]) -> int:
        return sum(self.kept.pop(product, None) is not None for product in ids)

    def search(
        self, query: np.ndarray, k: int, allowed: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        names = [p for p in self.kept if allowed is None or p in allowed]
        if not names:
            return []
        scores = np.array([self.kept[p] for p in names], np.float64) @ query.astype(np.float64)
        best = np.lexsort((np.arange(len(names)), -np.round(scores, 6)))[:k]
        return [(names[i], float(scores[i])) for i in best]


def assert_same(
    index: Products, oracle: Oracle, queries: np.ndarray, k: int, allowed: Collection[str] | None = None
) -> None:
    """The index gives what the oracle gives: the same products in the same order, with padding."""
    scores, ids = index.search(queries, k, allowed)
    assert scores.shape == ids.shape == (len(queries), k)
    for number, query in enumerate(queries):
        wanted = oracle.search(query, k, allowed)
        padding = [None] * (k - len(wanted))
        assert ids[number].tolist() == [product for product, _ in wanted] + padding
        np.testing.assert_allclose(scores[number, : len(wanted)], [s for _, s in wanted], atol=1e-5)
        assert np.isneginf(scores[number, len(wanted) :]).all()


def recall(
    index: Products, oracle: Oracle, queries: np.ndarray, allowed: Collection[str] | None = None
) -> float:
    """Recall@10 against the oracle."""
    _, ids = index.search(queries, 10, allowed)
    shares = []
    for line, query in zip(ids, queries, strict=True):
        wanted = {product for product, _ in oracle.search(query, 10, allowed)}
        shares.append(len(wanted & set(line)) / len(wanted) if wanted else 1.0)
    return float(np.mean(shares))


def clustered(n: int, dim: int, seed: int = 0) -> np.ndarray:
    """(n, dim) float32 unit vectors in overlapping clusters."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(max(2, n // 100), dim))
    values = centres[generator.integers(0, len(centres), n)] + 0.7 * generator.normal(size=(n, dim))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


Opener = Callable[[str], Shelf]
