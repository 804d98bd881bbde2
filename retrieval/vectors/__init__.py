"""Vector indexes: rows of a release, changes over them, and the choice among them by measurement."""

from models.index.build import build_index, measure_recall
from models.index.delta import DeltaLimits
from models.index.layered import LayeredIndex, LayeredView
from models.index.log import Header
from models.index.order import search_rows
from models.index.protocol import RowIndex, VectorIndex
from models.index.records import Record
from models.index.search import ExactIndex, FaissIndex, load_index

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
