"""Searches as the service's request log keeps them, where `service.log_query_text` is on."""

from contextlib import closing
from pathlib import Path

import pandas as pd

from shelfspace.durable_log import DurableLog
from shelfspace.workspace import REQUEST_LOG

__all__ = ["read_searches", "searches_version"]


def searches_version(live: Path) -> str:
    """What changes when the log grows; "" without one.

    Args:
        live: the workspace's folder of logs; may be absent. So of `read_searches`.
    """
    if not (live / REQUEST_LOG).exists():
        return ""
    with closing(DurableLog(live / REQUEST_LOG)) as log:
        return str(log.sequence)


def read_searches(live: Path, weeks: int) -> pd.DataFrame:
    """Query and hits of each answered search of words in the last weeks of the log.

    Damaged entries are passed over, as the drift of requests does.

    Raises:
        ArtifactError: the log is damaged as a whole; names the file.
    """
    rows: list[tuple[float, str, int]] = []
    if (live / REQUEST_LOG).exists():
        with closing(DurableLog(live / REQUEST_LOG)) as log:
            entries, _ = log.read(damaged=lambda _number: None)
        for entry in entries:
            row = entry.record
            if row.get("endpoint") == "search" and row.get("text") and "hits" in row:
                rows.append((pd.Timestamp(row["time"]).timestamp(), str(row["text"]), int(row["hits"])))
    table = pd.DataFrame(rows, columns=["time", "query", "hits"])
    recent = table["time"] > table["time"].max() - weeks * 7 * 86_400
    return table.loc[recent, ["query", "hits"]].reset_index(drop=True)
