"""What a release's search is made of; releases without these parts are served as well."""

from models.inference.product_encoder import ProductEncoder
from releases import Release
from releases.search_parts import (
    release_floors,
    release_fusion,
    release_lexical,
    release_modalities,
    release_together,
)
from retrieval.catalogue.parts import SearchParts
from retrieval.catalogue.products import ProductFacts
from retrieval.filters.columns import Columns

__all__ = ["search_parts"]


def search_parts(release: Release, encoder: ProductEncoder) -> SearchParts:
    """Read the parts; of an older release, words are read from its products and the fusion is the rule."""
    products, facts = release.products, ProductFacts(release.products)
    _ = facts.named  # read now, so that no answer waits for it
    return SearchParts(
        facts=facts,
        columns=Columns(products),
        lexical=release_lexical(release),
        fusion=release_fusion(release),
        classes=encoder.classify_vectors(release.embeddings) if encoder.labels else None,
        modalities=release_modalities(release),
        together=release_together(release),
        floors=release_floors(release),
    )
