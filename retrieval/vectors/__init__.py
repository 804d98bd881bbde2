"""Vector indexes: rows of a release, changes over them, and the choice among them by measurement."""

from retrieval.changes.log import Header
from retrieval.changes.records import Record
from retrieval.changes.segment import DeltaLimits
from retrieval.changes.view import LayeredIndex, LayeredView
from retrieval.vectors.base import RowIndex, VectorIndex
from retrieval.vectors.build import build_index, measure_recall
from retrieval.vectors.faiss_index import ExactIndex, FaissIndex, load_index
from retrieval.vectors.order import search_rows

__all__ = [
    "DeltaLimits",
    "ExactIndex",
    "FaissIndex",
    "Header",
    "LayeredIndex",
    "LayeredView",
    "Record",
    "RowIndex",
    "VectorIndex",
    "build_index",
    "load_index",
    "measure_recall",
    "search_rows",
]
