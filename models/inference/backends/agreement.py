"""How far what one way says of products lies from what eager float32 says, and what is too far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["COSINE", "PRICE", "PROBABILITY", "Agreement", "Judge"]

COSINE = 0.999
"""Least cosine of a product's two vectors."""
PROBABILITY = 0.01
"""Largest difference of a class probability."""
PRICE = 0.02
"""Largest difference of a price's natural logarithm: two per cent."""


@dataclass(frozen=True)
class Agreement:
    """The worst row of each kind.

    Attributes:
        rows: compared.
        cosine: the least; probability, price: the largest difference, price as a logarithm.
        labels: rows whose first label differs.
    """

    rows: int
    cosine: float
    probability: float
    price: float
    labels: int

    @property
    def objection(self) -> str:
        """What lies too far, in words; "" where nothing does."""
        # Said the other way round, a NaN would pass.
        if not self.cosine >= COSINE:
            return f"cosine {self.cosine:.6f} to eager float32 is under {COSINE}"
        if not self.probability <= PROBABILITY:
            return f"a probability differs by {self.probability:.4f}, more than {PROBABILITY}"
        if self.labels:
            return f"{self.labels} of {self.rows} rows get another first label"
        if not self.price <= PRICE:
            return f"a price differs by {self.price:.2%}, more than {PRICE:.0%}"
        return ""

    def describe(self) -> dict[str, float | int]:
        """As JSON values."""
        return {
            "rows": self.rows,
            "least_cosine": round(self.cosine, 7),
            "largest_probability_difference": round(self.probability, 7),
            "largest_log_price_difference": round(self.price, 7),
            "other_first_labels": self.labels,
        }


@dataclass(frozen=True)
class Judge:
    """Compares the head's outputs.

    Attributes:
        temperature: divides the scores before the softmax.
        deviation: of the training prices' logarithm.
    """

    temperature: float
    deviation: float

    def __call__(self, found: Sequence[np.ndarray], base: Sequence[np.ndarray]) -> Agreement:
        """Both: (n, d) vectors, (n, classes) scores, (n,) standardised log prices."""
        ours, theirs = (np.asarray(part[0], dtype=np.float64) for part in (found, base))
        lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            cosines = (ours * theirs).sum(axis=1) / lengths
        a, b = self._probabilities(found[1]), self._probabilities(base[1])
        classes = a.shape[1] > 0
        return Agreement(
            rows=len(ours),
            cosine=float(cosines.min()),
            probability=float(np.abs(a - b).max()) if classes else 0.0,
            price=float(np.abs(found[2] - base[2]).max() * self.deviation),
            labels=int((a.argmax(axis=1) != b.argmax(axis=1)).sum()) if classes else 0,
        )

    def _probabilities(self, scores: np.ndarray) -> np.ndarray:
        scaled = np.asarray(scores, dtype=np.float64) / self.temperature
        if not scaled.shape[1]:
            return scaled
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
