"""The questions that drift is asked, each with its windows since the reference, its reference and its past.

The catalogue's reference is what the champion learned; the traffic's is fixed at promotion. What a window is
compared with therefore never moves while the same champion serves.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from data_checks.drift.described import COLUMNS_OF_PREDICTIONS, KEPT, changed_since
from data_checks.drift.limits import MOST_WINDOWS, OWN_WINDOWS
from data_checks.drift.verdict import Verdict
from data_checks.drift.windows import Window, cut_windows
from shelfspace.settings import Monitoring

__all__ = [
    "ARRIVED",
    "LATEST",
    "PREDICTIONS",
    "SALES",
    "Question",
    "catalogue_question",
    "predictions_question",
    "window_rows",
]

ARRIVED, PREDICTIONS, SALES = "catalogue", "predictions", "traffic sales"
LATEST = 8
"""Windows since the reference that are looked at: the last three decide, the others say since when."""


@dataclass(frozen=True)
class Question:
    """One question and all that its verdict rests on.

    Attributes:
        name: as `data_checks.drift.windows.Window.question` has it.
        title: what is asked, in words.
        reference: None where there is none yet.
        windows: complete windows since the reference, oldest first.
        past: the latest complete windows before those, which limits are fitted on where none are kept.
        season: last year's same weeks; None where nobody knows them.
        notes: what could not be looked at, in sentences.
        certain: the verdict, where counting gives it and windows are not needed.
    """

    name: str
    title: str
    reference: Window | None
    windows: Sequence[Window]
    past: Sequence[Window]
    season: Window | None = None
    notes: Sequence[str] = field(default_factory=tuple)
    certain: Verdict | None = None


def window_rows(rows: int, settings: Monitoring) -> int:
    """Rows of a window of a catalogue: few enough that its reference holds windows of its own."""
    return int(min(settings.window_rows, max(settings.min_requests, rows // (OWN_WINDOWS + 2))))


def catalogue_question(
    now: pd.DataFrame,
    then: pd.DataFrame,
    settings: Monitoring,
    vectors_now: Mapping[str, np.ndarray],
    vectors_then: Mapping[str, np.ndarray],
) -> Question:
    """Has the catalogue moved since the champion learned: what came or changed since, window by window.

    Where fewer than two windows have come, the whole catalogue stands for them: what is gone leaves no rows.

    Args:
        now, then: `described` of the present catalogue, and as it was kept.
        vectors_now, vectors_then: name to (n, d) of the same rows, zero where a product has none.
    """
    names = [str(name) for name in then if name in now and name not in (*KEPT, *COLUMNS_OF_PREDICTIONS)]
    names = [name for name in names if then[name].notna().any()]
    fresh = changed_since(now, then)
    gone = float((~then["product_id"].isin(now["product_id"])).mean()) if len(then) else 0.0
    # What came is compared by its rows: growth alone is no move.
    counts = {"products": float(min(len(now), len(then))), "gone": gone}
    rows = window_rows(len(then), settings)
    everything = np.arange(len(then))
    shared = sorted(set(vectors_now) & set(vectors_then))

    came = _cut(rows, ARRIVED, now, names, vectors_now, np.flatnonzero(fresh), shared, LATEST)
    # Since when the whole is otherwise no row says: the history of the checks does.
    whole = replace(
        _window(ARRIVED, now, names, vectors_now, np.arange(len(now)), shared, _times(now)),
        start=None,
        end=None,
    )
    came = [*[whole] * max(0, 2 - len(came)), *came]
    reference = _window(ARRIVED, then, names, vectors_then, everything, shared, _times(then))
    unknown = [
        str(name) for name in now if name not in names and name not in (*KEPT, *COLUMNS_OF_PREDICTIONS)
    ]
    unknown = [name for name in unknown if now[name].notna().any()]
    notes = [f"not known when the champion learned: {', '.join(unknown)}"] if unknown else []
    return Question(
        ARRIVED,
        "Has the catalogue moved since the champion learned?",
        replace(reference, counts={"products": float(len(then)), "gone": 0.0}),
        [replace(window, counts=counts) for window in came],
        _cut(rows, ARRIVED, then, names, vectors_then, everything, shared, MOST_WINDOWS),
        notes=notes,
    )


def predictions_question(
    now: pd.DataFrame,
    then: pd.DataFrame,
    settings: Monitoring,
    vectors_now: Mapping[str, np.ndarray],
    vectors_then: Mapping[str, np.ndarray],
    new: Collection[str] = (),
) -> Question | None:
    """Does what the champion says of new products still fit: among products that it never learned from.

    Args:
        now, then, vectors_now, vectors_then: as `catalogue_question` has them; the champion's own vectors.
        new: categories that it cannot name, since it never learned them: of those nothing is asked.

    Returns:
        None where nothing was predicted when the champion was crowned, or is now.
    """
    names = [name for name in COLUMNS_OF_PREDICTIONS if name in then and name in now]
    if not names:
        return None
    held = np.flatnonzero(~then["learned"].to_numpy(bool) & then["label"].ne("").to_numpy())
    unseen = ~now["learned"].to_numpy(bool) & changed_since(now, then)
    unseen &= ~now["label"].isin(["", *new]).to_numpy()
    rows, shared = window_rows(len(held), settings), sorted(set(vectors_now) & set(vectors_then))

    return Question(
        PREDICTIONS,
        "Is the champion still right about new products?",
        _window(PREDICTIONS, then, names, vectors_then, held, shared, _times(then)),
        _cut(rows, PREDICTIONS, now, names, vectors_now, np.flatnonzero(unseen), shared, LATEST),
        _cut(rows, PREDICTIONS, then, names, vectors_then, held, shared, MOST_WINDOWS),
    )


def _times(table: pd.DataFrame) -> pd.Series:
    """When each row was last updated; what has no time counts as the latest, in the order of the table."""
    times = pd.to_datetime(table["updated_at"], utc=True)
    return times.fillna(times.max() if times.notna().any() else pd.Timestamp(0, tz="UTC"))


def _cut(
    rows: int,
    question: str,
    table: pd.DataFrame,
    names: Sequence[str],
    vectors: Mapping[str, np.ndarray],
    of: np.ndarray,
    shared: Sequence[str],
    latest: int,
) -> list[Window]:
    """The latest complete windows of that many of the rows `of`, oldest first."""
    times = _times(table)
    parts = cut_windows(times.iloc[of].reset_index(drop=True), rows)[-latest:]
    return [_window(question, table, names, vectors, of[part], shared, times) for part in parts]


def _window(
    question: str,
    table: pd.DataFrame,
    names: Sequence[str],
    vectors: Mapping[str, np.ndarray],
    of: np.ndarray,
    shared: Sequence[str],
    times: pd.Series,
) -> Window:
    """Some rows as a window; of vectors those that are there, and of columns those that say anything."""
    when = times.iloc[of]
    columns = table[list(names)].iloc[of].reset_index(drop=True)
    parts = {name: np.asarray(vectors[name][of], np.float32) for name in shared}
    there = {name: part[np.any(part != 0, axis=1)] for name, part in parts.items()}
    ends = (when.min(), when.max()) if len(when) else (None, None)
    return Window(question, columns, there, None, {}, *ends)
