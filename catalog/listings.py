"""The words of a listing: hashes that tell whether they have to be read again."""

import pandas as pd

from shelfspace.hashing import content_hash

__all__ = ["WORDS", "listings_version"]

WORDS = ("title", "brand", "attributes", "category", "description")
"""Columns that search reads words of."""


def listings_version(products: pd.DataFrame) -> str:
    """Hash of the words of all products: a price that changes is no reason to read them again."""
    return content_hash(*(str(cell) for name in ("product_id", *WORDS) for cell in products[name]))
