"""A release's index in PostgreSQL, which proposes rows that the release's own vectors rank.

The graph and its memory are the server's, and several services share them; here the memory-mapped
vectors stay the truth. While the server is away, the index inside the release answers.
"""

import logging
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from psycopg import sql

from retrieval.vectors.base import RowIndex
from retrieval.vectors.exact import as_vectors, true_scores
from retrieval.vectors.postgres.connection import Server
from retrieval.vectors.postgres.fill import Rows, drop_unkept, fill, filled, hold, table_of
from retrieval.vectors.proposed import ProposedIndex, packed_rows
from shelfspace.errors import ArtifactError
from shelfspace.settings import ReleaseSettings

__all__ = ["PgRowIndex", "Place"]

logger = logging.getLogger("shelfspace.postgres")

PARAMETERS = {"plan_cache_mode": "force_generic_plan", "jit": "off", "hnsw.iterative_scan": "relaxed_order",
              "hnsw.max_scan_tuples": "2000000000"}  # fmt: skip
"""Of a session that searches: statements are planned once, and a filter never ends a walk early."""
MOST_EFFORT = 1000
"""The largest `hnsw.ef_search` there is."""
SPARE = 6
"""Candidates beyond k at least, since half precision confuses neighbours; k / 8 where that is more."""
AT_ONCE = 64
"""Queries in one round trip, whose time is bounded."""
FIRST_PAUSE, LAST_PAUSE = 1.0, 60.0
AWAY = "PostgreSQL does not answer, the release's own index does; the service's log says why"
ALONE = """
SELECT string_agg(int4send(near.row), '') FROM (
    SELECT row FROM {table} {where} ORDER BY vector <#> $1::halfvec LIMIT $2::bigint) AS near"""
TOGETHER = """
SELECT (SELECT string_agg(int4send(near.row), '') FROM (
    SELECT row FROM {table} {where} ORDER BY vector <#> asked.vector LIMIT $2::bigint) AS near)
FROM unnest($1::halfvec[]) WITH ORDINALITY AS asked (vector, number) ORDER BY asked.number"""
MASK = "WHERE get_bit($3::bytea, row) = 1"


@dataclass(frozen=True, repr=False)
class Place:
    """Where releases are kept in PostgreSQL.

    Attributes:
        address: connection string; may hold a password.
        catalogue: whose releases these are.
        seconds: what one search may take before the release's own index answers instead.
    """

    address: str
    catalogue: str
    seconds: float = 1.0


