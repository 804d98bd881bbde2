"""Products in PostgreSQL: an index by identifier that any machine may write and search.

One table an index, and one row about it in `shelfspace_indexes`. Every write is one transaction that
also raises the index's sequence, which orders writers. Up to a calibrated size queries scan the table;
above, an HNSW graph proposes products. Either way their true vectors rank them.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.types.json import Jsonb

from retrieval.changes.segment import checked_upsert
from retrieval.vectors.build import MARGIN, overlap, standard_error
from retrieval.vectors.checks import checked_queries
from retrieval.vectors.postgres.connection import Server, one
from retrieval.vectors.postgres.nearest import PARAMETERS, Nearest
from shelfspace.errors import ArtifactError, InputError
from shelfspace.settings import ReleaseSettings

__all__ = ["PgVectorIndex"]

NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
GRAPH = "m = 16, ef_construction = 128"
EFFORTS = (40, 80, 160, 320, 640)
"""Tried in turn. A sample of the index lies in the graph itself, which flatters it: without queries of its
own, a calibration leaves the first out."""
SAMPLE = 256
CATALOGUE = """
CREATE TABLE IF NOT EXISTS shelfspace_indexes (
    name text PRIMARY KEY, dim integer NOT NULL, sequence bigint NOT NULL DEFAULT 0,
    effort integer, note jsonb NOT NULL DEFAULT '{}'
)"""
PRODUCTS = """
CREATE TABLE IF NOT EXISTS {table} (
    product_id text COLLATE "C" PRIMARY KEY,
    place bigint GENERATED ALWAYS AS IDENTITY,
    embedding vector({dim}) NOT NULL
)"""


class PgVectorIndex:
    """An index in a PostgreSQL database; made where it is absent.

    One object holds one connection and may be used from several threads, one call at a time.

    Args:
        address: connection string, `postgresql://user@host/database`; the password is better kept
            in ~/.pgpass or PGPASSWORD.
        name: 1 to 40 letters, digits, dots, dashes or underscores, such as a release id.
        dim: length of the vectors.

    Raises:
        InputError: a name of another form.
        ArtifactError: the server cannot be reached or lacks pgvector, or the index is there with
            another vector length.
    """

    def __init__(self, address: str, name: str, dim: int) -> None:
        if not NAME.fullmatch(name):
            raise InputError("name", name, "give 1 to 40 letters, digits, dots, dashes or underscores")
        self.name = name
        self._dim = dim
        self._server = Server(address, name, PARAMETERS)
        self._table = sql.Identifier(f"shelfspace_vectors_{name}")
        self._graph = sql.Identifier(f"shelfspace_graph_{name}")
        self._nearest = Nearest(self._server, name, self._table)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        with self._server.transaction() as run:
            # Two processes that make the same index at once: one waits for the other.
            run.execute("SELECT pg_advisory_xact_lock(hashtext('shelfspace_indexes'))")
            run.execute("CREATE EXTENSION IF NOT EXISTS vector")
            run.execute(CATALOGUE)
            run.execute(sql.SQL(PRODUCTS).format(table=self._table, dim=sql.Literal(self._dim)))
            run.execute(
                "INSERT INTO shelfspace_indexes (name, dim) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (self.name, self._dim),
            )
            there = one(run, "SELECT dim FROM shelfspace_indexes WHERE name = %s", (self.name,))[0]
        if there != self._dim:
            raise ArtifactError(f"the index {self.name} is over vectors of {there}, not {self._dim}")
        with self._server.connected() as connection:
            register_vector(connection)
        self._server.opened = register_vector

    @property
    def sequence(self) -> int:
        """See `VectorIndex.sequence`."""
        with self._server.transaction() as run:
            return one(run, "SELECT sequence FROM shelfspace_indexes WHERE name = %s", (self.name,))[0]

    def __len__(self) -> int:
        with self._server.transaction() as run:
            return one(run, self._sql("SELECT count(*) FROM {table}"))[0]

    def __contains__(self, product_id: object) -> bool:
        with self._server.transaction() as run:
            query = self._sql("SELECT EXISTS (SELECT FROM {table} WHERE product_id = %s)")
            return isinstance(product_id, str) and one(run, query, (product_id,))[0]

    def upsert(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """See `VectorIndex.upsert`; one COPY, one transaction."""
        # Of an identifier given twice the last vector stays, at the first one's place.
        last = dict(zip(ids, checked_upsert(ids, vectors, self._dim), strict=True))
        if not last:
            return
        with self._server.transaction() as run:
            self._raise_sequence(run)
            run.execute(
                "CREATE TEMP TABLE arriving (number integer, product_id text, embedding vector) "
                "ON COMMIT DROP"
            )
            with run.copy("COPY arriving FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["int4", "text", "vector"])
                for number, (product, vector) in enumerate(last.items()):
                    copy.write_row((number, product, vector))
            run.execute(
                self._sql(
                    "INSERT INTO {table} (product_id, embedding) SELECT product_id, embedding FROM arriving "
                    "ORDER BY number ON CONFLICT (product_id) DO UPDATE SET embedding = EXCLUDED.embedding"
                )
            )

    def delete(self, ids: Sequence[str]) -> int:
        """See `VectorIndex.delete`."""
        with self._server.transaction() as run:
            self._raise_sequence(run)
            run.execute(self._sql("DELETE FROM {table} WHERE product_id = ANY(%s)"), (list(ids),))
            return run.rowcount

    def search(
        self, queries: np.ndarray, k: int, allowed: Collection[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `VectorIndex.search`."""
        asked = checked_queries(queries, self._dim, k)
        chosen = None if allowed is None else list(allowed)
        if not len(asked) or chosen == []:
            return np.full((len(asked), k), -np.inf, np.float32), np.full((len(asked), k), None, object)
        return self._nearest.search(asked, k, chosen)

    def calibrate(self, settings: ReleaseSettings, queries: np.ndarray | None = None) -> dict[str, Any]:
        """Choose between a scan and an HNSW graph by measuring recall@10; returns `describe()`.

        Up to `settings.exact_up_to` products the table is scanned. Above, a graph is built and its
        effort raised until it reaches `settings.min_recall`; where none does, the graph is dropped
        and the description says so. Later upserts enter the graph by themselves.

        Args:
            queries: (q, d) float32; default a sample of the stored vectors.
        """
        with self._server.transaction() as run:
            self._raise_sequence(run)
            self._forget(run)
        n = len(self)
        if n <= settings.exact_up_to:
            self._keep(None, {"recall_at_10": 1.0, "reason": f"{n} vectors are within release.exact_up_to"})
            return self.describe()
        own, asked = self._sample() if queries is None else (None, np.asarray(queries, np.float32)[:SAMPLE])
        truth = self._neighbours(asked, own)
        with self._server.transaction() as run:
            run.execute("SET LOCAL maintenance_work_mem = '512MB'")
            make = "CREATE INDEX {graph} ON {table} USING hnsw (embedding vector_ip_ops) WITH (" + GRAPH + ")"
            run.execute(self._sql(make))
            run.execute(self._sql("ANALYZE {table}"))
        tried = []
        for effort in EFFORTS if own is None else EFFORTS[1:]:
            self._keep(effort, {})
            found = self._neighbours(asked, own)
            recall, error = overlap(found, truth), standard_error(found, truth)
            note = {"recall_at_10": round(recall, 4), "error": round(error, 4)}
            tried.append({"effort": effort, **note})
            if recall - MARGIN * error >= settings.min_recall:
                self._keep(effort, {**note, "queries": len(asked), "tried": tried})
                return self.describe()
        with self._server.transaction() as run:
            self._forget(run)
        reason = f"no effort reached recall@10 {settings.min_recall}"
        self._keep(None, {"recall_at_10": 1.0, "reason": reason, "tried": tried})
        return self.describe()

    def describe(self) -> dict[str, Any]:
        """See `VectorIndex.describe`; `effort` is `hnsw.ef_search`, None for a scan."""
        with self._server.transaction(snapshot=True) as run:
            n = one(run, self._sql("SELECT count(*) FROM {table}"))[0]
            query = "SELECT sequence, effort, note FROM shelfspace_indexes WHERE name = %s"
            sequence, effort, note = one(run, query, (self.name,))
        facts = {"kind": "pgvector", "rows": n, "dim": self._dim, "sequence": sequence, "effort": effort}
        return {**facts, **note}

    def drop(self) -> None:
        """Delete the index with everything in it."""
        with self._server.transaction() as run:
            run.execute(self._sql("DROP TABLE IF EXISTS {table}"))
            run.execute("DELETE FROM shelfspace_indexes WHERE name = %s", (self.name,))

    def close(self) -> None:
        """See `VectorIndex.close`."""
        self._server.close()

    def _sql(self, text: str, **parts: sql.Composable) -> sql.Composed:
        """A statement with the index's own names, quoted."""
        return sql.SQL(text).format(table=self._table, graph=self._graph, **parts)

    def _raise_sequence(self, run: psycopg.Cursor) -> None:
        """Number this write; the row's lock makes other writers wait for its end."""
        run.execute("UPDATE shelfspace_indexes SET sequence = sequence + 1 WHERE name = %s", (self.name,))

    def _keep(self, effort: int | None, note: dict[str, Any]) -> None:
        with self._server.transaction() as run:
            run.execute(
                "UPDATE shelfspace_indexes SET effort = %s, note = %s WHERE name = %s",
                (effort, Jsonb(note), self.name),
            )

    def _forget(self, run: psycopg.Cursor) -> None:
        run.execute(self._sql("DROP INDEX IF EXISTS {graph}"))
        run.execute("UPDATE shelfspace_indexes SET effort = NULL WHERE name = %s", (self.name,))

    def _sample(self) -> tuple[list[str], np.ndarray]:
        """Evenly drawn products and their vectors; the same table gives the same ones."""
        query = self._sql(
            "SELECT product_id, embedding FROM {table} ORDER BY hashtext(product_id), place LIMIT %s"
        )
        with self._server.transaction(snapshot=True) as run:
            rows = run.execute(query, (SAMPLE,)).fetchall()
        return [row[0] for row in rows], np.array([row[1].to_numpy() for row in rows], np.float32)

    def _neighbours(self, asked: np.ndarray, own: list[str] | None) -> list[set[str]]:
        """The ten nearest products of each query, its own left out."""
        _, found = self.search(asked, 11)
        names = own or [""] * len(asked)
        return [
            set([product for product in line if product not in {None, name}][:10])
            for line, name in zip(found.tolist(), names, strict=True)
        ]
