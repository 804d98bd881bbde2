"""Hybrid search over a release: its vectors and index, its products' words, its classes."""

from typing import TYPE_CHECKING

from insights.search.fusion import FusionModel
from insights.search.hybrid import HybridSearch
from insights.search.lexical import LexicalIndex
from models.release import Release

if TYPE_CHECKING:
    from models.product_encoder import ProductEncoder

__all__ = ["search_of"]


def search_of(
    release: Release,
    encoder: "ProductEncoder",
    fusion: FusionModel | None = None,
    lexical: LexicalIndex | None = None,
) -> HybridSearch:
    """Search over the products of a release.

    Args:
        fusion: default the rule for shops without judgements.
        lexical: over the release's products; built from them where none is given.
    """
    return HybridSearch(
        lexical or LexicalIndex.build(release.products),
        release.index,
        release.embeddings,
        fusion or FusionModel.fallback(),
        encoder.classify_vectors(release.embeddings) if encoder.labels else None,
    )
