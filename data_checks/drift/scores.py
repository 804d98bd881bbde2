"""Scores that Evidently's dashboard plots over time, as built-in metrics of constant columns.

The dashboard starts a new line whenever a metric's parameters change, and drift limits change with
the number of rows. A mean of a constant column has no such parameter; and being built in, it needs
no registration in the process that runs `evidently ui`.
"""

from collections.abc import Sequence
from typing import Any

from evidently.core.container import MetricContainer, MetricOrContainer
from evidently.legacy.renderers.html_widgets import CounterData, counter
from evidently.metrics import MeanValue
from evidently.metrics.column_statistics import StatisticsCalculation

__all__ = ["ScoreBoard"]


class ConstantMean(StatisticsCalculation[MeanValue]):
    """How Evidently computes a mean from here on: without the column's histogram.

    Of a constant the histogram shows nothing, and is nearly all of the work and 95% of a run's bytes.
    """

    def calculate(self, context: Any, current_data: Any, reference_data: Any) -> Any:
        del context, reference_data
        result = self.result(self.calculate_value(current_data.column(self.column)))
        result.widget = []
        return result, None

    def calculate_value(self, column: Any) -> float:
        return float(column.data.mean())

    def display_name(self) -> str:
        return f"Mean value of '{self.column}'"


class ScoreBoard(MetricContainer):
    """Means of constant columns, shown as one row of counters instead of a histogram each.

    Attributes:
        columns: the constant columns.
        counters: label to text, shown in the report.
    """

    columns: list[str]
    counters: dict[str, str]

    def __init__(self, columns: list[str], counters: dict[str, str]) -> None:
        super().__init__(include_tests=False, columns=columns, counters=counters)

    def generate_metrics(self, context: Any) -> Sequence[MetricOrContainer]:
        return [MeanValue(column=column, tests=[]) for column in self.columns]

    def render(self, context: Any, child_widgets: Any = None) -> list[Any]:
        if not self.counters:
            return []
        return [counter(counters=[CounterData(label, text) for label, text in self.counters.items()])]
