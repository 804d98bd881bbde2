"""The nearest products of a table, in one round trip: one prepared statement, which sees one state.

The statement also reads the effort the table is searched with now; an answer found with another one is
asked again. The server scores by the true vectors. Only where ties may reach past what was fetched, or a
graph gave too few, the questions are asked once more in a transaction that sees one state throughout.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from pgvector import Vector
from psycopg import sql

from retrieval.vectors.order import DECIMALS, ordered
from retrieval.vectors.postgres.connection import Server, one
from retrieval.vectors.proposed import GATHER_ROWS

__all__ = ["PARAMETERS", "Nearest"]

PARAMETERS = {"plan_cache_mode": "force_generic_plan", "jit": "off", "hnsw.iterative_scan": "relaxed_order",
              "hnsw.max_scan_tuples": "2000000000"}  # fmt: skip
"""Of a session that searches: statements are planned once, and a filter never ends a walk early."""
PEEK = 6
"""Products fetched beyond k, so that a tie at the cut is seen."""
MOST_EFFORT = 1000
"""The largest `hnsw.ef_search` there is."""
KEPT = 64
"""Composed statements that are kept."""

ALONE = """
SELECT 0, place, product_id, {distance}, (SELECT effort FROM shelfspace_indexes WHERE name = {name})
FROM {table} WHERE {filter} ORDER BY {distance} LIMIT {fetch}"""
TOGETHER = """
SELECT (asked.number - 1)::integer, near.*, (SELECT effort FROM shelfspace_indexes WHERE name = {name})
FROM unnest(%(queries)b::vector[]) WITH ORDINALITY AS asked (vector, number), LATERAL (
    SELECT place, product_id, {distance} FROM {table} WHERE {filter} ORDER BY {distance} LIMIT {fetch}
) AS near"""

Row = tuple[int, str, float]


class Nearest:
    """Searches one table.

    Args:
        server: a session with PARAMETERS.
        name: of the index.
        table: of its products.
    """

    def __init__(self, server: Server, name: str, table: sql.Identifier) -> None:
        self._server = server
        self._name = name
        self._table = table
        self._effort: int | None = None
        self._composed: dict[tuple[bool, bool, bool, int], str] = {}

    def search(self, asked: np.ndarray, k: int, chosen: list[str] | None) -> tuple[np.ndarray, np.ndarray]:
        """Scores (q, k) float32 and identifiers (q, k) object; see `VectorIndex.search`.

        Args:
            asked: (q, d) float32, checked.
            chosen: the only products that may be found, at least one; None for all.
        """
        narrow = chosen is not None and len(chosen) <= max(GATHER_ROWS, 2 * k)
        with self._server.connected() as connection:
            while True:
                effort = self._effort
                self._tune(effort, k)
                graph = effort is not None and not narrow
                found, now = self._at_once(connection, asked, k + PEEK, chosen, graph)
                if now == effort and all(settled(part, k, k + PEEK, graph) for part in found):
                    return shaped(found, k)
                if now == effort:
                    with self._server.transaction(snapshot=True) as run:
                        now = self._now(run)
                        if now == effort:
                            found = [self._surely(run, query, k, chosen, graph) for query in asked]
                            return shaped(found, k)
                self._effort = now

    def _tune(self, effort: int | None, k: int) -> None:
        """Let the server walk the graph, or scan."""
        if effort is None:
            self._server.set({"enable_seqscan": "on", "enable_sort": "on"})
        else:
            walk = min(MOST_EFFORT, max(effort, k + PEEK))
            self._server.set({"enable_seqscan": "off", "enable_sort": "off", "hnsw.ef_search": str(walk)})

    def _now(self, run: psycopg.Cursor) -> int | None:
        return one(run, "SELECT effort FROM shelfspace_indexes WHERE name = %s", (self._name,))[0]

    def _at_once(
        self,
        connection: psycopg.Connection,
        asked: np.ndarray,
        fetch: int,
        chosen: list[str] | None,
        graph: bool,
    ) -> tuple[list[list[Row]], int | None]:
        """Up to `fetch` products of each query, and the effort of the state they are of."""
        alone = len(asked) == 1
        vectors = [Vector(query) for query in asked]
        values: dict[str, Any] = {"query": vectors[0]} if alone else {"queries": vectors}
        if chosen is not None:
            values["chosen"] = chosen
        statement = self._statement(connection, alone, chosen is not None, graph, fetch)
        found: list[list[Row]] = [[] for _ in asked]
        effort = self._effort
        with connection.cursor(binary=True) as run:
            rows = run.execute(statement, values, prepare=True).fetchall()
            for number, place, product, distance, now in rows:
                found[number].append((place, product, -distance))
                effort = now
        return found, effort

    def _statement(
        self, connection: psycopg.Connection, alone: bool, filtered: bool, graph: bool, fetch: int
    ) -> str:
        key = (alone, filtered, graph, fetch)
        if key not in self._composed:
            if len(self._composed) >= KEPT:
                self._composed.clear()
            composed = sql.SQL(ALONE if alone else TOGETHER).format(
                distance=distance("%(query)b" if alone else "asked.vector", graph),
                table=self._table,
                name=sql.Literal(self._name),
                filter=sql.SQL("product_id = ANY(%(chosen)s)" if filtered else "TRUE"),
                fetch=sql.Literal(fetch),
            )
            self._composed[key] = composed.as_string(connection)
        return self._composed[key]

    def _surely(
        self, run: psycopg.Cursor, query: np.ndarray, k: int, chosen: list[str] | None, graph: bool
    ) -> list[Row]:
        """All products that may be among the k best of a query."""
        fetch = 2 * k + PEEK
        values: dict[str, Any] = {"query": Vector(query), "chosen": chosen, "fetch": fetch}
        wanted = sql.SQL("SELECT place, product_id, -({score}) FROM {table} WHERE {filter} ").format(
            score=distance("%(query)b", graph=True),
            table=self._table,
            filter=sql.SQL("TRUE" if chosen is None else "product_id = ANY(%(chosen)s)"),
        )
        order = sql.SQL("ORDER BY {distance} LIMIT %(fetch)s").format(distance=distance("%(query)b", graph))
        found: list[Row] = run.execute(wanted + order, values).fetchall()
        if len(found) < fetch:
            # So few that all of them count; a graph may have missed some.
            return run.execute(wanted, values).fetchall() if graph else found
        if settled(found, k, fetch, graph):
            return found
        # The tie reaches past what was fetched: the products added first must win.
        values["bound"] = -(
            sorted((score for _, _, score in found), reverse=True)[k - 1] - 2 * 10.0**-DECIMALS
        )
        tied = sql.SQL("AND ({distance}) <= %(bound)s").format(distance=distance("%(query)b", graph=True))
        return run.execute(wanted + tied, values).fetchall()


def distance(query: str, graph: bool) -> sql.Composable:
    """The negative inner product with a query; as a sum it is no order that a graph could give."""
    return sql.SQL(f"embedding <#> {query}" if graph else f"(embedding <#> {query}) + 0")


def settled(found: Sequence[Row], k: int, fetch: int, graph: bool) -> bool:
    """Whether the k best are sure among what was found, of which at most `fetch` were asked for."""
    if len(found) < fetch:
        return not graph
    scores = sorted((score for _, _, score in found), reverse=True)
    return round(scores[k - 1], DECIMALS) > round(scores[-1], DECIMALS)


def shaped(found: Sequence[Sequence[Row]], k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each query, best first, ties by place."""
    scores = np.full((len(found), k), -np.inf, np.float32)
    ids = np.full((len(found), k), None, object)
    for number, part in enumerate(found):
        if not part:
            continue
        count = min(k, len(part))
        places = np.array([[place for place, _, _ in part]], np.int64)
        products = {place: product for place, product, _ in part}
        best, rows = ordered(np.array([[score for _, _, score in part]]), places, count)
        scores[number, :count] = best[0]
        ids[number, :count] = [products[row] for row in rows[0].tolist()]
    return scores, ids
