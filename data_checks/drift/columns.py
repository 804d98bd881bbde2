"""Drift of columns: Evidently's report over numbers and categories.

Numbers are held by the Wasserstein distance over the reference's standard deviation, categories by
the Jensen-Shannon distance, each against a limit that accounts for few rows (`thresholds`).
"""

from typing import TYPE_CHECKING

import pandas as pd

from data_checks.drift.thresholds import categorical_distance, numeric_distance, shuffled_limit
from data_checks.drift.verdict import ColumnDrift
from shelfspace.settings import Monitoring

if TYPE_CHECKING:
    from evidently.core.report import Snapshot

__all__ = [
    "EMBEDDING_LIMIT", "EMBEDDING_SCORE", "SHARE", "compare_columns", "limit_categories", "ratio_column",
]  # fmt: skip

EFFECT = 0.1
"""Least distance that counts, for numbers and categories alike (Evidently's own limit)."""
ALPHA = 0.01
"""Chance of a false alarm per column; several columns must agree before the verdict is drift."""
MIN_VALUES = 10
"""A column with fewer values on a side is left out: nothing can be said of it."""
TOP_VALUES = 20
OTHER = "(other)"

SHARE = "share of drifted columns"
EMBEDDING_SCORE = "embeddings, ROC AUC"
EMBEDDING_LIMIT = "embeddings, limit"


def ratio_column(name: str) -> str:
    """The score column of one compared column: its distance over its limit."""
    return f"{name}, distance over limit"


def compare_columns(
    current: pd.DataFrame,
    reference: pd.DataFrame,
    settings: Monitoring,
    embedding: tuple[float, float] | None,
    name: str,
) -> "tuple[Snapshot, dict[str, ColumnDrift]]":
    """Evidently's report over the shared columns, and what it found per column.

    Args:
        current, reference: tables of the same columns; numeric ones are compared as numbers, all
            others as categories. Missing values are left out.
        embedding: score and limit of the vectors, to be shown and plotted with the columns.
        name: name and tag of the report.
    """
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    from data_checks.drift.scores import ScoreBoard

    now, then = {}, {}
    methods: dict[str, str] = {}
    limits: dict[str, float] = {}
    distances: dict[str, float] = {}
    for column in reference.columns:
        numeric = _is_number(reference[column]) and _is_number(current[column])
        sides = reference[column], current[column]
        if min(side.notna().sum() for side in sides) < MIN_VALUES:
            continue
        if not numeric:
            sides = limit_categories(sides[0].astype(object), sides[1].astype(object))
        then[column], now[column] = sides
        known = [side.dropna().reset_index(drop=True) for side in sides]
        methods[column] = "wasserstein" if numeric else "jensenshannon"
        limits[column] = shuffled_limit(known[0], known[1], numeric, effect=EFFECT, alpha=ALPHA)
        distances[column] = _distance(known[0], known[1], numeric)
    ratios = {ratio_column(c): distances[c] / limits[c] for c in methods}
    moved = sum(ratio > 1 for ratio in ratios.values())
    scores = {SHARE: moved / max(len(methods), 1), **ratios}
    counters = {}
    if embedding is not None:
        scores |= {EMBEDDING_SCORE: embedding[0], EMBEDDING_LIMIT: embedding[1]}
        counters = {
            "Embeddings told apart: ROC AUC, 0.5 is chance": f"{embedding[0]:.2f}",
            "Limit above which that is drift": f"{embedding[1]:.2f}",
        }
    numbers = [c for c, method in methods.items() if method == "wasserstein"]
    categories = [c for c, method in methods.items() if method != "wasserstein"]
    metrics = [ScoreBoard(list(scores), counters)]
    if methods:
        preset = DataDriftPreset(
            columns=list(methods),
            drift_share=settings.drift_share,
            per_column_method=methods,
            per_column_threshold=limits,
        )
        metrics.append(preset)
    definition = DataDefinition(numerical_columns=[*numbers, *scores], categorical_columns=categories)
    data = [
        Dataset.from_pandas(
            pd.DataFrame(side, index=table.index).assign(**scores), data_definition=definition
        )
        for side, table in ((now, current), (then, reference))
    ]
    snapshot = Report(metrics, include_tests=True).run(*data, name=name, tags=[name])
    return snapshot, _found(snapshot, methods, limits)


def _found(snapshot: "Snapshot", methods: dict[str, str], limits: dict[str, float]) -> dict[str, ColumnDrift]:
    """The report's own score per column, held against the limit."""
    found = {}
    for metric in snapshot.dict()["metrics"]:
        column = metric["config"].get("column")
        if column in methods and str(metric["config"].get("type", "")).endswith("ValueDrift"):
            score = float(metric["value"])
            found[column] = ColumnDrift(methods[column], score, limits[column], score > limits[column])
    return found


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _distance(reference: pd.Series, current: pd.Series, numeric: bool) -> float:
    if numeric:
        return numeric_distance(reference.to_numpy(float), current.to_numpy(float))
    codes = pd.factorize(pd.concat([reference, current], ignore_index=True))[0]
    return categorical_distance(codes[: len(reference)], codes[len(reference) :])


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
