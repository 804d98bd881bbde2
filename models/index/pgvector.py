"""PostgreSQL with pgvector: the index of a catalogue that has outgrown one machine.

One table an index, named after the release it holds, and one row about it in `shelfspace_indexes`.
Every write is one transaction that also raises the index's sequence, which orders writers. Up to
a calibrated size queries scan the table; above, an HNSW graph proposes candidates. Either way the
true vectors rank them here, with the same ties as every other backend.

Needs the extra `pgvector` and a server with the extension (0.8 or newer, for iterative scans).
"""

import re
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.types.json import Jsonb

from catalog.errors import ArtifactError, InputError
from catalog.settings import ReleaseSettings
from models.index.build import MARGIN, overlap, standard_error
from models.index.checks import checked_queries
from models.index.delta import checked_upsert
from models.index.order import DECIMALS, EXTRA, ordered
from models.index.search import GATHER_ROWS

__all__ = ["PgVectorIndex"]

NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
GRAPH = "m = 24, ef_construction = 128"
EFFORTS = (80, 160, 320, 640)
"""Tried in turn. The sample lies in the graph itself, which flatters it; 40, the default, is left out."""
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
        self._address = address
        self._dim = dim
        self._mutex = threading.Lock()
        self._table = sql.Identifier(f"shelfspace_vectors_{name}")
        self._graph = sql.Identifier(f"shelfspace_graph_{name}")
        self._connection = self._connect()
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _connect(self) -> psycopg.Connection:
        try:
            return psycopg.connect(self._address, autocommit=True, application_name="shelfspace")
        except psycopg.Error as error:
            raise ArtifactError(f"PostgreSQL cannot be reached for index {self.name}: {error}") from error

    def _prepare(self) -> None:
        with self._transaction() as run:
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
        register_vector(self._connection)

    @contextmanager
    def _transaction(self, *, snapshot: bool = False) -> Iterator[psycopg.Cursor]:
        """One transaction; with `snapshot` every statement of it sees the same state."""
        with self._mutex:
            if self._connection.broken:  # the server went away during an earlier call
                self._connection = self._connect()
                register_vector(self._connection)
            try:
                with self._connection.transaction(), self._connection.cursor(binary=True) as run:
                    if snapshot:
                        run.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    yield run
            except psycopg.Error as error:
                raise ArtifactError(f"PostgreSQL refused, index {self.name}: {error}") from error

    @property
    def sequence(self) -> int:
        """See `VectorIndex.sequence`."""
        with self._transaction() as run:
            return one(run, "SELECT sequence FROM shelfspace_indexes WHERE name = %s", (self.name,))[0]

    def __len__(self) -> int:
        with self._transaction() as run:
            return one(run, self._sql("SELECT count(*) FROM {table}"))[0]

    def __contains__(self, product_id: object) -> bool:
        with self._transaction() as run:
            query = self._sql("SELECT EXISTS (SELECT FROM {table} WHERE product_id = %s)")
            return isinstance(product_id, str) and one(run, query, (product_id,))[0]

    def upsert(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """See `VectorIndex.upsert`; one COPY, one transaction."""
        # Of an identifier given twice the last vector stays, at the first one's place.
        last = dict(zip(ids, checked_upsert(ids, vectors, self._dim), strict=True))
        if not last:
            return
        with self._transaction() as run:
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
        with self._transaction() as run:
            self._raise_sequence(run)
            run.execute(self._sql("DELETE FROM {table} WHERE product_id = ANY(%s)"), (list(ids),))
            return run.rowcount

    def search(
        self, queries: np.ndarray, k: int, allowed: Collection[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `VectorIndex.search`."""
        asked = checked_queries(queries, self._dim, k)
        scores = np.full((len(asked), k), -np.inf, np.float32)
        ids = np.full((len(asked), k), None, object)
        chosen = None if allowed is None else list(allowed)
        if chosen is not None and not chosen:
            return scores, ids
        with self._transaction(snapshot=True) as run:
            effort = one(run, "SELECT effort FROM shelfspace_indexes WHERE name = %s", (self.name,))[0]
            narrow = chosen is not None and len(chosen) <= max(GATHER_ROWS, 2 * k)
            approximate = effort is not None and not narrow
            chosen_scan: dict[str, object] = {
                "enable_seqscan": "off" if approximate else "on",
                "enable_indexscan": "on" if approximate else "off",
            }
            if approximate:
                chosen_scan["hnsw.ef_search"] = min(1000, max(effort, 2 * k + EXTRA))
                chosen_scan["hnsw.iterative_scan"] = "relaxed_order"
                chosen_scan["hnsw.max_scan_tuples"] = 2_000_000_000
            set_parameters(run, chosen_scan)
            for number, query in enumerate(asked):
                found = self._candidates(run, query, k, chosen, approximate)
                count = min(k, len(found))
                if count:
                    places = np.array([[place for place, _, _ in found]], np.int64)
                    vectors = np.array([vector for _, _, vector in found], np.float64)
                    exact = (vectors @ query.astype(np.float64))[None]
                    by_place = {place: product for place, product, _ in found}
                    best, rows = ordered(exact, places, count)
                    scores[number, :count] = best[0]
                    ids[number, :count] = [by_place[int(row)] for row in rows[0]]
        return scores, ids

    def _candidates(
        self, run: psycopg.Cursor, query: np.ndarray, k: int, chosen: list[str] | None, approximate: bool
    ) -> list[tuple[int, str, np.ndarray]]:
        """Place, identifier and vector of the products that may be among the k best."""
        values: dict[str, Any] = {"query": query, "chosen": chosen, "fetch": 2 * k + EXTRA}
        filtered = sql.SQL("TRUE" if chosen is None else "product_id = ANY(%(chosen)s)")
        wanted = self._sql("SELECT place, product_id, embedding FROM {table} WHERE {f} ", f=filtered)
        nearest = wanted + sql.SQL("ORDER BY embedding <#> %(query)b LIMIT %(fetch)s")
        found = fetched(run, nearest, values)
        if len(found) < values["fetch"]:
            if approximate:  # so few that all of them count; a graph may have missed some
                found = fetched(run, wanted, values)
            return found
        # A tie at the cut may reach past what was fetched: the products added first must win.
        scores = sorted((float(vector @ query) for _, _, vector in found), reverse=True)
        if round(scores[k - 1], DECIMALS) > round(scores[-1], DECIMALS):
            return found
        values["bound"] = -(scores[k - 1] - 2 * 10.0**-DECIMALS)
        return fetched(run, wanted + sql.SQL("AND (embedding <#> %(query)b) <= %(bound)s"), values)

    def calibrate(self, settings: ReleaseSettings, queries: np.ndarray | None = None) -> dict[str, Any]:
        """Choose between a scan and an HNSW graph by measuring recall@10; returns `describe()`.

        Up to `settings.exact_up_to` products the table is scanned. Above, a graph is built and its
        effort raised until it reaches `settings.min_recall`; where none does, the graph is dropped
        and the description says so. Later upserts enter the graph by themselves.

        Args:
            queries: (q, d) float32; default a sample of the stored vectors.
        """
        with self._transaction() as run:
            self._raise_sequence(run)
            self._forget(run)
        n = len(self)
        if n <= settings.exact_up_to:
            self._keep(None, {"recall_at_10": 1.0, "reason": f"{n} vectors are within release.exact_up_to"})
            return self.describe()
        own, asked = self._sample() if queries is None else (None, np.asarray(queries, np.float32)[:SAMPLE])
        truth = self._neighbours(asked, own)
        with self._transaction() as run:
            set_parameters(run, {"maintenance_work_mem": "512MB"})
            make = "CREATE INDEX {graph} ON {table} USING hnsw (embedding vector_ip_ops) WITH (" + GRAPH + ")"
            run.execute(self._sql(make))
            run.execute(self._sql("ANALYZE {table}"))
        tried = []
        for effort in EFFORTS:
            self._keep(effort, {})
            found = self._neighbours(asked, own)
            recall, error = overlap(found, truth), standard_error(found, truth)
            note = {"recall_at_10": round(recall, 4), "error": round(error, 4)}
            tried.append({"effort": effort, **note})
            if recall - MARGIN * error >= settings.min_recall:
                self._keep(effort, {**note, "queries": len(asked), "tried": tried})
                return self.describe()
        with self._transaction() as run:
            self._forget(run)
        reason = f"no effort reached recall@10 {settings.min_recall}"
        self._keep(None, {"recall_at_10": 1.0, "reason": reason, "tried": tried})
        return self.describe()

    def describe(self) -> dict[str, Any]:
        """See `VectorIndex.describe`; `effort` is `hnsw.ef_search`, None for a scan."""
        with self._transaction(snapshot=True) as run:
            n = one(run, self._sql("SELECT count(*) FROM {table}"))[0]
            query = "SELECT sequence, effort, note FROM shelfspace_indexes WHERE name = %s"
            sequence, effort, note = one(run, query, (self.name,))
        facts = {"kind": "pgvector", "rows": n, "dim": self._dim, "sequence": sequence, "effort": effort}
        return {**facts, **note}

    def drop(self) -> None:
        """Delete the index with everything in it."""
        with self._transaction() as run:
            run.execute(self._sql("DROP TABLE IF EXISTS {table}"))
            run.execute("DELETE FROM shelfspace_indexes WHERE name = %s", (self.name,))

    def close(self) -> None:
        """See `VectorIndex.close`."""
        self._connection.close()

    def _sql(self, text: str, **parts: sql.Composable) -> sql.Composed:
        """A statement with the index's own names, quoted."""
        return sql.SQL(text).format(table=self._table, graph=self._graph, **parts)

    def _raise_sequence(self, run: psycopg.Cursor) -> None:
        """Number this write; the row's lock makes other writers wait for its end."""
        run.execute("UPDATE shelfspace_indexes SET sequence = sequence + 1 WHERE name = %s", (self.name,))

    def _keep(self, effort: int | None, note: dict[str, Any]) -> None:
        with self._transaction() as run:
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
        with self._transaction(snapshot=True) as run:
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


def fetched(
    run: psycopg.Cursor, query: sql.Composed, values: dict[str, Any]
) -> list[tuple[int, str, np.ndarray]]:
    """Place, identifier and vector of the rows a query gives."""
    return [(place, product, vector.to_numpy()) for place, product, vector in run.execute(query, values)]


def one(run: psycopg.Cursor, query: str | sql.Composed, values: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """The single row a query gives."""
    row = run.execute(query, values).fetchone()
    assert row is not None  # noqa: S101 - aggregates and a row that opening has made
    return row


def set_parameters(run: psycopg.Cursor, values: dict[str, object]) -> None:
    """Set server parameters until the transaction ends, in one round trip."""
    calls = sql.SQL(", ").join([sql.SQL("set_config(%s, %s, true)")] * len(values))
    run.execute(sql.SQL("SELECT ") + calls, [str(part) for pair in values.items() for part in pair])
