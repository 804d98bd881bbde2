"""What has been computed already: arrays by content hash, for one encoder fingerprint.

<root>/<name>/<fingerprint>/
    ledger.sqlite            the shards that are whole, with the hash of each of their files; a row is
                             visible once its shard is listed
    00000-hashes.npy         append-only shards: the content hash of each row,
    00000-<array>.npy        and the arrays

The ledger lists shards and not rows: 100,000 hashes are looked up in a third of the time that a
table of them takes. A process killed while it appends leaves at most a shard that the ledger does
not list; the next append overwrites it. Two processes may append at once: the second waits.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shelfspace.errors import ArtifactError
from shelfspace.files import read_array, reading, sync, write_array
from shelfspace.formats import check_format
from shelfspace.hashing import file_hash
from shelfspace.progress import progress_bar

__all__ = ["Counts", "FeatureStore", "Layout", "prune_stores", "through_stores"]

Layout = Mapping[str, tuple[tuple[int, ...], str]]
"""Array name to the shape of one row and its dtype."""

FORMAT = 1
"""Of a store; 0 is the same, from before it was noted."""
HASHES = "hashes"
TABLES = (
    "shards (shard INTEGER PRIMARY KEY, arrays TEXT NOT NULL)",
    "digests (file TEXT PRIMARY KEY, digest TEXT NOT NULL)",
)


class FeatureStore:
    """Append-only arrays keyed by content hash; the hash "" means absent and is never stored.

    Args:
        root: folder of all stores.
        name: what is stored, such as `pixels`.
        fingerprint: of the code, weights and settings that compute it.
        layout: of one row; needed to gather from a store that has no row yet.
    """

    def __init__(self, root: Path, name: str, fingerprint: str, layout: Layout | None = None) -> None:
        self.folder = root / name / fingerprint
        self.layout = layout
        self.folder.mkdir(parents=True, exist_ok=True)
        os.utime(self.folder)  # what `prune_stores` goes by
        with self._ledger() as ledger:
            (version,) = ledger.execute("PRAGMA user_version").fetchone()
            remedy = f"delete {self.folder}: the features are computed again"
            check_format(f"store {self.folder}", version, range(FORMAT + 1), remedy)
            for table in TABLES:
                ledger.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            if version != FORMAT:
                ledger.execute(f"PRAGMA user_version = {FORMAT}")
        self._whole: set[Path] = set()
        self._indexed: list[tuple[int, str]] = []
        self._places: dict[str, tuple[int, int]] = {}

    @contextmanager
    def _ledger(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        """One connection for one piece of work; with `write` a transaction that begins by locking."""
        connection = sqlite3.connect(self.folder / "ledger.sqlite", timeout=60, isolation_level=None)
        try:
            if write:
                connection.execute("BEGIN IMMEDIATE")
            yield connection
            if write:
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise ArtifactError(
                f"the ledger in {self.folder} is damaged or locked: {error}; end what else uses it, or "
                "delete the folder to have the features computed again"
            ) from error
        finally:
            connection.close()  # an open transaction is rolled back

    def __len__(self) -> int:
        return len(self._index())

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Distinct hashes without a row, in the order given; "" is never missing."""
        known = self._index()
        return [h for h in dict.fromkeys(hashes) if h and h not in known]

    def lacking(self, hashes: Sequence[str]) -> list[int]:
        """The first position of each distinct hash without a row."""
        first = {h: i for i, h in reversed(list(enumerate(hashes)))}
        return [first[h] for h in self.missing(hashes)]

    def append(self, hashes: Sequence[str], arrays: Mapping[str, np.ndarray]) -> None:
        """Add rows; first the bytes, then the ledger.

        Args:
            hashes: n distinct hashes; of one that is stored already the first row stays valid.
            arrays: name to array with n rows; the same names at every call.

        Raises:
            ArtifactError: hashes and arrays disagree in length.
        """
        if not hashes:
            return
        if any(len(array) != len(hashes) for array in arrays.values()):
            raise ArtifactError(
                f"{len(hashes)} hashes for arrays of {[len(a) for a in arrays.values()]} rows"
            )
        with self._ledger(write=True) as ledger:
            self._add_shard(ledger, hashes, arrays)

    def _add_shard(
        self, ledger: sqlite3.Connection, hashes: Sequence[str], arrays: Mapping[str, np.ndarray]
    ) -> None:
        last = ledger.execute("SELECT max(shard) FROM shards").fetchone()[0]
        shard = 0 if last is None else int(last) + 1
        for leftover in self.folder.glob(".*.tmp"):  # of a killed writer: the lock says nobody else writes
            leftover.unlink()
        for name, array in {**arrays, HASHES: np.array([h.encode() for h in hashes])}.items():
            file = self._file(shard, name)
            write_array(file, np.ascontiguousarray(array))
            ledger.execute("INSERT OR REPLACE INTO digests VALUES (?, ?)", (file.name, file_hash(file)))
        sync(self.folder)
        ledger.execute("INSERT INTO shards VALUES (?, ?)", (shard, ",".join(sorted(arrays))))

    def _file(self, shard: int, name: str) -> Path:
        return self.folder / f"{shard:05d}-{name}.npy"

    def gather(self, hashes: Sequence[str]) -> dict[str, np.ndarray]:
        """Arrays with a row per hash, in the order given; zeros for "".

        Raises:
            ArtifactError: a hash has no row, a shard is damaged, or nothing says how a row looks.
        """
        places = self._index()
        unknown = sum(1 for h in hashes if h and h not in places)
        if unknown:
            raise ArtifactError(
                f"{unknown} of {len(hashes)} rows are not in {self.folder}; compute them first"
            )
        found = {
            name: np.zeros((len(hashes), *shape), dtype=dtype)
            for name, (shape, dtype) in (self.layout or {}).items()
        }
        absent = (-1, -1)
        where = np.array([places.get(h, absent) for h in hashes], dtype=np.int64).reshape(-1, 2)
        order = np.argsort(where[:, 0], kind="stable")
        numbers, starts = np.unique(where[order, 0], return_index=True)
        names = dict(self._indexed)
        for shard, positions in zip(numbers, np.split(order, starts[1:]), strict=False):
            for name in names[shard].split(",") if shard >= 0 else ():
                stored = self._open(shard, name)
                if name not in found:
                    found[name] = np.zeros((len(hashes), *stored.shape[1:]), dtype=stored.dtype)
                found[name][positions] = stored[where[positions, 1]]
        if not found:
            raise ArtifactError(f"{self.folder} has no row yet; give the store a layout")
        return found

    def _index(self) -> dict[str, tuple[int, int]]:
        """Shard and row of every stored hash; read again only when the ledger has changed."""
        with self._ledger() as ledger:
            listed = ledger.execute("SELECT shard, arrays FROM shards ORDER BY shard").fetchall()
        if listed[: len(self._indexed)] != self._indexed:
            self._indexed, self._places = [], {}
        for shard, arrays in listed[len(self._indexed) :]:
            for row, name in enumerate(self._open(shard, HASHES).tolist()):
                self._places.setdefault(name.decode(), (shard, row))
            self._indexed.append((shard, arrays))
        return self._places

    def _open(self, shard: int, name: str) -> np.ndarray:
        """One array of a shard, memory-mapped; at first its bytes are compared with the ledger."""
        file = self._file(shard, name)
        if file not in self._whole:
            with self._ledger() as ledger:
                row = ledger.execute("SELECT digest FROM digests WHERE file = ?", (file.name,)).fetchone()
            with reading(file):
                # Shards of an earlier version have none.
                if row is not None and row[0] != file_hash(file):
                    raise ValueError("it is not what was written")
            self._whole.add(file)
        return read_array(file, mmap_mode="r")

    def keep(self, hashes: AbstractSet[str]) -> int:
        """Take all other rows out for good: their shards are written anew under further numbers; how many.

        Nobody may append meanwhile.
        """
        self._index()
        taken = 0
        for shard, arrays in self._indexed:
            names = [name.decode() for name in self._open(shard, HASHES).tolist()]
            gone = np.array([name not in hashes for name in names], bool)
            if gone.any():
                left = {name: np.array(self._open(shard, name))[~gone] for name in arrays.split(",")}
                with self._ledger(write=True) as ledger:
                    kept = [name for name, out in zip(names, gone, strict=True) if not out]
                    if kept:
                        self._add_shard(ledger, kept, left)
                    ledger.execute("DELETE FROM shards WHERE shard = ?", (shard,))
                taken += int(gone.sum())
        self._index()
        listed = {shard for shard, _ in self._indexed}
        for file in self.folder.glob("*-*.npy"):  # also what an erasure that was killed left
            if int(file.name.partition("-")[0]) not in listed:
                file.unlink()
        return taken

    def keys_of(self, array: str, rows: np.ndarray) -> set[str]:
        """Hashes of stored rows that are, bit by bit, one of some rows of an array."""
        self._index()
        wanted = {row.tobytes() for row in rows}
        return {
            name.decode()
            for shard, arrays in self._indexed
            if array in arrays.split(",")
            for name, row in zip(self._open(shard, HASHES).tolist(), self._open(shard, array), strict=True)
            if row.tobytes() in wanted
        }

    def check(self) -> None:
        """Read all that is stored and compare it with the ledger.

        Raises:
            ArtifactError: a file is damaged, or the ledger is.
        """
        self._index()
        for shard, arrays in self._indexed:
            for name in arrays.split(","):
                self._open(shard, name)