class PgRowIndex(ProposedIndex):
    """See the module. Answers from PostgreSQL once `open` has found or made the table there.

    Args:
        place: server and catalogue.
        name: of the release.
        fingerprint: hash of its vectors.
        own: the index inside the release.
        settings: recall that the graph must reach.

    Attributes:
        answering: whether PostgreSQL answers.
        problem: why it does not, without anything of the address; "" where it does.
        fallbacks: searches that the release's own index answered instead.

    Raises:
        SettingsError: the address is malformed.
    """

    def __init__(
        self, place: Place, name: str, fingerprint: str, own: RowIndex, settings: ReleaseSettings
    ) -> None:
        self.vectors = as_vectors(own.vectors)
        self.own = own
        self.answering = False
        self.problem = "PostgreSQL was not asked yet"
        self.fallbacks = 0
        self._truth = faiss.swig_ptr(self.vectors)
        self._place = place
        self._rows = Rows(name, place.catalogue, fingerprint, self.vectors.shape)
        self._settings = settings
        self._note: dict[str, Any] = {}
        self._closed = False
        limit = {"statement_timeout": str(round(1000 * max(10.0, place.seconds)))}
        self._server = Server(place.address, name, {**PARAMETERS, **limit}, reopen=False)
        self._halfvec = 0
        self._again, self._pause = 0.0, FIRST_PAUSE
        self._statements = {
            (alone, masked): sql.SQL(ALONE if alone else TOGETHER).format(
                table=table_of(name), where=sql.SQL(MASK if masked else "")
            )
            for alone in (True, False)
            for masked in (True, False)
        }

    def open(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Connect, fill the table where it is not filled, and answer from it; True when it does.

        Where that fails, the reason is logged and `problem` is set; call it again and again: it tries
        after one second, then after twice as long each time, at most a minute.
        """
        if self.answering or self._closed or time.monotonic() < self._again:
            return self.answering
        try:
            self._server.open()
            hold(self._server, self._rows.name)
            note = filled(self._server, self._rows)
            if note is None:
                filling = Server(self._place.address, self._rows.name)
                note = fill(filling, self._rows, self.vectors, self._settings, self._say, stopped)
            self._note = note
            with self._server.connected() as connection:
                row = connection.execute("SELECT 'halfvec'::regtype::oid").fetchone()
                self._halfvec = int(row[0]) if row else 0
            scans = "off" if note["effort"] else "on"
            self._server.set({"enable_seqscan": scans, "enable_sort": scans})
        except ArtifactError as error:
            self._lost(error)
            self._again, self._pause = time.monotonic() + self._pause, min(LAST_PAUSE, 2 * self._pause)
            return False
        self.answering, self.problem = not self._closed, ""
        self._pause = FIRST_PAUSE
        logger.info("PostgreSQL answers for release %s", self._rows.name)
        return self.answering

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `RowIndex.search`."""
        if self.answering:
            try:
                return super().search(queries, k, allowed_rows)
            except ArtifactError as error:
                self._lost(error)
            self.fallbacks += 1
        elif not self._closed:
            self.fallbacks += 1
        return self.own.search(queries, k, allowed_rows)

    def spare(self, k: int) -> int:
        """See `ProposedIndex.spare`."""
        return max(SPARE, k // 8)

    def selector(self, rows: np.ndarray) -> bytes:
        """See `ProposedIndex.selector`; bits as PostgreSQL's get_bit counts them."""
        return packed_rows(rows, len(self)).tobytes()

    def candidates(
        self, asked: np.ndarray, fetch: int, selector: bytes | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `ProposedIndex.candidates`."""
        effort = self._note["effort"]
        if effort:
            self._server.set({"hnsw.ef_search": str(min(MOST_EFFORT, max(effort, fetch)))})
        rows = np.full((len(asked), fetch), -1, np.int64)
        for start in range(0, len(asked), AT_ONCE):
            for number, line in enumerate(self._asked(asked[start : start + AT_ONCE], fetch, selector)):
                rows[start + number, : len(line)] = line
        scores = np.empty(rows.shape, np.float32)
        true_scores(self._truth, asked, rows, scores)
        order = np.argsort(-scores, axis=1, kind="stable")
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)

    def _asked(self, asked: np.ndarray, fetch: int, selector: bytes | None) -> list[np.ndarray]:
        """Rows for each query, in one round trip."""
        alone = len(asked) == 1
        given = as_halfvec(asked[0]) if alone else as_array(asked, self._halfvec)
        values = [given, struct.pack(">q", fetch), *([] if selector is None else [selector])]
        name, statement = (
            b"%d%d" % (alone, selector is not None),
            self._statements[alone, selector is not None],
        )
        result = self._server.ask(name, statement, values, self._place.seconds)
        return [np.frombuffer(result.get_value(n, 0) or b"", ">i4") for n in range(len(asked))]

    def prune(self, keep: set[str]) -> list[str]:
        """Drop the catalogue's other releases from the server; returns their names.

        Those that some process searches stay until a later call, and so do all while the server is away.
        """
        if not self.answering:
            return []
        try:
            gone = drop_unkept(self._server, self._place.catalogue, keep)
        except ArtifactError as error:
            self._lost(error)
            return []
        for name in gone:
            logger.info("release %s was dropped from PostgreSQL", name)
        return gone

    def describe(self) -> dict[str, Any]:
        n, d = self.vectors.shape
        return {"kind": "postgresql", "rows": n, "dim": d, "answering": self.answering, **self._note}

    def save(self, folder: Path) -> None:
        """See `RowIndex.save`: what a release holds is its own index."""
        self.own.save(folder)

    def close(self) -> None:
        """Answer no more from PostgreSQL."""
        self._closed, self.answering = True, False
        self._server.close()

    def _lost(self, error: ArtifactError) -> None:
        if self._closed:
            return
        self.answering = False
        self._server.close()
        if self.problem != AWAY:
            logger.warning("release %s: its own index answers, not PostgreSQL: %s", self._rows.name, error)
        self.problem = AWAY

    def _say(self, text: str) -> None:
        logger.info("release %s: %s", self._rows.name, text)


def as_halfvec(vector: np.ndarray) -> bytes:
    """A halfvec in PostgreSQL's binary form."""
    return struct.pack(">HH", len(vector), 0) + vector.astype(">f2").tobytes()


def as_array(vectors: np.ndarray, kind: int) -> bytes:
    """An array of halfvecs in PostgreSQL's binary form; `kind` is the oid of their type."""
    q, d = vectors.shape
    layout = np.dtype([("bytes", ">i4"), ("dim", ">u2"), ("unused", ">u2"), ("values", ">f2", (d,))])
    table = np.zeros(q, layout)
    table["bytes"], table["dim"], table["values"] = 4 + 2 * d, d, vectors
    return struct.pack(">iiIii", 1, 0, kind, q, 1) + table.tobytes()
