"""What every check measured, in the workspace: one row a monitor a check."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from data_checks.drift.verdict import Verdict
from shelfspace.files import read_parquet, write_table

__all__ = ["COLUMNS", "add_check", "check_rows", "read_history", "since_when"]

COLUMNS = ("time", "champion", "question", "monitor", "distance", "limit", "over", "confirmed", "rows")
KEPT = pd.Timedelta(days=400)
"""A year, and the season before it. After `WHOLE` one check a day is kept, the last."""
WHOLE = pd.Timedelta(days=14)


def read_history(path: Path) -> pd.DataFrame:
    """All rows that are kept, by time; none where nothing was checked yet.

    Raises:
        ArtifactError: the file is damaged.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS)).astype({"distance": float, "limit": float})
    return read_parquet(path)


def check_rows(verdicts: Sequence[Verdict], champion: str, time: pd.Timestamp) -> pd.DataFrame:
    """What one check measured, in `COLUMNS`."""
    rows = []
    for verdict in verdicts:
        moves = {move.monitor: move for move in verdict.moves}
        for monitor, distance in verdict.distances.items():
            limit = verdict.limits.get(monitor, float("nan"))
            confirmed = monitor in moves and moves[monitor].confirmed
            values = (time, champion, verdict.question, monitor, distance, limit, distance > limit, confirmed)
            rows.append((*values, verdict.rows["current"]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def since_when(history: pd.DataFrame, verdict: Verdict, champion: str, now: pd.Timestamp) -> Verdict:
    """The verdict with the time since which it holds, where its windows have none: the first of the latest
    checks that all found the question moved."""
    if not verdict.kind or verdict.since:
        return verdict
    rows = history[history["champion"].eq(champion) & history["question"].eq(verdict.question)]
    moved = rows.groupby("time")["confirmed"].any().sort_index()
    quiet = moved.index[~moved.to_numpy(bool)]
    held = moved.index[moved.index > quiet[-1]] if len(quiet) else moved.index
    return replace(verdict, since=(held[0] if len(held) else now).isoformat())


def add_check(path: Path, rows: pd.DataFrame) -> None:
    """Add a check's rows; what is older than a year is dropped, of older days the last check stays."""
    if not len(rows):
        return
    before = read_history(path)
    table = pd.concat([before, rows], ignore_index=True) if len(before) else rows
    latest = table["time"].max()
    table = table[table["time"] > latest - KEPT]
    last_of_day = table.groupby(table["time"].dt.floor("D"))["time"].transform("max")
    table = table[(table["time"] > latest - WHOLE) | table["time"].eq(last_of_day)]
    write_table(path, table.reset_index(drop=True))
