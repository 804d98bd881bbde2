"""A release's vectors in PostgreSQL: written once, by one process, whole or not at all.

`shelfspace_rows` says what is there: a table is filled where its entry, which is written in the same
transaction, has the number and the fingerprint of the release's vectors and the table has as many rows.
Two advisory locks go with each: one orders those that fill, the other is held by those that search, so
that nobody drops what another process answers from. The server frees both when their holder dies.
"""

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from retrieval.vectors.postgres.connection import Server, one
from retrieval.vectors.postgres.effort import measured
from shelfspace.errors import ArtifactError
from shelfspace.settings import ReleaseSettings

__all__ = ["Rows", "drop_unkept", "fill", "filled", "hold", "table_of"]

FILLS, SEARCHES = 0x5348_4601, 0x5348_4602
"""First keys of the two advisory locks; the second is the hash of the name."""
GRAPH = "m = 16, ef_construction = 128"
SAMPLE = 256
HELD_OUT = 4
"""At most one vector in so many is left out of the graph while its recall is measured."""
BLOCK = 16_384
REPORT_SECONDS = 5.0
WAIT_SECONDS = 0.5
MOST_MEMORY = 4096
"""Megabytes that building a graph may take at most; beyond, the server builds on its disk."""
CATALOGUE = """
CREATE TABLE IF NOT EXISTS shelfspace_rows (
    name text PRIMARY KEY, catalogue text NOT NULL, fingerprint text NOT NULL, rows integer NOT NULL,
    dim integer NOT NULL, effort integer, note jsonb NOT NULL, filled timestamptz NOT NULL DEFAULT now()
)"""
ENTRY = """
INSERT INTO shelfspace_rows (name, catalogue, fingerprint, rows, dim, effort, note)
VALUES (%s, %s, %s, %s, %s, %s, %s)"""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Rows:
    """The vectors of one release, as PostgreSQL knows them.

    Attributes:
        name: of the release.
        catalogue: whose release it is; what is pruned together.
        fingerprint: hash of the vectors.
        shape: number and length of the vectors.
    """

    name: str
    catalogue: str
    fingerprint: str
    shape: tuple[int, int]


def table_of(name: str) -> sql.Identifier:
    """The table of a release's rows."""
    return sql.Identifier(f"shelfspace_rows_{name}")


def hold(server: Server, name: str) -> None:
    """Keep a table from being dropped while this session lasts."""
    with server.connected() as connection:
        connection.execute("SELECT pg_advisory_lock_shared(%s, hashtext(%s))", (SEARCHES, name))


def filled(server: Server, rows: Rows) -> dict[str, Any] | None:
    """Effort and what was measured, of a table that holds these vectors; None where it does not."""
    with server.transaction() as run:
        if one(run, "SELECT to_regclass('shelfspace_rows')")[0] is None:
            return None
        query = "SELECT fingerprint, rows, dim, effort, note FROM shelfspace_rows WHERE name = %s"
        entry = run.execute(query, (rows.name,)).fetchone()
        table = table_of(rows.name)
        there = one(run, "SELECT to_regclass(%s)", (table.as_string(run),))[0] is not None
        if entry is None or entry[:3] != (rows.fingerprint, *rows.shape) or not there:
            return None
        count = one(run, sql.SQL("SELECT count(*) FROM {}").format(table))[0]
        return {"effort": entry[3], **entry[4]} if count == rows.shape[0] else None


