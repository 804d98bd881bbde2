"""What a product encoder says of products in one pass."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Encoded"]


@dataclass(frozen=True)
class Encoded:
    """What one pass says of n products.

    Attributes:
        vectors: (n, dim) float32 of unit length.
        probabilities: (n, classes) float32; each row sums to 1.
        prices: (n,) float32 in the catalogue's currency, from vectors that saw no price.
    """

    vectors: np.ndarray
    probabilities: np.ndarray
    prices: np.ndarray
