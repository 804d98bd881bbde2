"""One state of the shop, release and changes since, as search, filters and pages see it.

Products stand in positions 0, 1, ...: those of the release in their rows, those added since after them.
A position names one product while a state lasts, and positions keep the order of `LayeredView` rows.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bentos.facts import BLANK, ProductFacts, attributes_of, plain
from bentos.fresh import Fresh, column_facts, read_fresh
from insights.search.columns import Columns
from insights.search.fusion import FusionModel
from insights.search.hybrid import HybridSearch, Rows
from insights.search.layers import LayeredLexical, LayeredRows
from insights.search.lexical import LexicalIndex
from insights.search.pages import Sort, sorted_rows
from models.index import LayeredView
from models.index.delta import DeltaView
from models.product_encoder import ProductEncoder

__all__ = ["SearchParts", "Shelf", "ShelfKeeper"]


@dataclass(frozen=True, eq=False)
class SearchParts:
    """What a release brings to its search; never changed.

    Attributes:
        columns: what is filtered and sorted by.
        lexical: words of the products.
        fusion: how words and vectors are put together.
        classes: (n, k) float32 class probabilities of the products; None without classes.
        modalities: name to (n, d) vectors of each product seen through that modality alone, zero
            where the product lacks it; empty where the release does not hold them.
        together: product to what is bought with it and how strongly, the strongest first.
        floors: kind of query to the lowest score of a hit that is sorted by price.
    """

    facts: ProductFacts
    columns: Columns
    lexical: LexicalIndex
    fusion: FusionModel
    classes: np.ndarray | None
    modalities: Mapping[str, np.ndarray]
    together: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)
    floors: Mapping[str, float] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """What /release says of the search."""
        learned = {kind: part.queries for kind, part in sorted(self.fusion.parts.items())}
        return {
            "fusion": "learned" if learned else "reciprocal ranks",
            "judged_queries": learned,
            "kinds_of_query": self.fusion.describe(),
            "score_floors": dict(self.floors),
            "lexical": self.lexical.describe(),
            "modalities": sorted(self.modalities),
            "bought_together": len(self.together),
        }


class Shelf:
    """See the module. Made by `ShelfKeeper`.

    Attributes:
        view: the vectors of the same state.
        columns: of all positions.
        search: ranks positions.
        modalities: as `SearchParts.modalities`, of all positions.
        fresh: positions of products put since the release, ascending.
        hidden: positions of the release's products that were replaced or deleted, ascending.
    """

    def __init__(
        self, parts: SearchParts, vectors: np.ndarray, view: LayeredView, fresh: Mapping[str, Fresh]
    ) -> None:
        self.parts = parts
        self.view = view
        delta, self._n = view.delta, len(vectors)
        self._added = delta.rows[np.searchsorted(delta.rows, self._n) :]
        self.hidden = delta.hidden
        self.fresh = self.positions(delta.rows)
        self.columns = self._columns(delta)
        self._orders: dict[Sort, np.ndarray] = {}
        classes: Rows | None = parts.classes
        lexical: LexicalIndex | LayeredLexical = parts.lexical
        table: Rows = np.asarray(vectors)  # a plain view: a memory map's own type costs time at each cut
        self.modalities: Mapping[str, Rows] = parts.modalities
        if len(delta.hidden) or fresh:
            places = self.fresh
            own = [fresh[delta.ids[row]] for row in delta.rows.tolist()]
            listings = {place: one.listing for place, one in zip(places.tolist(), own, strict=True)}
            lexical = LayeredLexical(parts.lexical, len(self), listings, delta.hidden)
            table = LayeredRows(vectors, places, delta.vectors)
            if parts.classes is not None:
                width = parts.classes.shape[1]
                classes = LayeredRows(parts.classes, places, stacked([f.classes for f in own], width))
            self.modalities = {
                name: LayeredRows(base, places, stacked([f.modalities.get(name) for f in own], base.shape[1]))
                for name, base in parts.modalities.items()
            }
        self.classes = classes
        self.search = HybridSearch(lexical, Positions(self), table, parts.fusion, classes)

    def __len__(self) -> int:
        return self._n + len(self._added)

    def _columns(self, delta: DeltaView) -> Columns:
        if not delta.entries and not len(delta.hidden):
            return self.parts.columns
        places = {product: self.position(entry.row) for product, entry in delta.entries.items()}
        facts = {places[p]: column_facts(entry) for p, entry in delta.entries.items()}
        deleted = set(delta.hidden.tolist()) - set(places.values())
        added = [delta.ids[row] for row in self._added.tolist()]
        return self.parts.columns.overlaid(facts, added, deleted)

    def position(self, row: int) -> int:
        """Where a row of the view stands."""
        return row if row < self._n else self._n + int(np.searchsorted(self._added, row))

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Where rows of the view stand; -1 stays."""
        if not len(self._added):
            return rows
        return np.where(rows < self._n, rows, self._n + np.searchsorted(self._added, rows))

    def rows(self, positions: np.ndarray) -> np.ndarray:
        """Rows of the view."""
        if not len(self._added):
            return positions
        after = np.clip(positions - self._n, 0, len(self._added) - 1)
        return np.where(positions < self._n, positions, self._added[after])

    def position_of(self, product: str) -> int | None:
        """Where a product stands; None where it is not there."""
        row = self.view.row_of(product)
        return None if row is None else self.position(row)

    def product(self, position: int) -> str:
        """The product at a position."""
        return self.view.id_of(position if position < self._n else int(self._added[position - self._n]))

    def named(self, text: str) -> list[int]:
        """Positions of the products that are there and have a text as their title or identifier."""
        name = plain(text)
        if not name:
            return []
        found = [row for row in self.parts.facts.named.get(name, ()) if not self._outdated(row)]
        return sorted([*found, *self._fresh_named.get(name, ())])

    def _outdated(self, row: int) -> bool:
        place = int(np.searchsorted(self.hidden, row))
        return place < len(self.hidden) and int(self.hidden[place]) == row

    @cached_property
    def _fresh_named(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row, product in self.view.delta.ids.items():
            title = self.view.delta.entries[product].facts.get("title", "")
            for name in {plain(title), plain(product)} - {""}:
                found.setdefault(name, []).append(self.position(row))
        return found

    def near(self, queries: np.ndarray, k: int) -> np.ndarray:
        """(q, k) positions nearest to queries, best first; -1 is padding."""
        return self.positions(self.view.search(queries, min(k, len(self)))[1])

    def classes_of(self, product: str) -> np.ndarray:
        """(classes,) float32 probabilities of a product that is there; empty without classes."""
        place = self.position_of(product)
        if self.classes is None or place is None:
            return np.empty(0, np.float32)
        return np.asarray(self.classes[np.array([place])][0])

    @cached_property
    def there(self) -> np.ndarray:
        """(positions,) bool: products that are not deleted."""
        return ~self.columns.deleted

    def order(self, sort: Sort) -> np.ndarray:
        """All positions in catalogue order (for relevance) or by price."""
        if sort not in self._orders:
            every = np.arange(len(self))
            by_price = sort != "relevance"
            self._orders[sort] = (
                every[sorted_rows(every, np.zeros(len(self)), self.columns, sort)] if by_price else every
            )
        return self._orders[sort]

    def hit(self, position: int, score: float) -> dict[str, Any]:
        """One hit, as answers.Hit; without why and pinned."""
        entries = self.view.delta.entries
        if not entries:
            return self.parts.facts.hit(position, score)
        product = self.product(position)
        entry = entries.get(product)
        if entry is None:
            return self.parts.facts.hit(position, score)
        if entry.vector is None:
            return {**self.parts.facts.hit(position, score), **entry.facts}
        shown = {name: entry.facts[name] for name in BLANK if name in entry.facts}
        return {"product_id": product, "score": score, **BLANK, **shown}

    def details(self, position: int) -> dict[str, Any]:
        """What a product page shows beyond a hit."""
        entry = self.view.delta.entries.get(self.product(position))
        if entry is None or entry.vector is None:
            return self.parts.facts.details(position)
        said = entry.facts
        return {
            "description": said.get("description", ""),
            "attributes": attributes_of(said.get("attributes")),
            "language": said.get("language", ""),
            "photos": said.get("photos", []),
            "sounds": said.get("sounds", []),
        }

    def modalities_of(self, position: int) -> list[str]:
        """Modalities that a product has a vector of."""
        here = np.array([position])
        return [name for name, table in self.modalities.items() if np.any(table[here] != 0)]


class Positions:
    """The vectors of a shelf as an index over positions."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __len__(self) -> int:
        return len(self._shelf)

    def search(
        self, queries: np.ndarray, k: int, allowed_rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `models.index.RowIndex.search`; the mask is over positions."""
        rows = None if allowed_rows is None else self._shelf.rows(np.flatnonzero(allowed_rows))
        scores, found = self._shelf.view.search(queries, k, rows)
        return scores, self._shelf.positions(found)


class ShelfKeeper:
    """Gives the shelf of a view, made once for each state of the changes.

    What is derived from a product (its terms, its classes) is kept as long as the product's entry stays.
    """

    def __init__(self, parts: SearchParts, vectors: np.ndarray, encoder: ProductEncoder) -> None:
        self.parts = parts
        self._vectors = vectors
        self._encoder = encoder
        self._mutex = threading.Lock()
        self._fresh: dict[str, Fresh] = {}
        self._newest: Shelf | None = None

    def shelf(self, view: LayeredView) -> Shelf:
        """The shelf of a view; views of one state share it."""
        newest = self._newest
        if newest is not None and newest.view.delta is view.delta:
            return newest
        with self._mutex:
            if self._newest is not None and self._newest.view.delta is view.delta:
                return self._newest
            put = {p: e for p, e in view.delta.entries.items() if e.vector is not None}
            kept = {p: f for p, f in self._fresh.items() if (e := put.get(p)) and e is f.entry}
            new = {p: e for p, e in put.items() if p not in kept}
            self._fresh = kept | read_fresh(new, self.parts.lexical, self._encoder)
            self._newest = Shelf(self.parts, self._vectors, view, self._fresh)
            return self._newest


def stacked(parts: Sequence[np.ndarray | None], width: int) -> np.ndarray:
    """(m, width) float32; zeros where there is none."""
    table = np.zeros((len(parts), width), np.float32)
    for place, part in enumerate(parts):
        if part is not None:
            table[place] = part
    return table