def fill(
    server: Server,
    rows: Rows,
    vectors: np.ndarray,
    settings: ReleaseSettings,
    say: Say,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Write the vectors, build the graph, measure its recall; what another process has done is used.

    Args:
        server: a session of its own, without a bound on its statements.
        vectors: (n, d) float32 of unit length.
        settings: `min_recall` that the graph must reach; where none does, the table is scanned.
        say: told how far it is.
        stopped: asked now and then whether to give up.

    Returns:
        What `filled` gives.

    Raises:
        ArtifactError: the server cannot be reached, refuses, lacks pgvector, or `stopped` said so.
    """
    with server.transaction() as run:
        run.execute("SELECT pg_advisory_xact_lock(%s, 0)", (FILLS,))
        run.execute("CREATE EXTENSION IF NOT EXISTS vector")
        run.execute(CATALOGUE)
    said = False
    while True:
        go_on(stopped)
        with server.transaction() as run:
            query = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
            if one(run, query, (FILLS, rows.name))[0]:
                break
        if not said:
            say("another process fills PostgreSQL with this release; waiting for it")
            said = True
        time.sleep(WAIT_SECONDS)
    try:
        found = filled(server, rows)
        if found is None:
            write(server, rows, vectors, settings, say, stopped)
            found = filled(server, rows)
    finally:
        server.close()  # with it the lock
    if found is None:
        raise ArtifactError(f"PostgreSQL lost the rows of {rows.name} while they were written; try again")
    return found


def write(
    server: Server,
    rows: Rows,
    vectors: np.ndarray,
    settings: ReleaseSettings,
    say: Say,
    stopped: Callable[[], bool],
) -> None:
    """One transaction: table, graph, measurement and entry."""
    (n, d), table = rows.shape, table_of(rows.name)
    out = np.sort(np.random.default_rng(0).permutation(n)[: min(SAMPLE, n // HELD_OUT)])
    with server.transaction() as run:
        run.execute("DELETE FROM shelfspace_rows WHERE name = %s", (rows.name,))
        run.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
        kind = sql.SQL("CREATE TABLE {} (row integer NOT NULL, vector halfvec({}) NOT NULL)")
        run.execute(kind.format(table, sql.Literal(d)))
        kept = np.ones(n, bool)
        kept[out] = False
        copy_rows(run, table, vectors, np.flatnonzero(kept), say, stopped)
        say(f"building PostgreSQL's graph over {n} vectors; minutes for a million")
        megabytes = min(MOST_MEMORY, max(64, round(1.5 * n * (2 * d + 400) / 1e6)))
        run.execute(sql.SQL("SET LOCAL maintenance_work_mem = {}").format(sql.Literal(f"{megabytes}MB")))
        make = "CREATE INDEX {} ON {} USING hnsw (vector halfvec_ip_ops) WITH (" + GRAPH + ")"
        graph = sql.Identifier(f"shelfspace_rows_graph_{rows.name}")
        run.execute(sql.SQL(make).format(graph, table))
        effort, note = measured(run, table, vectors, out, settings.min_recall, say)
        if effort is None:
            run.execute(sql.SQL("DROP INDEX {}").format(graph))
        copy_rows(run, table, vectors, out, say, stopped)
        run.execute(ENTRY, (rows.name, rows.catalogue, rows.fingerprint, n, d, effort, Jsonb(note)))
    say(f"PostgreSQL holds {n} vectors, effort {effort}, recall@10 {note['recall_at_10']}")


def copy_rows(
    run: psycopg.Cursor,
    table: sql.Identifier,
    vectors: np.ndarray,
    chosen: np.ndarray,
    say: Say,
    stopped: Callable[[], bool],
) -> None:
    """Copy some rows into the table, in PostgreSQL's binary form, which numpy lays out a block at a time."""
    told = time.monotonic()
    with run.copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(table)) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0))
        for done, block in blocks(vectors, chosen):
            go_on(stopped)
            copy.write(block)
            if time.monotonic() - told > REPORT_SECONDS:
                told = time.monotonic()
                say(f"filling PostgreSQL: {done} of {len(chosen)} vectors")
        copy.write(struct.pack(">h", -1))


def blocks(vectors: np.ndarray, chosen: np.ndarray) -> Iterator[tuple[int, bytes]]:
    """Rows as COPY reads them, and how many there were so far."""
    d = vectors.shape[1]
    layout = np.dtype([
        ("fields", ">i2"), ("row_bytes", ">i4"), ("row", ">i4"),
        ("vector_bytes", ">i4"), ("dim", ">u2"), ("unused", ">u2"), ("values", ">f2", (d,)),
    ])  # fmt: skip
    for start in range(0, len(chosen), BLOCK):
        part = chosen[start : start + BLOCK]
        block = np.zeros(len(part), layout)
        block["fields"], block["row_bytes"], block["vector_bytes"], block["dim"] = 2, 4, 4 + 2 * d, d
        block["row"], block["values"] = part, vectors[part]
        yield start + len(part), block.tobytes()


def drop_unkept(server: Server, catalogue: str, keep: set[str]) -> list[str]:
    """Drop the tables of a catalogue's other releases, except those that some process searches.

    Returns:
        The names that are gone.
    """
    gone = []
    with server.transaction() as run:
        if one(run, "SELECT to_regclass('shelfspace_rows')")[0] is None:
            return []
        names = run.execute(
            "SELECT name FROM shelfspace_rows WHERE catalogue = %s ORDER BY name", (catalogue,)
        )
        for (name,) in names.fetchall():
            query = "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))"
            if name not in keep and one(run, query, (SEARCHES, name))[0]:
                run.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table_of(name)))
                run.execute("DELETE FROM shelfspace_rows WHERE name = %s", (name,))
                gone.append(name)
    return gone


def go_on(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise ArtifactError("filling PostgreSQL was given up: the service stops")
