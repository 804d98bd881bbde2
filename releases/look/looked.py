"""What a look found, and what any comparison of it needs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

__all__ = ["EXAMPLES", "LEAST", "LEAST_REFERENCE", "Looked", "more"]

LEAST_REFERENCE = 30
"""Rows of the holdout that a comparison needs."""
LEAST = 8
"""Rows of a delivery that a comparison needs."""
CHANCE = 0.003
"""Probability of so much disagreement by chance, below which a delivery is held."""
LEAST_SHARE = 0.05
"""By so much of its rows it has to disagree more than the holdout does."""
EXAMPLES = 5
SHOWN = 3
"""Examples in a sentence."""


@dataclass(frozen=True)
class Looked:
    """What a look at one delivery found.

    Attributes:
        name: of the delivery.
        rows: new or changed products that were looked at.
        held: why it is held, in sentences; "" where nothing speaks against it.
        figures: what was compared, by name.
        notes: what could not be judged, and why.
        examples: products that speak against it, a sentence each.
    """

    name: str
    rows: int
    held: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """Why it is held, with an example or two; "" where it is not."""
        return "; ".join([self.held, *self.examples[:SHOWN]]) if self.held else ""

    def because(self, reasons: Sequence[str]) -> Self:
        """The same, held for these reasons."""
        return replace(self, held="; ".join(reasons))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def more(k: int, n: int, other_k: int, other_n: int) -> bool:
    """Whether k of n is more than other_k of other_n, by more than chance and by more than a trifle."""
    from scipy.stats import hypergeom

    if k / n - other_k / other_n < LEAST_SHARE:
        return False
    return bool(hypergeom.sf(k - 1, n + other_n, k + other_k, n) < CHANCE)
