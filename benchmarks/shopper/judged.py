"""Queries that people judged, asked of a release of the catalogue they are of.

judged_search: 4,932 texts and 131 queries, with judgements from 0 to 3. A judgement of 2 is half an answer
and below that it is none; what nobody judged is none either.
"""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.shopper.intention import FIRST, Answer, Ask, Check, Intention, Score, generator
from benchmarks.shopper.shop import Shop
from benchmarks.shopper.spelling import Vocabulary, misspelt
from retrieval.ranking.training.judgements import read_judgements
from shelfspace.errors import InputError
from shelfspace.files import write_bytes, write_text

__all__ = [
    "NAME",
    "WORKSPACE",
    "judged_intentions",
    "judged_queries",
    "judged_workspace",
    "ndcg",
    "write_judgements",
]

NAME = "judged_search"
WORKSPACE = "judged-search"
GAINS = np.array([0, 0, 0.5, 1.0, 1.0])
"""Of a judgement of 0, 1, 2, ..."""
CATALOG = """\
name: judged_search
products: {path: products.csv}
"""


def judged_folder() -> Path | None:
    """Where the data lie; None where they are not."""
    place = Path(os.environ.get("SHELFSPACE_DATA", "")) / NAME
    return place if (place / "judgements.csv").is_file() else None


def judged_queries() -> dict[str, dict[str, int]]:
    """Query to product to judgement, of the queries that have an answer.

    Raises:
        InputError: the data are not there.
    """
    folder = judged_folder()
    if folder is None:
        raise InputError(
            "SHELFSPACE_DATA", os.environ.get("SHELFSPACE_DATA", ""), f"name the folder of {NAME}"
        )
    found = read_judgements(folder).grades
    return {query: dict(grades) for query, grades in found.items() if GAINS[list(grades.values())].any()}


def write_judgements(judgements: Mapping[str, Mapping[str, int]], folder: Path) -> None:
    """A folder of judgements, as a workspace has it."""
    rows = [(query, product, grade) for query, own in judgements.items() for product, grade in own.items()]
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(rows, columns=["query", "product_id", "relevance"])
    table.to_csv(folder / "judged.csv", index=False)


def judged_workspace(cache: Path) -> Path:
    """The folder of a workspace that the whole chain has released from the texts, none of the judgements
    known to it; what has not changed since is not made again.

    Args:
        cache: a folder, where the catalogue is put and the workspace made.

    Raises:
        InputError: the data are not there, or the chain failed.
    """
    folder = judged_folder()
    if folder is None:
        raise InputError(
            "SHELFSPACE_DATA", os.environ.get("SHELFSPACE_DATA", ""), f"name the folder of {NAME}"
        )
    catalogue = cache / "catalogues" / NAME
    catalogue.mkdir(parents=True, exist_ok=True)
    write_text(catalogue / "catalog.yaml", CATALOG)
    write_bytes(catalogue / "products.csv", gzip.decompress((folder / "products.csv.gz").read_bytes()))
    told = {**os.environ, "SHELFSPACE_WORKSPACES": str(cache / "workspaces")}
    command = [sys.executable, "-m", "dagster_project.cli", "demo", "--catalog", str(catalogue)]
    done = subprocess.run(command, env=told, check=False)
    if done.returncode:
        raise InputError("chain", " ".join(command), "mend what it said above, and measure again")
    return cache / "workspaces" / WORKSPACE


def judged_intentions(shop: Shop) -> Iterator[Intention]:
    """The queries as they are, and with a typo; of another catalogue none."""
    if shop.name != WORKSPACE:
        return
    known = Vocabulary(one.text for one in shop.products)
    for query, grades in judged_queries().items():
        best = max(grades, key=lambda product: grades[product])
        wanted = f"{shop.by_id[best].title} and others"
        yield Intention(
            "judged query", {"text": query}, graded(grades), wanted, row="judged_plain", language="en"
        )
        wrong = misspelt(query, known, generator(f"judged {query}"))
        if wrong is not None:
            yield Intention(
                "judged query with a typo", {"text": wrong}, over_right(query, grades), wanted,
                row="typo_ratio", language="en",
            )  # fmt: skip


def graded(grades: Mapping[str, int]) -> Check:
    """nDCG@10 of an answer by people's judgements."""
    return lambda answer, ask: Score(ndcg(answer.ids, grades))


def over_right(right: str, grades: Mapping[str, int]) -> Check:
    """The same over that of the right spelling."""

    def check(answer: Answer, ask: Ask) -> Score:
        best = ndcg(ask({"text": right}, k=FIRST).ids, grades)
        return Score(ndcg(answer.ids, grades), best, f"the right spelling, {right!r}, gets {best:.2f}")

    return check


def ndcg(ids: list[str], grades: Mapping[str, int]) -> float:
    """nDCG@10 of a ranking; products that nobody judged gain nothing."""
    gains = GAINS[[grades.get(product, 0) for product in ids[:FIRST]]]
    return cumulated(gains) / cumulated(np.sort(GAINS[list(grades.values())])[::-1][:FIRST])


def cumulated(gains: np.ndarray) -> float:
    """Discounted by the logarithm of the place."""
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())
