"""A release in memory: encoder, index, and what its search needs; for the service and for notebooks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from models.inference.product_encoder import ProductEncoder
from releases.insights import ProductTable, read_insights
from releases.release import Release
from releases.search_parts import MAPS, release_tables, search_parts
from retrieval.catalogue.keeper import CatalogueKeeper
from retrieval.catalogue.parts import SearchParts
from retrieval.catalogue.view import CatalogueView
from retrieval.changes.state import DeltaView
from retrieval.changes.view import LayeredView
from retrieval.ranking.neighbours import CONSIDERED, PRODUCT
from retrieval.similar import reordered
from retrieval.vectors import RowIndex
from retrieval.vectors.by_modality import ModalityIndexes
from shelfspace.settings import Media

__all__ = ["InMemoryRelease", "with_popularity"]


POPULAR = {"bought_together": "baskets", "popularity": "score"}
"""Applications that say what is popular, and by which column: how often a product is bought beside others,
and what shoppers do on the page."""


def with_popularity(
    parts: SearchParts, insights: Mapping[str, ProductTable], release: Release
) -> SearchParts:
    """The parts with each product's share of what is popular, where the release has tables that say it."""
    told = [
        insights[name].totals(column, release.product_ids)
        for name, column in POPULAR.items()
        if name in insights and len(insights[name])
    ]
    shares = [counts / counts.sum() for counts in told if counts.sum() > 0]
    return replace(parts, popularity=np.sum(shares, axis=0)) if shares else parts


@dataclass(frozen=True, eq=False)
class InMemoryRelease:
    """What one release needs in memory to answer; never changed.

    Attributes:
        id: release identifier, in every answer.
        vectors: (n, d) float32, memory-mapped.
        rows: product id to row.
        catalogues: gives the state of a view as search, filters and pages see it.
        alone: what neighbours by one modality are searched in.
        media: caps that photos and sounds are opened under.
        similar_index, similar_vectors: what neighbours are searched in: refined by co-purchases where
            the release holds such vectors, else the same as above.
        insights: application to what it says of products.
    """

    id: str
    manifest: dict[str, Any]
    encoder: ProductEncoder
    index: RowIndex
    vectors: np.ndarray
    rows: dict[str, int]
    catalogues: CatalogueKeeper
    alone: ModalityIndexes
    media: Media
    similar_index: RowIndex
    similar_vectors: np.ndarray
    release: Release
    insights: Mapping[str, ProductTable]

    @classmethod
    def load(cls, release: Release, media: Media) -> Self:
        """Read every part now, so that no answer waits for a file or finds it pruned.

        Raises:
            ArtifactError: a part is missing or damaged.
        """
        refined, refined_index = release.graph_embeddings, release.graph_index
        encoder = ProductEncoder.load(release.model_folder)
        encoder.own_maps = release_tables(release, MAPS)
        insights = read_insights(release)
        parts = with_popularity(search_parts(release, encoder), insights, release)
        _ = parts.vocabulary, parts.suggestions, parts.variants  # read now, so that no answer waits for them
        return cls(
            id=release.id,
            manifest=release.manifest,
            encoder=encoder,
            index=release.index,
            vectors=release.embeddings,
            rows=release.rows,
            catalogues=CatalogueKeeper(parts, release.embeddings, encoder),
            alone=ModalityIndexes(parts.modalities),
            media=media,
            similar_index=release.index if refined_index is None else refined_index,
            similar_vectors=release.embeddings if refined is None else refined,
            release=release,
            insights=insights,
        )

    def insight(self, application: str, product: str) -> list[dict[str, Any]]:
        """The rows of a product in an application's table; none where the release has no such table."""
        table = self.insights.get(application)
        return [] if table is None else table.of(product)

    @cached_property
    def still(self) -> LayeredView:
        """The release without changes since."""
        return LayeredView(
            self.index, self.release.product_ids, self.rows, DeltaView(), self.vectors.shape[1]
        )

    @cached_property
    def view(self) -> Callable[[], LayeredView]:
        """Gives what answers at this moment."""
        return lambda: self.still

    def similar_view(self, view: LayeredView) -> LayeredView:
        """The same state as neighbours are searched in.

        A product that came or changed since has no co-purchases yet: its own vector stands, as that
        of a product without neighbours does.
        """
        if self.similar_index is self.index:
            return view
        dim = self.similar_vectors.shape[1]
        return LayeredView(self.similar_index, self.release.product_ids, self.rows, view.delta, dim)

    def neighbours(
        self, view: LayeredView, products: Sequence[str], vectors: np.ndarray, k: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """(q, k or more) scores and rows of what is nearest to products of a view; row -1 is padding.

        Where co-purchases refined the vectors, they alone say it.

        Args:
            vectors: (q, d) of the products, as neighbours are searched by.
        """
        where, parts = self.similar_view(view), self.catalogues.parts
        if where is not view or parts.fusion.rule_of("product") != PRODUCT:
            return where.search(vectors, k)
        scores, rows = view.search(vectors, max(k, CONSIDERED))
        catalogue = self.catalogue(view)
        found = zip(products, scores, rows, strict=True)
        pairs = [reordered(catalogue, product, own, there) for product, own, there in found]
        return np.stack([own for own, _ in pairs]), np.stack([there for _, there in pairs])

    def catalogue(self, view: LayeredView | None = None) -> CatalogueView:
        """The state of a view as search, filters and pages see it; default: of this moment."""
        return self.catalogues.catalogue(self.view() if view is None else view)
