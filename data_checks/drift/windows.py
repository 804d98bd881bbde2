"""Windows: the rows that one question of drift is asked about, cut in time order into complete pieces.

Two questions apart, and a third: has the catalogue moved since the champion learned (`catalogue`), has the
traffic moved since promotion (`traffic <endpoint>`), does quality fall (`events`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from shelfspace.errors import InputError

__all__ = ["Window", "cut_windows", "pool_windows"]


@dataclass(frozen=True, eq=False)
class Window:
    """Rows of one question between two times.

    Attributes:
        question: `catalogue`, `traffic <endpoint>` or `events`.
        columns: (n, c) numbers and texts, one row a product, request or event; NaN or None where unknown.
        vectors: name, such as `fused` or `image`, to (m, d) float32; m may be below n.
        blocks: (n,) what rows belong together (invoice, session, delivery), so that rows of one are not
            taken for independent; None where each row stands alone.
        counts: further figures of the whole, each judged as a rate: `products` (size of the catalogue),
            `gone` (of the reference's products, the share that is no longer there).
        start, end: first and last time, UTC.
    """

    question: str
    columns: pd.DataFrame
    vectors: Mapping[str, np.ndarray] = field(default_factory=dict)
    blocks: pd.Series | None = None
    counts: Mapping[str, float] = field(default_factory=dict)
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns)


def cut_windows(
    times: pd.Series, rows: int, blocks: pd.Series | None = None, days: float = 0.0
) -> list[np.ndarray]:
    """Positions of the rows of each complete window, oldest first; what is left over at the end is in none.

    Windows are counted from the first row on, so a row that comes later changes no earlier window.

    Args:
        times: (n,) UTC; rows without a time are in no window.
        rows: least number of rows of a window.
        blocks: (n,) rows of one block that follow one another stay in one window.
        days: least time that a window covers; 7 evens out the days of the week.

    Raises:
        InputError: `rows` is below 1.
    """
    if rows < 1:
        raise InputError("rows", rows, "give the number of rows of a window, such as 500")
    known = np.flatnonzero(times.notna().to_numpy())
    order = known[np.argsort(times.to_numpy()[known], kind="stable")]
    when = pd.DatetimeIndex(times.iloc[order])
    group = np.arange(len(order)) if blocks is None else pd.factorize(blocks.iloc[order])[0]
    windows, first = [], 0
    while first + rows < len(order):
        last = first + rows
        if days:
            last = max(last, int(when.searchsorted(when[first] + pd.Timedelta(days=days))))
        while last < len(order) and group[last] == group[last - 1]:
            last += 1
        # Complete is a window that something follows: its last block, its last day may still grow.
        if last >= len(order):
            break
        windows.append(order[first:last])
        first = last
    return windows


def pool_windows(windows: Sequence[Window]) -> Window:
    """Several windows of one question as one; counts are the last one's.

    Raises:
        InputError: there is none.
    """
    if not windows:
        raise InputError("windows", 0, "give one window at least")
    names = set.intersection(*(set(w.vectors) for w in windows))
    blocked = all(w.blocks is not None for w in windows)
    return Window(
        windows[-1].question,
        pd.concat([w.columns for w in windows], ignore_index=True),
        {name: np.concatenate([w.vectors[name] for w in windows]) for name in sorted(names)},
        pd.concat([w.blocks for w in windows if w.blocks is not None], ignore_index=True)
        if blocked
        else None,
        windows[-1].counts,
        windows[0].start,
        windows[-1].end,
    )
