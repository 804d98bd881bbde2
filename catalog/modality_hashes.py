"""One content hash per product and modality: what decides whether its features are computed again."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from catalog.snapshot.media_store import MediaStore
from shelfspace.hashing import content_hash

__all__ = ["modality_hashes"]


def modality_hashes(products: pd.DataFrame, media: MediaStore, texts: Sequence[str]) -> pd.DataFrame:
    """Columns product_id, text_hash, image_hash, audio_hash, tabular_hash; "" where a modality is absent.

    Price enters as a coarse level (a quarter of a doubling), so that a small change of price is no
    change of the product.

    Args:
        texts: the cleaned text of each product; cleaning can leave none of a cell that held markup alone.
    """
    return pd.DataFrame(
        {
            "product_id": products["product_id"],
            "text_hash": [content_hash(text) if text else "" for text in texts],
            "image_hash": [_digests(keys, media) for keys in products["photos"]],
            "audio_hash": [_digests(keys, media) for keys in products["sounds"]],
            "tabular_hash": [
                "" if np.isnan(price) else content_hash(str(round(4 * np.log2(price))))
                for price in products["price"]
            ],
        }
    )


def _digests(keys: list[str], media: MediaStore) -> str:
    return content_hash(*(media.digest(key) for key in keys)) if len(keys) else ""
