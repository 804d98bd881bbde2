"""What a look found, and what any comparison of it needs."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

__all__ = ["EXAMPLES", "LEAST", "LEAST_REFERENCE", "ONE_DELIVERY", "Limits", "Looked", "chance"]

LEAST_REFERENCE = 30
"""Rows of the holdout that a comparison needs."""
LEAST = 8
"""Rows of a delivery that a comparison needs."""
EXAMPLES = 5
SHOWN = 3
"""Examples in a sentence."""


@dataclass(frozen=True)
class Limits:
    """From where on disagreement holds a delivery.

    Attributes:
        chance: probability of so much of it by chance, below which it does.
        moved: the same of products that change their category against the champion.
        share: by so much of its rows a delivery has to disagree more than the holdout does.
    """

    chance: float = 0.003
    moved: float = 0.005
    share: float = 0.05


ONE_DELIVERY = Limits()


@dataclass(frozen=True)
class Looked:
    """What a look at one delivery, or at several together, found.

    Attributes:
        name: of the delivery.
        rows: new or changed products that were looked at.
        held: why it is held, in sentences; "" where nothing speaks against it.
        figures: what was compared, by name.
        notes: what could not be judged, and why.
        examples: products that speak against it, a sentence each.
        chances: probability of each comparison that holds it.
        verdicts: of the products that those compared, by id, whether it speaks against it.
    """

    name: str
    rows: int
    held: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)
    verdicts: dict[str, bool] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Why it is held, with an example or two; "" where it is not."""
        return "; ".join([self.held, *self.examples[:SHOWN]]) if self.held else ""

    def because(self, reasons: Sequence[str]) -> Self:
        """The same, held for these reasons."""
        return replace(self, held="; ".join(reasons))

    def speaks_against(self, by_chance: float, products: Iterable[str], against: Iterable[bool]) -> None:
        """Note a comparison that holds it, product by product."""
        self.chances.append(by_chance)
        for product, one in zip(products, against, strict=True):
            self.verdicts[product] = self.verdicts.get(product, False) or bool(one)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, without what is kept of single products."""
        return {k: v for k, v in asdict(self).items() if k not in ("chances", "verdicts")}


def chance(k: int, n: int, other_k: int, other_n: int, least_share: float) -> float:
    """Probability of k of n or more where the share is that of other_k of other_n (Fisher's exact test).

    Args:
        least_share: a difference of less is none.
    """
    from scipy.stats import hypergeom

    if k / n - other_k / other_n < least_share:
        return 1.0
    return float(hypergeom.sf(k - 1, n + other_n, k + other_k, n))
