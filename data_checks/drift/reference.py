"""What of the catalogue and of the traffic is compared for drift, and with which period.

The catalogue is compared with the champion's training snapshot; traffic with the first window after
the champion went live, per endpoint.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from shelfspace.errors import ArtifactError
from shelfspace.settings import Monitoring

__all__ = [
    "LOG_COLUMNS", "Window", "catalogue_columns", "read_requests", "traffic_columns", "traffic_vectors",
    "traffic_windows",
]  # fmt: skip

NONE = "(none)"

LOG_COLUMNS = (
    "time", "endpoint", "release", "status", "items", "seconds", "text_length", "language", "has_text",
    "has_photo", "has_sound", "price", "top_label", "top_score", "vector",
)  # fmt: skip
"""What is read of the service's request log; the rest, such as query texts, is left where it is."""
LOG_TYPES: dict[str, Any] = {
    "status": "int64", "items": "int64", "seconds": "float64", "text_length": "int64", "price": "float64",
    "top_score": "float64", "has_text": "bool", "has_photo": "bool", "has_sound": "bool",
}  # fmt: skip


@dataclass(frozen=True)
class Window:
    """Two periods of one endpoint's traffic, ready for `drift_report`.

    Attributes:
        current, reference: columns of `traffic_columns`, in time order.
        current_vectors, reference_vectors: (rows, d) float32; None where no row has one.
    """

    current: pd.DataFrame
    reference: pd.DataFrame
    current_vectors: np.ndarray | None
    reference_vectors: np.ndarray | None


def read_requests(files: Iterable[Path]) -> pd.DataFrame:
    """Rows of the service's request log, in time order, one row a request item.

    Args:
        files: `live/requests-*.jsonl`.

    Returns:
        The columns `LOG_COLUMNS`, typed; time as UTC, vector as a list of floats or None.

    Raises:
        ArtifactError: a line is no JSON object; names file and line.
    """
    rows: list[dict[str, Any]] = []
    for file in sorted(files):
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
            try:
                row = orjson.loads(line)
                rows.append({name: row.get(name) for name in LOG_COLUMNS})
            except (orjson.JSONDecodeError, AttributeError) as error:
                raise ArtifactError(f"{file} line {number} is no JSON object; remove the file") from error
    table = pd.DataFrame(rows, columns=list(LOG_COLUMNS))
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    for name, kind in LOG_TYPES.items():
        empty = False if kind == "bool" else 0 if kind == "int64" else np.nan
        table[name] = table[name].map(lambda v, empty=empty: empty if v is None else v).astype(kind)
    for name in ("endpoint", "release", "language", "top_label"):
        table[name] = table[name].map(lambda v: "" if v is None else str(v)).astype(object)
    return table.sort_values("time", kind="stable", ignore_index=True)


def catalogue_columns(products: pd.DataFrame, level: int = 1) -> pd.DataFrame:
    """Columns that describe clean products: price, text, language, category and what is present.

    Args:
        products: clean products (`prepared/products.parquet`).
        level: category nodes kept.

    Returns:
        log_price (log10, NaN where missing), title_length, description_length, attributes (number of),
        photos (number of) as numbers; language, category, has_text, has_photo, has_sound, has_price,
        has_brand as texts. Rows in the order of `products`.
    """
    text = products["title"].str.len().add(products["description"].str.len())
    return pd.DataFrame(
        {
            "log_price": _log10(products["price"]),
            "title_length": products["title"].str.len().astype(float),
            "description_length": products["description"].str.len().astype(float),
            "attributes": products["attributes"].str.count('": "').astype(float),
            "photos": products["photos"].map(len).astype(float),
            "language": _named(products["language"]),
            "category": _named(products["category"].str.split(" > ").str[:level].str.join(" > ")),
            "has_text": _yes(text.gt(0)),
            "has_photo": _yes(products["photos"].map(len).gt(0)),
            "has_sound": _yes(products["sounds"].map(len).gt(0)),
            "has_price": _yes(products["price"].notna()),
            "has_brand": _yes(products["brand"].ne("")),
        },
        index=products.index,
    )


def traffic_columns(requests: pd.DataFrame) -> pd.DataFrame:
    """Columns that describe what was asked and what the model answered; one row a request item.

    Args:
        requests: rows of the request log (`live/requests-*.jsonl`); missing columns are left out.

    Returns:
        text_length, log_price, top_score as numbers; language, top_label, has_text, has_photo,
        has_sound as texts. Neither time nor speed: a slow hour is no drift of the data.
    """
    made: dict[str, pd.Series] = {}
    if "text_length" in requests:
        made["text_length"] = pd.to_numeric(requests["text_length"]).astype(float)
    if "price" in requests:
        made["log_price"] = _log10(pd.to_numeric(requests["price"]))
    if "top_score" in requests:
        made["top_score"] = pd.to_numeric(requests["top_score"]).astype(float)
    for column in ("language", "top_label"):
        if column in requests:
            made[column] = _named(requests[column])
    for column in ("has_text", "has_photo", "has_sound"):
        if column in requests:
            made[column] = _yes(requests[column].fillna(False).astype(bool))
    return pd.DataFrame(made, index=requests.index)


def traffic_vectors(requests: pd.DataFrame) -> np.ndarray | None:
    """(n, d) float32 of the rows that carry a vector; None where none does.

    Rows whose width differs from the first one's belong to another encoder and are left out.
    """
    if "vector" not in requests:
        return None
    given = [v for v in requests["vector"] if isinstance(v, list | np.ndarray) and len(v)]
    rows = [np.asarray(v, np.float32) for v in given]
    return np.stack([v for v in rows if len(v) == len(rows[0])]) if rows else None


def traffic_windows(requests: pd.DataFrame, since: str, settings: Monitoring) -> dict[str, Window]:
    """Per endpoint the first and the latest answered rows since a champion was crowned.

    Both windows have the same size: a quarter of the rows, at least `min_requests`, at most
    `sample_rows`. The first one is what the champion met when it went live; it grows slowly, so that
    its own noise shrinks. An endpoint with fewer than twice `min_requests` rows is left out. Rows of
    releases that were live before `since` are left out too: their vectors are of another model.

    Args:
        requests: `read_requests`.
        since: ISO 8601 time.
    """
    start = pd.Timestamp(since)
    start = start.tz_localize("UTC") if start.tzinfo is None else start
    before = set(requests.loc[requests["time"].lt(start), "release"])
    served = requests[
        requests["time"].ge(start) & requests["status"].lt(400) & ~requests["release"].isin(before)
    ]
    windows: dict[str, Window] = {}
    for endpoint, rows in served.groupby("endpoint", sort=True):
        if len(rows) < 2 * settings.min_requests:
            continue
        ordered = rows.sort_values("time", kind="stable")
        size = min(max(len(rows) // 4, settings.min_requests), settings.sample_rows)
        first, latest = ordered.head(size), ordered.tail(size)
        windows[str(endpoint)] = Window(
            traffic_columns(latest), traffic_columns(first), traffic_vectors(latest), traffic_vectors(first)
        )
    return windows


def _log10(price: pd.Series) -> pd.Series:
    positive = price.where(price.gt(0)).astype(float)
    return pd.Series(np.log10(positive.to_numpy()), index=price.index)


def _named(values: pd.Series) -> pd.Series:
    return values.fillna("").astype(str).replace("", NONE)


def _yes(values: pd.Series) -> pd.Series:
    return values.map({True: "yes", False: "no"})
