"""Evidently's page of one question: its latest window beside the reference, each column against its limit."""

from typing import Any

import numpy as np
import pandas as pd

from data_checks.drift.check import said
from data_checks.drift.monitors import MIN_VALUES, TINY, TOP_VALUES, is_number, spread
from data_checks.drift.page import drift_banner
from data_checks.drift.questions import Question
from data_checks.drift.verdict import Verdict
from data_checks.drift.windows import Window
from shelfspace.telemetry import quiet_telemetry

__all__ = ["comparison_page", "limit_categories"]

OTHER = "(other)"


def comparison_page(question: Question, verdict: Verdict, rows: int) -> str | None:
    """A page that needs nothing from the network, the verdict on top; None where nothing was judged.

    Monitors that are no distribution of a column (vectors, missing and new shares, counts) stand in the strip
    above where they come near their limits.

    Args:
        rows: most rows a side that are drawn.
    """
    if question.reference is None or not verdict.judged:
        return None
    quiet_telemetry()
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    sides = _sides(question.windows[-1], question.reference, [*verdict.distances], rows)
    then, now = sides
    numbers = [str(name) for name in then if is_number(then[name])]
    categories = [str(name) for name in then if name not in numbers]
    others = [
        f"{name} {value:.2f} of {verdict.limits[name]:.2f}"
        for name, value in sorted(verdict.distances.items())
        if name not in then and value > verdict.limits[name] / 2
    ]
    metrics: list[Any] = []
    if len(then.columns):
        methods = dict.fromkeys(numbers, "wasserstein") | dict.fromkeys(categories, "jensenshannon")
        limits = {name: verdict.limits[name] * _units(name, then[name]) for name in methods}
        # Evidently goes by the share of columns, the verdict by windows: its headline says what that says.
        share = 0.0 if verdict.kind else 1.0
        metrics.append(
            DataDriftPreset(
                columns=list(methods),
                drift_share=share,
                per_column_method=methods,
                per_column_threshold=limits,
            )
        )
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    given = [Dataset.from_pandas(side, data_definition=definition) for side in (now, then)]
    snapshot = Report(metrics, include_tests=True).run(*given, name=question.name)
    html = snapshot.get_html_str(as_iframe=False)
    head, body, rest = html.partition("<body>")
    beside = f"Beside the columns, distance of limit: {'; '.join(others)}." if others else ""
    banner = drift_banner(question.title, said(verdict), verdict.cause, verdict.rows, beside)
    return head + body + banner + rest


def _units(name: str, then: pd.Series) -> float:
    """A monitor's unit in Evidently's, which is the standard deviation whatever it is."""
    known = then.dropna()
    if not is_number(known):
        return 1.0
    return spread(name, known.to_numpy(float)) / max(float(np.std(known)), TINY)


def _sides(
    window: Window, reference: Window, monitors: list[str], rows: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and window as Evidently takes them: columns that both know, rare values called other."""
    then, now = {}, {}
    for name in reference.columns:
        if name not in monitors:
            continue
        sides = reference.columns[name], window.columns[name]
        if min(side.notna().sum() for side in sides) < MIN_VALUES:
            continue
        if not all(is_number(side) for side in sides):
            named = [side.where(side.isna(), side.astype(str)) for side in sides]
            sides = limit_categories(named[0], named[1])
        then[name], now[name] = sides
    return _some(pd.DataFrame(then), rows), _some(pd.DataFrame(now), rows)


def _some(table: pd.DataFrame, rows: int) -> pd.DataFrame:
    chosen = table if len(table) <= rows else table.sample(rows, random_state=0)
    return chosen.reset_index(drop=True)


def limit_categories(
    reference: pd.Series, current: pd.Series, keep: int = TOP_VALUES
) -> tuple[pd.Series, pd.Series]:
    """Both sides with rare values called other; kept are the most frequent of both sides together.

    Chosen without regard to the side a value comes from, so that a new frequent value is seen and
    samples of one distribution stay alike.
    """
    pooled = pd.concat([reference, current])
    counted = pooled.value_counts()
    # Ties broken by value: the same rows in another order keep the same values.
    order = counted.reset_index().sort_values(["count", pooled.name or "index"], ascending=[False, True])
    top = set(order.iloc[:keep, 0])

    def kept(side: pd.Series) -> pd.Series:
        return side.where(side.isin(top) | side.isna(), OTHER)

    return kept(reference), kept(current)
