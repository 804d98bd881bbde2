"""What of the catalogue and of the traffic is compared for drift: the request log, and columns of both."""

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from shelfspace.durable_log import DurableLog
from shelfspace.workspace import REQUEST_LOG

__all__ = ["LOG_COLUMNS", "catalogue_columns", "read_requests", "request_versions", "traffic_columns"]

logger = logging.getLogger("shelfspace.drift")

NONE = "(none)"
EARLIER = "requests-*.jsonl"
"""Files of the request log before it was a `DurableLog`."""

LOG_COLUMNS = (
    "time", "endpoint", "release", "status", "items", "seconds", "text_length", "language", "has_text",
    "has_photo", "has_sound", "price", "top_label", "top_score", "hits", "vector",
)  # fmt: skip
"""What is read of the service's request log; the rest, such as query texts, is left where it is."""
LOG_TYPES: dict[str, Any] = {
    "status": "int64", "items": "int64", "seconds": "float64", "text_length": "int64", "price": "float64",
    "top_score": "float64", "hits": "float64", "has_text": "bool", "has_photo": "bool", "has_sound": "bool",
}  # fmt: skip


def request_versions(live: Path) -> dict[str, str]:
    """Name of each file of the service's request log to what changes when it grows.

    Args:
        live: the folder of the log; may be absent.
    """
    versions = {file.name: str(file.stat().st_size) for file in sorted(live.glob(EARLIER))}
    if (live / REQUEST_LOG).exists():
        with closing(DurableLog(live / REQUEST_LOG)) as log:
            versions[REQUEST_LOG] = str(log.sequence)
    return versions


def read_requests(live: Path) -> pd.DataFrame:
    """Rows of the service's request log, in time order, one row a request item.

    Files `requests-*.jsonl` of the earlier format are read too. A row that a kill or a full disk has torn,
    or that says what no request can, is passed over, counted and named in the log.

    Args:
        live: the folder of the log; may be absent.

    Returns:
        The columns `LOG_COLUMNS`, typed; time as UTC, vector as float32 or None. Its `attrs` hold
        `passed_over`, the number of rows that could not be read.

    Raises:
        ArtifactError: the log is damaged as a whole; names the file.
    """
    torn: list[str] = []
    rows = [row for file in sorted(live.glob(EARLIER)) for row in earlier_rows(file, torn)]
    if (live / REQUEST_LOG).exists():
        with closing(DurableLog(live / REQUEST_LOG)) as log:
            entries, _ = log.read(damaged=lambda number: torn.append(f"{log.path} entry {number}"))
        for entry in entries:
            rows += whole_row({**entry.record, "vector": entry.vector}, f"{log.path} {entry.sequence}", torn)
    for place in torn:
        logger.warning("%s is torn or no request and is passed over", place)
    kept = [{name: row.get(name) for name in LOG_COLUMNS} for row in rows]
    table = pd.DataFrame(kept, columns=list(LOG_COLUMNS))
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    for name, kind in LOG_TYPES.items():
        empty = False if kind == "bool" else 0 if kind == "int64" else np.nan
        table[name] = table[name].map(lambda v, empty=empty: empty if v is None else v).astype(kind)
    for name in ("endpoint", "release", "language", "top_label"):
        table[name] = table[name].map(lambda v: "" if v is None else str(v)).astype(object)
    table = table.sort_values("time", kind="stable", ignore_index=True)
    table.attrs["passed_over"] = len(torn)
    return table


def earlier_rows(file: Path, torn: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of a file of the earlier format: one JSON object a line."""
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = None
        yield from whole_row(row, f"{file} line {number}", torn)


def whole_row(row: Any, place: str, torn: list[str]) -> list[dict[str, Any]]:
    """The row, if what it says can be read as a request; else nothing, and its place is noted."""
    said = row if isinstance(row, dict) else {}
    numbers = [said.get(name) for name, kind in LOG_TYPES.items() if kind != "bool"]
    vector = said.get("vector")
    if (
        not is_time(said.get("time"))
        or not all(number is None or isinstance(number, int | float) for number in numbers)
        or not (vector is None or isinstance(vector, np.ndarray | list))
    ):
        torn.append(place)
        return []
    return [{**said, "vector": None if vector is None else np.asarray(vector, np.float32)}]


def is_time(value: Any) -> bool:
    """Whether it is a time as the log writes it."""
    try:
        return bool(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return False


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
        requests: rows of the request log (`read_requests`); missing columns are left out.

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


def _log10(price: pd.Series) -> pd.Series:
    positive = price.where(price.gt(0)).astype(float)
    return pd.Series(np.log10(positive.to_numpy()), index=price.index)


def _named(values: pd.Series) -> pd.Series:
    return values.fillna("").astype(str).replace("", NONE)


def _yes(values: pd.Series) -> pd.Series:
    return values.map({True: "yes", False: "no"})
