"""Brand and attributes as table values: hashed ids of `name=value`, a set a product.

Hashing needs no fitted vocabulary (Weinberger 2009, arXiv 0902.2206): which ids mean something is
fitted by the encoder, on the training rows.
"""

import numpy as np
import xxhash

from catalog.product import ProductInput
from catalog.text.clean import clean_text

__all__ = ["BUCKETS", "DETAILS_CODE", "MOST", "detail_ids"]

DETAILS_CODE = "details 1"
"""Changes when the same brand and attributes give other ids."""

BUCKETS = 1 << 13
MOST = 32
"""Ids kept of one product; the brand first, then attributes in the order of their names."""
LONGEST = 80
"""Characters of a value that is a level of something; a longer one is prose, and the text has it."""


def detail_ids(item: ProductInput) -> np.ndarray:
    """(MOST,) int32: ascending ids in 1..BUCKETS-1 of what is known, then 0; all 0 without details."""
    pairs = [("", item.brand), *sorted(item.attributes.items())]
    cleaned = [(_plain(name), _plain(value)) for name, value in pairs]
    known = [
        xxhash.xxh3_64_intdigest(f"{name}={value}".encode()) % (BUCKETS - 1) + 1
        for name, value in cleaned
        if value and len(value) <= LONGEST
    ]
    kept = sorted(set(known[:MOST]))
    ids = np.zeros(MOST, dtype=np.int32)
    ids[: len(kept)] = kept
    return ids


def _plain(text: str) -> str:
    return clean_text(str(text)).casefold()
