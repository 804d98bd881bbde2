"""One state of the shop, release and changes since, as search, filters and pages see it.

Products stand in positions 0, 1, ...: those of the release in their rows, those added since after them.
A position names one product while a state lasts, and positions keep the order of `LayeredView` rows.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from retrieval.catalogue.parts import SearchParts
from retrieval.catalogue.products import BLANK, attributes_of, plain
from retrieval.catalogue.rows import RowMap
from retrieval.catalogue.updates import UpdatedProduct, column_facts
from retrieval.catalogue.variants import regrouped, variant_keys
from retrieval.changes.view import LayeredView
from retrieval.filters.columns import Columns
from retrieval.filters.sorting import Sort, sorted_rows
from retrieval.lexical.index import LexicalIndex
from retrieval.lexical.overlay import LayeredLexical, LayeredRows
from retrieval.query import EncodedQuery
from retrieval.ranking.blending import unit_length
from retrieval.ranking.hybrid import DEPTH, HybridSearch, Rows
from retrieval.suggestions import Suggestions
from retrieval.understanding import Vocabulary

__all__ = ["CatalogueView"]

SCANNED = 20_000
"""Products up to which the own vectors of words are scanned."""
FILES = frozenset({"image", "audio"})


class CatalogueView:
    """See the module. Made by `retrieval.catalogue.keeper`.

    Attributes:
        view: the vectors of the same state.
        places: positions of the view's rows.
        search: ranks positions.
        modalities: as `SearchParts.modalities`, of all positions.
        fresh, hidden: ascending positions put since the release; of it, replaced or deleted since.
    """

    def __init__(
        self, parts: SearchParts, vectors: np.ndarray, view: LayeredView, fresh: Mapping[str, UpdatedProduct]
    ) -> None:
        self.parts, self.view = parts, view
        delta, self.places = view.delta, RowMap(view, len(vectors))
        self._size = len(self.places)
        self.hidden, self._own = delta.hidden, fresh
        self.fresh = self.places.of_rows(delta.rows)
        self._orders: dict[Sort, np.ndarray] = {}
        self._fresh_tables: dict[str, np.ndarray] = {}
        self.classes: Rows | None = parts.classes
        told: Rows | None = parts.told
        lexical: LexicalIndex | LayeredLexical = parts.lexical
        table: Rows = np.asarray(vectors)  # a plain view: a memory map's own type costs time at each cut
        self.modalities: Mapping[str, Rows] = parts.modalities
        evidence: Mapping[str, Rows] = parts.evidence
        if len(delta.hidden) or fresh:
            places = self.fresh
            own = [fresh[delta.ids[row]] for row in delta.rows.tolist()]
            listings = {place: one.listing for place, one in zip(places.tolist(), own, strict=True)}
            lexical = LayeredLexical(parts.lexical, len(self), listings, delta.hidden)
            table = LayeredRows(vectors, places, [one.entry.vector for one in own])
            if parts.classes is not None:
                self.classes = LayeredRows(parts.classes, places, [one.classes for one in own])
            if parts.told is not None:
                told = LayeredRows(parts.told, places, [one.told for one in own])
            self.modalities = {
                name: LayeredRows(base, places, [one.modalities.get(name) for one in own])
                for name, base in parts.modalities.items()
            }
            evidence = {
                name: LayeredRows(base, places, [one.evidence(name, parts) for one in own])
                for name, base in parts.evidence.items()
            }
        self.search = HybridSearch(
            lexical, self.places, table, parts.fusion, self.classes, evidence, parts.colours, told
        )

    def __len__(self) -> int:
        return self._size

    @cached_property
    def columns(self) -> Columns:
        """Of all positions; a search by relevance without filters does not ask for them."""
        delta, own = self.view.delta, self._own
        if not delta.entries and not len(delta.hidden):
            return self.parts.columns
        rows = np.array([entry.row for entry in delta.entries.values()], np.int64)
        places = self.places.of_rows(rows).tolist()
        facts = {
            place: own[product].columns if product in own else column_facts(entry)
            for place, (product, entry) in zip(places, delta.entries.items(), strict=True)
        }
        deleted = set(delta.hidden.tolist()) - set(places)
        added = [delta.ids[row] for row in self.places.added.tolist()]
        return self.parts.columns.overlaid(facts, added, deleted)

    @cached_property
    def variants(self) -> np.ndarray | None:
        """(positions,) int64 group of each product's variants, ALONE without any; None where none has any."""
        base, fresh = self.parts.variants, self.fresh.tolist()
        if not fresh:
            return base
        said = (self._put_texts(name) for name in ("title", "brand", "category"))
        put = {place: variant_keys(*own) for place, *own in zip(fresh, *said, strict=True)}
        return regrouped(base, self.parts.variant_rows, put, self.hidden, len(self))

    def position_of(self, product: str) -> int | None:
        """Where a product stands; None where it is not there."""
        row = self.view.row_of(product)
        return None if row is None else self.places.of_row(row)

    def named(self, text: str) -> list[int]:
        """Positions of the products that are there and have a text as their title or identifier."""
        name = plain(text)
        if not name:
            return []
        found = [row for row in self.parts.facts.named.get(name, ()) if not self.outdated(row)]
        return sorted([*found, *self._fresh_named.get(name, ())])

    def outdated(self, row: int) -> bool:
        """Whether a product of the release was replaced or deleted since."""
        place = int(np.searchsorted(self.hidden, row))
        return place < len(self.hidden) and int(self.hidden[place]) == row

    @cached_property
    def _fresh_named(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row, product in self.view.delta.ids.items():
            title = self.view.delta.entries[product].facts.get("title", "")
            for name in {plain(title), plain(product)} - {""}:
                found.setdefault(name, []).append(self.places.of_row(row))
        return found

    def price_of(self, position: int) -> float | None:
        """What a product costs; None where that is not known."""
        price = float(self.columns.price[position])
        return price if np.isfinite(price) else None

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """What all products say of words that could be prices."""
        if not self._own:
            return self.parts.vocabulary
        return self.parts.vocabulary.with_listings(self._put_texts("title"), self._put_texts("brand"))

    def _put_texts(self, name: str) -> list[str]:
        """A fact of the products put since the release, in the order of `fresh`; "" where it was not said."""
        delta = self.view.delta
        entries = [self._own[delta.ids[row]].entry for row in delta.rows.tolist()]
        return [str(entry.facts.get(name) or "") for entry in entries]

    @cached_property
    def suggestions(self) -> Suggestions | None:
        """Those of the products put since the release, whose rows are places in `fresh`; None without."""
        if not self._own:
            return None
        put = self._put_texts
        return Suggestions(put("title"), put("category"), put("brand"))

    def near(self, queries: np.ndarray, k: int) -> np.ndarray:
        """(q, k) positions nearest to queries, best first; -1 is padding."""
        rows = self.view.search(queries, min(k, self._size))[1]
        return self.places.of_rows(rows) if len(self.places.added) else rows

    def near_to(self, asked: EncodedQuery, allowed: np.ndarray | None) -> np.ndarray:
        """Positions nearest to a query by its vector and by each of its modalities; -1 is padding.

        Args:
            allowed: (positions,) bool, the products that may be found; None for all.
        """
        return self.with_own(self.search.near(asked.vector, allowed), asked, allowed)

    def with_own(self, near: np.ndarray, asked: EncodedQuery, allowed: np.ndarray | None) -> np.ndarray:
        """The positions given and those that `near_by` finds."""
        if not asked.own:
            return near
        return np.concatenate([near, self.near_by(asked.own, DEPTH, allowed)])

    def near_by(self, own: Mapping[str, np.ndarray], k: int, allowed: np.ndarray | None) -> np.ndarray:
        """Positions nearest to a query by each of its modalities, k or more of each, in any order.

        A photo or a sound is always looked for among all. Words have an index, and so has what they mean as
        long as nothing but the product vectors says it: their own vectors are scanned in small catalogues
        alone, 0.2 ms for 5,000 products and 3.4 ms for 20,000; else they order what the indexes find.

        Args:
            own: as `EncodedQuery.own`.
            allowed: (positions,) bool, the products that may be found; None for all.
        """
        out = np.concatenate([self.hidden, self.fresh]) if len(self.fresh) else self.hidden
        may = None if allowed is None else allowed[: len(self.places) - len(self.places.added)]
        index = self.parts.evidence_index
        found = [self.fresh[:0]]
        for name, vector in self.search.comparable(own).items():
            if name not in FILES and (self._size > SCANNED or name not in self.parts.own):
                continue
            found.append(index.search(name, vector, k, out, may))
            if len(self.fresh):
                cosine = self._fresh_evidence(name) @ vector
                cosine[cosine == 0] = -np.inf  # what lacks the modality
                if allowed is not None:
                    cosine[~allowed[self.fresh]] = -np.inf
                best = np.argsort(-cosine, kind="stable")[:k]
                found.append(self.fresh[best[np.isfinite(cosine[best])]])
        return np.concatenate(found)

    def _fresh_evidence(self, name: str) -> np.ndarray:
        """(fresh, d) float32 of the products put since the release, by one of their modalities."""
        if name not in self._fresh_tables:
            self._fresh_tables[name] = np.asarray(self.search.own[name][self.fresh], np.float32)
        return self._fresh_tables[name]

    def own_of(self, product: str) -> dict[str, np.ndarray]:
        """Name to (d,) float32 vector of unit length of a product there is, by each modality."""
        place = self.position_of(product)
        if place is None:
            return {}
        here = np.array([place])
        found = {name: unit_length(table[here])[0] for name, table in self.search.own.items()}
        return {name: vector for name, vector in found.items() if vector.any()}

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
        """All positions as they are browsed: by price, or what can be shown and bought first."""
        if sort not in self._orders:
            every = np.arange(len(self))
            self._orders[sort] = (
                self._browsed()
                if sort == "relevance"
                else every[sorted_rows(every, np.zeros(len(self)), self.columns, sort)]
            )
        return self._orders[sort]

    def _browsed(self) -> np.ndarray:
        """Products with title and photo that are not known to be out of stock, then the others; each by how
        often they are bought, ties in catalogue order."""
        columns, untitled = self.columns, np.zeros(len(self), bool)
        untitled[: len(self.parts.untitled)] = self.parts.untitled
        untitled[self.fresh] = [not title for title in self._put_texts("title")]
        ready = columns.has_photo & ~untitled & ~(columns.on_hand <= 0)
        order = np.concatenate([self.parts.popular, np.arange(len(self.parts.popular), len(self))])
        first = ready[order]
        return np.concatenate([order[first], order[~first]])

    def hits(self, positions: Sequence[int], scores: Sequence[float]) -> list[dict[str, Any]]:
        """Hits as answers have them, found for no reason yet: whoever knows sets `why` and `pinned`."""
        if not self.view.delta.entries:
            return self.parts.facts.hits(positions, scores)
        return [self.hit(position, score) for position, score in zip(positions, scores, strict=True)]

    def hit(self, position: int, score: float = 0.0) -> dict[str, Any]:
        """One of `hits`."""
        product = self.places.product(position)
        entry = self.view.delta.entries.get(product)
        if entry is None or entry.vector is None:
            (hit,) = self.parts.facts.hits([position], [score])
            return hit if entry is None else hit | entry.facts
        shown = {name: entry.facts[name] for name in BLANK if name in entry.facts}
        why = {"words": [], "modality": ""}
        return {
            "product_id": product, "score": round(score, 6), **BLANK, **shown, "why": why, "pinned": False,
            "marks": [], "variants": [],
        }  # fmt: skip

    def details(self, position: int) -> dict[str, Any]:
        """What a product page shows beyond a hit."""
        entry = self.view.delta.entries.get(self.places.product(position))
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
