"""Vectors of unit length: the mean, by weight, of a query's parts that are encoded alone."""

import numpy as np

__all__ = ["blend", "blend_classes", "unit_length"]


def blend(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(d,) float32 mean of (m, d) unit vectors by weight, of unit length.

    Vectors that cancel out have no direction; then the heaviest stands alone.
    """
    if len(vectors) == 1:
        return np.asarray(vectors[0], np.float32)
    mean = (weights / weights.sum()) @ vectors.astype(np.float64)
    length = float(np.linalg.norm(mean))
    if length < 1e-6:
        return np.asarray(vectors[int(np.argmax(weights))], np.float32)
    return np.asarray(mean / length, np.float32)


def blend_classes(classes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(k,) float32 mean of (m, k) class probabilities by weight."""
    return np.asarray((weights / weights.sum()) @ classes, np.float32)


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """(n, d) float32 of unit length: half precision had rounded them."""
    table = np.asarray(vectors, np.float32)
    return np.asarray(table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12))
