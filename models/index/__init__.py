"""Vector indexes: one protocol, an exact and an approximate one, and the choice between them."""

from models.index.build import build_index, measure_recall
from models.index.search import ExactIndex, FaissIndex, VectorIndex, load_index, search_rows

__all__ = [
    "ExactIndex",
    "FaissIndex",
    "VectorIndex",
    "build_index",
    "load_index",
    "measure_recall",
    "search_rows",
]
