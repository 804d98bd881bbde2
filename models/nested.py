"""Shorter product vectors out of a long one (Kusupati 2022, Matryoshka Representation Learning)."""

import numpy as np

__all__ = ["cut"]


def cut(vectors: np.ndarray, size: int) -> np.ndarray:
    """The first `size` numbers of (n, d) vectors, of unit length again."""
    short = vectors[:, :size]
    return short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-12)
