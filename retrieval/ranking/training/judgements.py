"""Judgements that people made: which product answers which query, and how well.

A folder of CSV files in UTF-8, each with the columns `query`, `product_id` and `relevance`: 0 is no
answer, 1 a fair one, 2 a good one, and higher grades better still, up to 4. A query's products may
be spread over rows and files; what is not judged counts as 0. A query that shall have no answer has
one row with an empty product_id and relevance 0.

    query,product_id,relevance,weight,source
    red running shoe,p00017,2,1,anna
    red running shoe,p00044,1,0.2,clicks
    qwzx flurble,,0,1,anna

`weight` (above 0; 1 where the column or cell is empty) says how much a judgement counts beside others: a
query counts by the mean of its judgements' weights, and of two that differ on one product the heavier stands.
`source` says who or what judged; without it that is the name of the file.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from shelfspace.errors import InputError

__all__ = ["HIGHEST", "NO_JUDGEMENTS", "Judgements", "judgements_of", "read_judgements"]

COLUMNS = ("query", "product_id", "relevance")
HIGHEST = 4


@dataclass(frozen=True)
class Judgements:
    """What people judged.

    Attributes:
        grades: query to product to grade.
        weights: of each query, above 0; a query without counts 1.
        sources: how many judgements each source gave.
    """

    grades: Mapping[str, Mapping[str, int]]
    weights: Mapping[str, float] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)


NO_JUDGEMENTS = Judgements({})


def judgements_of(table: pd.DataFrame) -> Judgements:
    """Judgements of a table that is right: a row a query and product, with relevance and weight."""
    grades: dict[str, dict[str, int]] = {}
    for query, product, relevance in table[list(COLUMNS)].itertuples(index=False):
        grades.setdefault(query, {})[product] = int(relevance)
    weights = {str(query): float(own) for query, own in table.groupby("query")["weight"].mean().items()}
    return Judgements(grades, weights, {"clicks": len(table)} if len(table) else {})


def read_judgements(folder: Path) -> Judgements:
    """The judgements of a folder, files by name and rows in order.

    Raises:
        InputError: no file, a column that is missing, an empty query, a relevance that is no grade, a weight
            that is none, or a product judged twice for one query in two ways that weigh the same. The message
            names file and row.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise InputError("judgements", str(folder), f"put CSV files with {', '.join(COLUMNS)} there")
    found: dict[str, dict[str, int]] = {}
    weights: dict[str, list[float]] = {}
    heaviest: dict[tuple[str, str], float] = {}
    sources: Counter[str] = Counter()
    for path in files:
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise InputError(path.name, str(error), "write a CSV file in UTF-8 with a header") from error
        missing = [name for name in COLUMNS if name not in table]
        if missing:
            raise InputError(f"{path.name}: columns", list(table), f"add {', '.join(missing)}")
        for name, default in (("weight", "1"), ("source", path.stem)):
            table[name] = table[name].str.strip().replace("", default) if name in table else default
        for number, (query, product, relevance, said, source) in enumerate(
            zip(*(table[name].str.strip() for name in (*COLUMNS, "weight", "source")), strict=True), 2
        ):
            place = f"{path.name} line {number}"
            if not query:
                raise InputError(f"{place}: query", query, "say what was searched for")
            if relevance not in {str(grade) for grade in range(HIGHEST + 1)}:
                raise InputError(f"{place}: relevance", relevance, f"give a whole number from 0 to {HIGHEST}")
            weight = weight_of(said, place)
            grades = found.setdefault(query, {})
            weights.setdefault(query, []).append(weight)
            sources[source] += 1
            if not product:
                if relevance != "0":
                    raise InputError(f"{place}: product_id", product, "name the product that is relevant")
                continue
            before = heaviest.get((query, product), 0.0)
            if grades.get(product, int(relevance)) != int(relevance) and weight == before:
                remedy = f"it was {grades[product]} before; keep one, or give them different weights"
                raise InputError(f"{place}: relevance", relevance, remedy)
            if weight > before:
                grades[product], heaviest[query, product] = int(relevance), weight
    return Judgements(found, {query: float(np.mean(own)) for query, own in weights.items()}, dict(sources))


def weight_of(text: str, place: str) -> float:
    """A cell of the column `weight`.

    Raises:
        InputError: it is no number above 0.
    """
    try:
        weight = float(text)
    except ValueError:
        weight = float("nan")
    if not 0 < weight < float("inf"):
        raise InputError(f"{place}: weight", text, "give a number above 0, or leave it empty for 1")
    return weight
