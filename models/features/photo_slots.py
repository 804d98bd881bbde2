"""Where the photos of products stand in an array: one row a product, or several places in a row.

Extraction and service requests both lay photos out by these functions, so they cannot differ.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

__all__ = ["photo_counts_of", "photo_slots", "with_photo_axis"]

T = TypeVar("T")


def photo_slots(photos: Sequence[Sequence[T]], most: int) -> list[T | None]:
    """n * most places, those of a product side by side: its first photos, then None."""
    slots: list[T | None] = []
    for own in photos:
        kept = list(own[:most])
        slots += kept + [None] * (most - len(kept))
    return slots


def photo_counts_of(photos: Sequence[Sequence[T]], most: int) -> np.ndarray:
    """(n,) uint8: photos of each product that are read."""
    return np.array([min(len(own), most) for own in photos], dtype=np.uint8)


def with_photo_axis(
    arrays: dict[str, np.ndarray], counts: np.ndarray, most: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Arrays of n * most places as a modality's arrays, and (n,) bool, which products have a photo.

    With `most` 1 the arrays stay as they are; else each is (n, most, ...) and `photos` (n,) uint8
    says how many of a row's places hold one.
    """
    if most > 1:
        arrays = {key: array.reshape(len(counts), most, *array.shape[1:]) for key, array in arrays.items()}
        arrays["photos"] = counts
    return arrays, counts > 0