def prune_stores(root: Path, keep: int = 4) -> list[Path]:
    """Delete, of each name, the stores of all but the `keep` fingerprints opened last; returns them.

    Every retraining has a tokenizer of its own and so a store of tokens; old ones serve nobody. One
    that is deleted too early costs its computation again, nothing else.
    """
    removed: list[Path] = []
    for name in sorted(path for path in root.glob("*") if path.is_dir()):
        stores = sorted(name.iterdir(), key=lambda store: (store.stat().st_mtime_ns, store.name))
        for store in stores[: max(0, len(stores) - keep)]:
            shutil.rmtree(store)
            removed.append(store)
    return removed


@dataclass(frozen=True)
class Counts:
    """Rows computed now, rows that were stored or share their content, and wall time in seconds."""

    computed: int = 0
    reused: int = 0
    seconds: float = 0.0


def through_stores(
    stores: Mapping[str, FeatureStore],
    hashes: Sequence[str],
    compute: Callable[[list[int], list[str]], Mapping[str, np.ndarray]],
    batch: Mapping[str, int],
    *,
    progress: bool = True,
) -> tuple[dict[str, np.ndarray], Counts]:
    """Arrays of all rows, each from the store of its name; only hashes a store lacks are computed.

    Arrays that lack the same rows are computed together, batch by batch. A row counts as computed
    where any of its arrays is.

    Args:
        hashes: n content hashes, "" where the modality is absent.
        compute: positions and array names to arrays with a row a position.
        batch: rows between two writes, by array name: what a kill costs at most.
    """
    started = time.monotonic()
    together: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for name, store in stores.items():
        if lacking := tuple(store.lacking(hashes)):
            together.setdefault((batch[name], lacking), []).append(name)
    for (size, todo), names in together.items():
        what = ", ".join(names)
        with progress_bar(None, what, total=len(todo), unit="row", progress=progress) as bar:
            for start in range(0, len(todo), size):
                rows = list(todo[start : start + size])
                made = compute(rows, names)
                for name in names:
                    stores[name].append([hashes[i] for i in rows], {name: made[name]})
                bar.update(len(rows))
    computed = len({row for _, todo in together for row in todo})
    found = {name: store.gather(hashes)[name] for name, store in stores.items()}
    return found, Counts(computed, sum(map(bool, hashes)) - computed, time.monotonic() - started)
