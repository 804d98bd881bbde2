"""Vector indexes over the rows of a release, and the choice among them by measurement."""

from retrieval.vectors.base import RowIndex
from retrieval.vectors.build import build_index, measure_recall
from retrieval.vectors.faiss_index import ExactIndex, FaissIndex, load_index
from retrieval.vectors.order import search_rows

__all__ = [
    "ExactIndex",
    "FaissIndex",
    "RowIndex",
    "build_index",
    "load_index",
    "measure_recall",
    "search_rows",
]
