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
        waits: what came so far, and what a window takes; said where none is complete.
    """

    name: str
    title: str
    reference: Window | None
    windows: Sequence[Window]
    past: Sequence[Window]
    season: Window | None = None
    notes: Sequence[str] = field(default_factory=tuple)
    certain: Verdict | None = None
    waits: str = ""


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
    present, reference = _sides(ARRIVED, names, now, then, vectors_now, vectors_then)
    everything = np.arange(len(then))
    gone = float((~then["product_id"].isin(now["product_id"])).mean()) if len(then) else 0.0
    # What came is compared by its rows: growth alone is no move.
    counts = {"products": float(min(len(now), len(then))), "gone": gone}
    rows = window_rows(len(then), settings)

    came = present.cut(np.flatnonzero(changed_since(now, then)), rows, LATEST)
    # Since when the whole is otherwise no row says: the history of the checks does.
    whole = replace(present.window(np.arange(len(now))), start=None, end=None)
    came = [*[whole] * max(0, 2 - len(came)), *came]
    unknown = [
        str(name) for name in now if name not in names and name not in (*KEPT, *COLUMNS_OF_PREDICTIONS)
    ]
    unknown = [name for name in unknown if now[name].notna().any()]
    notes = [f"not known when the champion learned: {', '.join(unknown)}"] if unknown else []
    return Question(
        ARRIVED,
        "Has the catalogue moved since the champion learned?",
        replace(reference.window(everything), counts={"products": float(len(then)), "gone": 0.0}),
        [replace(window, counts=counts) for window in came],
        reference.cut(everything, rows, MOST_WINDOWS),
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
    present, reference = _sides(PREDICTIONS, names, now, then, vectors_now, vectors_then)
    rows = window_rows(len(held), settings)

    return Question(
        PREDICTIONS,
        "Is the champion still right about new products?",
        reference.window(held),
        present.cut(np.flatnonzero(unseen), rows, LATEST),
        reference.cut(held, rows, MOST_WINDOWS),
        waits=f"{unseen.sum():,} products of categories that the champion knows are new or changed "
        f"since it learned; a window takes more than {rows:,}",
    )


@dataclass(frozen=True)
class _Side:
    """What is compared of one table, as both sides know it.

    Attributes:
        question: as `Question.name`.
        columns: of the table, those that are compared.
        vectors: name to (n, d), zero where a row has none.
        times: when each row was last updated.
    """

    question: str
    columns: pd.DataFrame
    vectors: Mapping[str, np.ndarray]
    times: pd.Series

    def window(self, of: np.ndarray) -> Window:
        """Some rows as a window; of vectors those that are there."""
        when = self.times.iloc[of]
        columns = self.columns.iloc[of].reset_index(drop=True)
        parts = {name: np.asarray(vectors[of], np.float32) for name, vectors in self.vectors.items()}
        there = {name: part[np.any(part != 0, axis=1)] for name, part in parts.items()}
        ends = (when.min(), when.max()) if len(when) else (None, None)
        return Window(self.question, columns, there, None, {}, *ends)

    def cut(self, of: np.ndarray, rows: int, latest: int) -> list[Window]:
        """The latest complete windows of that many of the rows `of`, oldest first."""
        parts = cut_windows(self.times.iloc[of].reset_index(drop=True), rows)[-latest:]
        return [self.window(of[part]) for part in parts]


def _sides(
    question: str,
    names: Sequence[str],
    now: pd.DataFrame,
    then: pd.DataFrame,
    vectors_now: Mapping[str, np.ndarray],
    vectors_then: Mapping[str, np.ndarray],
) -> tuple[_Side, _Side]:
    """The present and the reference, with the columns of these names and the vectors that both have."""
    shared = sorted(set(vectors_now) & set(vectors_then))
    present, reference = (
        _Side(question, table[list(names)], {name: vectors[name] for name in shared}, _times(table))
        for table, vectors in ((now, vectors_now), (then, vectors_then))
    )
    return present, reference


def _times(table: pd.DataFrame) -> pd.Series:
    """When each row was last updated; what has no time counts as the latest, in the order of the table."""
    times = pd.to_datetime(table["updated_at"], utc=True)
    return times.fillna(times.max() if times.notna().any() else pd.Timestamp(0, tz="UTC"))
