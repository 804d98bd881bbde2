"""Table values as numbers: the price as a coarse level."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from catalog.product import ProductInput

__all__ = ["TABULAR_CODE", "TabularScaler", "is_priced", "price_level"]

TABULAR_CODE = "1"
"""Changes when the same prices give other values."""

CLIP = 4.0
"""Standard deviations at which a price is clipped; outliers are kept, not dropped."""

LEVELS = 4
"""Levels in a doubling of the price. `catalog.modality_hashes` rounds alike."""


def price_level(prices: np.ndarray) -> np.ndarray:
    """log2 of prices in steps of a quarter, float64; a change under about 9% is mostly no change.

    NaN where a price is missing, not finite or not above zero.
    """
    values = np.asarray(prices, dtype=np.float64)
    usable = np.isfinite(values) & (values > 0)
    return np.round(LEVELS * np.log2(values, out=np.full(values.shape, np.nan), where=usable)) / LEVELS


@dataclass(frozen=True)
class TabularScaler:
    """Mean and deviation of the price levels of the training rows."""

    mean: float
    deviation: float

    @classmethod
    def fit(cls, prices: np.ndarray) -> "TabularScaler":
        """Fit on training prices; those missing or not above zero are passed over."""
        levels = price_level(prices)
        levels = levels[np.isfinite(levels)]
        if len(levels) == 0:
            return cls(0.0, 1.0)
        # One price alone has no spread; a level's step keeps the division defined.
        return cls(float(levels.mean()), float(max(levels.std(), 1 / LEVELS)))

    @property
    def width(self) -> int:
        """Numbers per product."""
        return 3

    def transform(self, items: Sequence[ProductInput]) -> tuple[np.ndarray, np.ndarray]:
        """Values of n products.

        Returns:
            (n, 3) float32: standardised level clipped to 4 deviations, its square, and 1 where it is
            above the mean, all zero without a price; and (n,) bool, where there is a price.
        """
        levels = _levels(items)
        present = np.isfinite(levels)
        z = np.clip((np.where(present, levels, self.mean) - self.mean) / self.deviation, -CLIP, CLIP)
        return np.stack([z, z * z, z > 0], axis=1).astype(np.float32), present

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form; `TabularScaler(**d)` reads it back."""
        return asdict(self)


def _levels(items: Sequence[ProductInput]) -> np.ndarray:
    """(n,) `price_level` of products."""
    return price_level(
        np.array([np.nan if item.price is None else item.price for item in items], dtype=np.float64)
    )


def is_priced(items: Sequence[ProductInput]) -> np.ndarray:
    """(n,) bool, which products have a usable price."""
    return np.isfinite(_levels(items))
