"""How much of a graph in PostgreSQL a search has to walk, measured on vectors that it does not hold yet."""

from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg
from pgvector import HalfVector
from psycopg import sql

from retrieval.vectors.build import MARGIN
from retrieval.vectors.exact import DECIMALS, search_rows

__all__ = ["measured"]

EFFORTS = (20, 40, 60, 80, 120, 160, 240, 400, 640, 1000)
SPARE = 6
"""Candidates beyond ten, as a search fetches them."""
MEASURE = """
SELECT array(SELECT near.row FROM (SELECT row FROM {table} ORDER BY vector <#> asked.vector LIMIT %s) AS near)
FROM unnest(%s::text[]::halfvec[]) WITH ORDINALITY AS asked (vector, number) ORDER BY asked.number"""


def measured(
    run: psycopg.Cursor,
    table: sql.Identifier,
    vectors: np.ndarray,
    out: np.ndarray,
    least: float,
    say: Callable[[str], None],
) -> tuple[int | None, dict[str, Any]]:
    """The least effort whose recall@10 is `least` by two standard errors; None where none is.

    Args:
        out: rows that the graph does not hold yet: the queries.
    """
    if len(out) < 10:
        return EFFORTS[-1], {"recall_at_10": 1.0, "reason": f"{len(vectors)} vectors are too few to measure"}
    asked = np.asarray(vectors[out], np.float32)
    best, near = search_rows(np.asarray(vectors), asked, min(len(vectors), 10 + len(out)))
    # Whoever scores as the tenth does is as right as it is: a search settles such ties by itself.
    tenth = [line[~np.isin(rows, out)][:10].min() for line, rows in zip(best, near, strict=True)]
    texts = [HalfVector(query).to_text() for query in asked]
    tried: list[dict[str, Any]] = []
    run.execute("SET LOCAL enable_seqscan = off")
    run.execute("SET LOCAL enable_sort = off")
    for effort in EFFORTS:
        run.execute(sql.SQL("SET LOCAL hnsw.ef_search = {}").format(sql.Literal(effort)))
        lines = run.execute(sql.SQL(MEASURE).format(table=table), (10 + SPARE, texts)).fetchall()
        shares: list[float] = []
        for query, (rows,), last in zip(asked, lines, tenth, strict=True):
            scores = np.asarray(vectors[rows], np.float32) @ query
            right = int(np.count_nonzero(scores >= last - 10.0**-DECIMALS))
            shares.append(min(10, right) / 10)
        recall, error = float(np.mean(shares)), float(np.std(shares) / np.sqrt(len(shares)))
        tried.append({"effort": effort, "recall_at_10": round(recall, 4), "error": round(error, 4)})
        say(f"effort {effort} recalls {recall:.4f}")
        if recall - MARGIN * error >= least:
            return effort, {**tried[-1], "queries": len(out), "tried": tried}
    return None, {"recall_at_10": 1.0, "reason": f"no effort reached recall@10 {least}", "tried": tried}
