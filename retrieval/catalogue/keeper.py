"""The catalogue of each state of the changes, made once."""

import threading

import numpy as np

from retrieval.catalogue.parts import SearchParts
from retrieval.catalogue.updates import UpdatedProduct, read_updates
from retrieval.catalogue.view import CatalogueView
from retrieval.changes.view import LayeredView
from retrieval.query import Encoder

__all__ = ["CatalogueKeeper"]


class CatalogueKeeper:
    """Gives the catalogue of a view, made once for each state of the changes.

    What is derived from a product (its terms, its classes) is kept as long as the product's entry stays.
    """

    def __init__(self, parts: SearchParts, vectors: np.ndarray, encoder: Encoder) -> None:
        self.parts = parts
        self._vectors = vectors
        self._encoder = encoder
        self._mutex = threading.Lock()
        self._fresh: dict[str, UpdatedProduct] = {}
        self._newest: CatalogueView | None = None

    def catalogue(self, view: LayeredView) -> CatalogueView:
        """The catalogue of a view; views of one state share it."""
        newest = self._newest
        if newest is not None and newest.view.delta is view.delta:
            return newest
        with self._mutex:
            if self._newest is not None and self._newest.view.delta is view.delta:
                return self._newest
            put = {p: e for p, e in view.delta.entries.items() if e.vector is not None}
            kept = {p: f for p, f in self._fresh.items() if (e := put.get(p)) and e is f.entry}
            new = {p: e for p, e in put.items() if p not in kept}
            self._fresh = kept | read_updates(new, self.parts, self._encoder)
            self._newest = CatalogueView(self.parts, self._vectors, view, self._fresh)
            return self._newest
