"""What is compared, and which rows of the request log make the two windows."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_checks.drift.reference import (
    LOG_COLUMNS,
    catalogue_columns,
    read_requests,
    request_versions,
)  # fmt: skip
from data_checks.drift.traffic import traffic_questions
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.errors import ArtifactError
from shelfspace.files import write_table
from shelfspace.settings import Monitoring
from shelfspace.workspace import REQUEST_LOG
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
    log = DurableLog(folder / REQUEST_LOG)
    for part in parts:
        log.append(
            LogEntry({**row, "vector": None}, None if row["vector"] is None else np.float32(row["vector"]))
            for row in part
        )
    log.close()
    return read_requests(folder)


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
    np.testing.assert_allclose(again["vector"].iloc[0], [0.6, 0.8], atol=1e-6)


def test_an_empty_log_keeps_its_types(tmp_path: Path) -> None:
    table = read_requests(tmp_path)
    write_table(tmp_path / "requests.parquet", table)
    again = pd.read_parquet(tmp_path / "requests.parquet")
    assert traffic_questions(again, CROWNED, SETTINGS, tmp_path) == []
    assert again["time"].dtype == "datetime64[us, UTC]"


def test_files_of_the_earlier_format_are_read_and_a_torn_line_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    early, late = _rows(2), _rows(3, start="2026-03-02T00:00:00Z")
    lines = [json.dumps(row) for row in early]
    (tmp_path / "requests-2026-03-01-1-0.jsonl").write_text("\n".join([lines[0], "[1]", lines[1], '{"tor']))
    table = _log(tmp_path, late)
    assert table["time"].is_monotonic_increasing
    assert len(table) == 5
    np.testing.assert_allclose(np.stack(list(table["vector"])), [[0.6, 0.8]] * 5, atol=1e-6)
    assert "requests-2026-03-01-1-0.jsonl line 2 is torn or no request" in caplog.text
    assert "requests-2026-03-01-1-0.jsonl line 4 is torn or no request" in caplog.text


def test_a_damaged_log_is_named(tmp_path: Path) -> None:
    (tmp_path / REQUEST_LOG).write_text("no log" * 100)
    with pytest.raises(ArtifactError, match=REQUEST_LOG):
        read_requests(tmp_path)


def test_a_version_changes_when_the_log_grows(tmp_path: Path) -> None:
    assert request_versions(tmp_path / "absent") == {}
    _log(tmp_path, _rows(3))
    (tmp_path / "requests-1.jsonl").write_text("{}")
    assert request_versions(tmp_path) == {"requests-1.jsonl": "2", REQUEST_LOG: "3"}


def test_rows_that_are_no_requests_are_passed_over_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = {"time": "2026-01-01T00:00:00.000+00:00", "endpoint": "search", "status": 200, "items": 1}
    with closing(DurableLog(tmp_path / REQUEST_LOG)) as log:
        strange = [{**whole, "time": "yesterday"}, {**whole, "status": "fine"}, {"endpoint": "search"}]
        log.append([LogEntry(row) for row in (whole, *strange, whole, whole)])
    with closing(sqlite3.connect(tmp_path / REQUEST_LOG)) as database:
        database.execute('UPDATE entries SET record = \'{"time": "20\' WHERE sequence = 5')
        database.commit()
    table = read_requests(tmp_path)
    assert len(table) == 2
    assert table.attrs["passed_over"] == 4
    assert "entry 5 is torn" in caplog.text
