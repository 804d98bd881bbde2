"""What is compared where a query is a product: its vector, and its vectors by each modality."""

from collections.abc import Mapping

import numpy as np

from retrieval.ranking.candidates import Candidates
from retrieval.ranking.hybrid import Rows, picked

__all__ = ["CONSIDERED", "PRODUCT", "like_one", "single"]

PRODUCT = "beside"
"""The rule that neighbours go by where it was measured to find more of the same category."""
CONSIDERED = 50
"""The nearest by product vector that are put in order by all that is known; 100 and 200 measure alike."""
SIGN_AND_REST = np.int32(-0x70000001)
"""All bits but the three that a shifted half of 16 bits leaves as copies of its sign."""


def like_one(place: int, rows: np.ndarray, cosine: np.ndarray, tables: Mapping[str, Rows]) -> Candidates:
    """Candidates of a query that is a product.

    Args:
        place: of the product in the tables.
        rows: (m,) of the candidates there.
        cosine: (m,) by the product vectors.
        tables: name to (n, d) of all products by each modality, of unit length; zero where one lacks it.
    """
    own, both = {}, np.append(rows, place)
    for name, table in tables.items():
        seen = single(picked(table, both))
        if seen[-1].any():
            own[name] = seen[:-1] @ seen[-1]
    return Candidates.wordless(rows, cosine, "product", own)


def single(table: np.ndarray) -> np.ndarray:
    """A table as float32; of halves that are finite in a fifth of the time that numpy takes.

    Shifted to where float32 has them, exponent and fraction of a half say 2^112 times too little.
    """
    if table.dtype != np.float16:
        return np.asarray(table, np.float32)
    bits = table.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= SIGN_AND_REST
    found = bits.view(np.float32)
    found *= np.float32(2.0**112)
    return found
