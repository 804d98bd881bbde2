"""Hybrid search over a release: its vectors and index, its products' words, its classes."""

from typing import TYPE_CHECKING

import numpy as np

from insights.search.fusion import FusionModel
from insights.search.hybrid import HybridSearch
from insights.search.lexical import LexicalIndex
from models.release import Release

if TYPE_CHECKING:
    from models.product_encoder import ProductEncoder

__all__ = ["class_probabilities", "search_of"]

BATCH = 4096


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
        class_probabilities(encoder, release.embeddings),
    )


def class_probabilities(encoder: "ProductEncoder", vectors: np.ndarray) -> np.ndarray | None:
    """(n, classes) float32 of product vectors, as `ProductEncoder.encode_features` gives with them.

    None for an encoder without classes.
    """
    if not encoder.labels:
        return None
    import torch

    parts = []
    with torch.inference_mode():
        for start in range(0, len(vectors), BATCH):
            # Copied, since the vectors of a release are mapped read-only.
            block = torch.from_numpy(np.array(vectors[start : start + BATCH])).to(encoder.device)
            logits = encoder.network.logits(block) / encoder.temperature
            parts.append(torch.softmax(logits, dim=1).float().cpu().numpy())
    return np.concatenate(parts)
