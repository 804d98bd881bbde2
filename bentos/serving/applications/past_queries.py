"""Searches that shoppers made before, as far as they still find something, for /suggest."""

from pathlib import Path

import numpy as np
import pandas as pd

from bentos.serving.applications.opener import Opener
from releases.in_memory import InMemoryRelease
from retrieval.suggestions import PastQueries
from shelfspace.files import read_parquet, reading

__all__ = ["PAST_QUERIES"]

MOST = 5000
"""Searches that are kept in memory, the most frequent."""


def opened(folder: Path, release: InMemoryRelease) -> PastQueries:
    """The searches that a listing of the release has all words of."""
    path = folder / "queries.parquet"
    with reading(path, KeyError):
        table: pd.DataFrame = read_parquet(path)[["query", "sessions"]].head(MOST)
    lexical = release.catalogues.parts.lexical
    # A listing has all its words: what nobody sells is nobody's suggestion, however often it was typed.
    finds = [len(lexical.having_all(lexical.query(text))) > 0 for text in table["query"]]
    table = table[np.array(finds, bool)]  # a bare empty list would select columns
    return PastQueries(table["query"].tolist(), table["sessions"].tolist())


PAST_QUERIES = Opener("past_queries", opened)
