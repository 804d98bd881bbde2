"""The rows of the result: what each measures, beside what, what it is to reach, and whether it does."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["ROWS", "Figure", "Part", "Row", "row_of"]


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        metric: what is measured, in a few words.
        baseline: the simple thing beside it; "" without one.
        aim: the value to reach; of two, the least and the most; None of a figure that is told beside them.
        least: whether a smaller value is the better one.
        strictly: whether the aim itself is not enough.
    """

    id: str
    metric: str
    baseline: str
    aim: float | tuple[float, float] | None
    least: bool = False
    strictly: bool = False

    def reached(self, value: float) -> bool | None:
        """Whether a value is as good as the aim; None without one."""
        if self.aim is None:
            return None
        if isinstance(self.aim, tuple):
            return self.aim[0] <= value <= self.aim[1]
        if self.strictly and value == self.aim:
            return False
        return value <= self.aim if self.least else value >= self.aim


ROWS = {
    row.id: row
    for row in (
        Row(
            "retail_recall20_ratio",
            "recall@20 over own frequency's, mean of three cuts",
            "own frequency",
            1.08,
        ),
        Row(
            "retail_recall20_new",
            "recall@20 of never-bought items, mean of three cuts",
            "best anchor a cut",
            0.110,
        ),
        Row(
            "retail_recall20_cold",
            "recall@20 among cold items over popularity's, pooled",
            "popular in 28 days",
            1.5,
        ),
        Row(
            "retail_demand_wape_ratio",
            "WAPE over the baseline's, six origins",
            "median of 8 weeks",
            0.93,
            least=True,
        ),
        Row(
            "retail_demand_pinball_ratio",
            "pinball loss at 0.5 and 0.9 over the baseline's",
            "empirical quantiles",
            0.90,
            least=True,
        ),
        Row("retail_interval_cover80", "share of sales within the 0.1 to 0.9 quantiles", "", (0.78, 0.82)),
        Row("retail_interval_cover90", "share of sales within the 0.05 to 0.95 quantiles", "", (0.88, 0.92)),
        Row(
            "retail_demand_intermittent_pinball_ratio",
            "the same of items sold in 1 to 9 of 12 weeks",
            "empirical quantiles",
            1.0,
            least=True,
            strictly=True,
        ),
        Row("flipkart_price_r2", "R2 of the log price, leaks closed", "ridge", 0.560),
        Row(
            "flipkart_price_cover80_worst",
            "coverage of 80% intervals in the worst category",
            "constant width",
            (0.75, 0.85),
        ),
        Row(
            "sample_elasticity_error_ratio",
            "error of a product's elasticity over the baseline's",
            "the category's Poisson",
            0.8,
            least=True,
        ),
        Row(
            "sample_stockouts_ratio",
            "lost sales over the baseline's at equal stock value",
            "fixed reorder point",
            0.7,
            least=True,
        ),
        Row(
            "sample_health_skill",
            "1 - (1 - AP) / (1 - AP of the rival), mean of kinds",
            "each kind's rival",
            0.2,
        ),
        Row("flipkart_health_skill", "the same on real listings", "each kind's rival", 0.2),
        Row("market_stable", "products in the same segment: threads, order of rows", "", 1.0),
        Row(
            "market_stable_after_change",
            "the same of the others after 2% of products changed",
            "cut anew, numbers matched",
            0.95,
        ),
        Row(
            "retail_borrowed_demand_ratio",
            "error of demand borrowed from the nearest products over the baseline's",
            "mean of all products",
            None,
            least=True,
        ),
        Row(
            "retail_cart_recall10",
            "a product left out of an order, among the 10 first beside the others",
            "popular in 28 days",
            None,
        ),
        Row("sample_health_sound", "AP of 3% swapped sounds", "sound classifier's doubt", None),
        Row("sample_health_duplicate", "AP of 3% products listed again", "nearest words", None),
    )
}
"""In the order that they are shown."""


@dataclass(frozen=True)
class Part:
    """One of what a figure is made of: a cut, an origin, a seed, a kind.

    Attributes:
        value: of what ships.
        baseline: the simple thing's, by the same run; None without one.
    """

    name: str
    value: float
    baseline: float | None = None


@dataclass(frozen=True)
class Figure:
    """What a task measured for one row.

    Attributes:
        id: of the row.
        value: the figure itself; None where nothing could be measured, for the reason.
        baseline: the simple thing's, by the same run.
        spread: standard deviation over seeds or origins; None of one run.
        parts: what it is made of.
        conditions: what must hold besides the aim, as a sentence, and whether it does.
        beside: further figures that are worth reading, by name.
        reason: what a reader must know of the figure; required without a value.
    """

    id: str
    value: float | None
    baseline: float | None = None
    spread: float | None = None
    parts: Sequence[Part] = ()
    conditions: Mapping[str, bool] = field(default_factory=dict)
    beside: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


def row_of(figure: Figure, seconds: float, commit: str) -> dict[str, Any]:
    """One JSON-able row.

    Args:
        seconds: that its task took.
        commit: of the code that measured it.

    Raises:
        ValueError: a figure without a value or a reason.
        KeyError: there is no such row.
    """
    row = ROWS[figure.id]
    if figure.value is None and not figure.reason:
        raise ValueError(f"{figure.id} has neither a value nor a reason")
    met = figure.value is not None and row.reached(figure.value) and all(figure.conditions.values())
    asked = {"id": row.id, "metric": row.metric, "baseline_name": row.baseline, "aim": row.aim}
    return {**asked, **asdict(figure), "reached": met, "seconds": round(seconds, 1), "commit": commit}
