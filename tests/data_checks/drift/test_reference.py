"""What is compared, and which rows of the request log make the two windows."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_checks.drift.reference import (
    LOG_COLUMNS,
    catalogue_columns,
    read_requests,
    traffic_columns,
    traffic_windows,
)  # fmt: skip
from shelfspace.errors import ArtifactError
from shelfspace.files import write_table
from shelfspace.settings import Monitoring
from tests.data_checks import tables

SETTINGS = Monitoring(min_requests=10)
CROWNED = "2026-03-01T00:00:00+00:00"


def _rows(count: int, *, start: str = "2026-03-01T00:00:01Z", **changes: object) -> list[dict]:
    times = pd.date_range(start, periods=count, freq="s")
    row = {
        "endpoint": "search", "release": "000002-bb", "status": 200, "items": 1, "seconds": 0.01,
        "text_length": 5, "language": "en", "has_text": True, "has_photo": False, "has_sound": False,
        "price": None, "top_label": "Mugs", "top_score": 0.5, "vector": [0.6, 0.8], "text": "secret",
    }  # fmt: skip
    return [{**row, **changes, "time": t.isoformat(), "items": i} for i, t in enumerate(times)]


def _log(folder: Path, *parts: list[dict]) -> pd.DataFrame:
    folder.mkdir(parents=True, exist_ok=True)
    for i, part in enumerate(parts):
        text = "\n".join(json.dumps(row) for row in part)
        (folder / f"requests-2026-03-01-1-{i}.jsonl").write_text(text)
    return read_requests(folder.glob("requests-*.jsonl"))


def test_catalogue_columns_describe_the_products() -> None:
    products = tables.products(4)
    products.loc[0, ["price", "brand", "category"]] = [np.nan, "Acme", ""]
    products.at[1, "photos"] = []
    columns = catalogue_columns(products)
    assert columns["has_price"].tolist() == ["no", "yes", "yes", "yes"]
    assert columns["has_brand"].tolist() == ["yes", "no", "no", "no"]
    assert columns["has_photo"].tolist() == ["yes", "no", "yes", "yes"]
    assert columns["category"].tolist() == ["(none)", "Home", "Home", "Home"]
    assert np.isnan(columns["log_price"].iloc[0])
    assert columns["log_price"].iloc[3] == pytest.approx(np.log10(20))
    assert columns["attributes"].tolist() == [1, 1, 1, 1]


def test_the_log_is_read_in_time_order_without_query_texts(tmp_path: Path) -> None:
    late, early = _rows(3, start="2026-03-02T00:00:00Z"), _rows(2)
    table = _log(tmp_path, late, early)
    assert list(table.columns) == list(LOG_COLUMNS)
    assert table["time"].is_monotonic_increasing
    assert "secret" not in table.to_json()
    write_table(tmp_path / "requests.parquet", table)
    again = pd.read_parquet(tmp_path / "requests.parquet")
    assert again["vector"].iloc[0].tolist() == [0.6, 0.8]


def test_an_empty_log_keeps_its_types(tmp_path: Path) -> None:
    table = read_requests([])
    write_table(tmp_path / "requests.parquet", table)
    again = pd.read_parquet(tmp_path / "requests.parquet")
    assert traffic_windows(again, CROWNED, SETTINGS) == {}
    assert again["time"].dtype == "datetime64[us, UTC]"


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "requests-1.jsonl").write_text('{"time": "2026-03-01T00:00:00Z"}\n{"tor')
    with pytest.raises(ArtifactError, match=r"requests-1\.jsonl line 2"):
        read_requests(tmp_path.glob("*.jsonl"))


def test_windows_are_the_first_and_the_latest_rows_since_the_crowning(tmp_path: Path) -> None:
    table = _log(
        tmp_path,
        _rows(50, start="2026-02-01T00:00:00Z", release="000001-aa"),
        _rows(5, start="2026-03-01T00:00:00Z", release="000001-aa"),  # not swapped yet: the old model
        _rows(60),
        _rows(30, status=422, vector=None, release=""),
        _rows(15, endpoint="embed"),
    )
    windows = traffic_windows(table, CROWNED, SETTINGS)
    assert list(windows) == ["search"]
    window = windows["search"]
    assert len(window.reference) == len(window.current) == 15
    assert window.reference_vectors is not None
    assert window.reference_vectors.shape == (15, 2)
    served = table[table["release"].eq("000002-bb") & table["endpoint"].eq("search")]
    assert window.reference.index.tolist() == served.index[:15].tolist()
    assert window.current.index.tolist() == served.index[-15:].tolist()


def test_rows_without_a_vector_leave_the_columns_usable(tmp_path: Path) -> None:
    window = traffic_windows(_log(tmp_path, _rows(40, vector=None)), CROWNED, SETTINGS)["search"]
    assert window.current_vectors is None
    assert window.current["top_label"].eq("Mugs").all()
    assert set(traffic_columns(window.current)) <= set(window.current)
