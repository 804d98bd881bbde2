"""Vector indexes over the rows of a release, and the choice among them by measurement."""

from retrieval.vectors.base import RowIndex
from retrieval.vectors.build import build_index, measure_recall
from retrieval.vectors.exact import ExactIndex, search_rows
from retrieval.vectors.faiss_index import FaissIndex, load_index

__all__ = [
    "ExactIndex",
    "FaissIndex",
    "RowIndex",
    "build_index",
    "load_index",
    "measure_recall",
    "search_rows",
]
