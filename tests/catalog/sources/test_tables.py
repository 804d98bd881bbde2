"""Readers: every value as it came, and an error that names the file, the line and the remedy."""

import datetime
import decimal
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catalog.sources.tables import read_table
from shelfspace.errors import CatalogError


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data", "rows"),
    [
        ("inch.csv", b'id,t\n1,15" bag\n2,b\n', [["1", '15" bag'], ["2", "b"]]),
        ("lines.csv", b'id,t\r\n1,"a\nb"\r\n2,"c ""q"" d"\r\n', [["1", "a\nb"], ["2", 'c "q" d']]),
        ("words.csv", b'id,t\nNA,null\n,"nan"\n007,1e5\n', [["NA", "null"], ["", "nan"], ["007", "1e5"]]),
        ("bom.csv", b"\xef\xbb\xbfid,t\n1,2", [["1", "2"]]),
        ("packed.csv.gz", gzip.compress("id,t\n1,茶".encode(), mtime=0), [["1", "茶"]]),
        ("head.csv", b"id,t\n", []),
        ("rows.jsonl", b'{"id":1,"t":[1,"x"]}\n\n{"id":"2"}\n', [["1", '[1, "x"]'], ["2", ""]]),
        ("half.jsonl", b'{"id":"\\ud800","t":true}', [["\ufffd", "true"]]),
    ],
)  # fmt: skip
def test_values_come_as_they_are(tmp_path: Path, name: str, data: bytes, rows: list) -> None:
    table = read_table(written(tmp_path, name, data))
    assert table.to_numpy().tolist() == rows
    assert table.columns.tolist() == ["id", "t"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("open.csv", b'id,t\n1,a\n2,"abc\n3,c\n', "line 3"),
        ("long.csv", b"id,t\n1,2\n1,2,3\n", "row 3"),
        ("short.csv", b"id,t\n1,2\n7\n", "row 3"),
        ("latin.csv", b"id,t\n1,a\n2,\xe9\n", "line 3"),
        ("wide.csv", "id,t\n1,2".encode("utf-16"), "UTF-16"),
        ("none.csv", b"", "empty"),
        ("twice.csv", b"id,id\n1,2\n", "a name of its own"),
        ("bad.jsonl", b'{"a":1}\n{"a":\n', "line 2"),
        ("list.jsonl", b"[1]\n", "line 1"),
        ("bytes.jsonl", b'{"a":"\xff"}\n', "UTF-8"),
        ("cut.csv.gz", gzip.compress(b"id,t\n" * 1000, mtime=0)[:30], "whole gzip"),
        ("plain.csv.gz", b"id,t\n1,2", "whole gzip"),
        ("bad.parquet", b"PAR1xxxx", "readable Parquet"),
        ("book.xlsx", b"1", ".jsonl"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    with pytest.raises(CatalogError, match=r"\w") as caught:
        read_table(written(tmp_path, name, data))
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="exists"):
        read_table(tmp_path / "none.csv")


def test_parquet_types_become_texts_without_loss(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "whole": pd.array([2**60 + 1, None], dtype="Int64"),
            "gaps": [17850.0, np.nan],
            "float": [0.1, np.nan],
            "list": [["a", "b"], None],
            "object": [{"k": 1}, {"k": 2}],
            "date": [datetime.date(2020, 1, 1), None],
            "decimal": [decimal.Decimal("1.10"), None],
            "bytes": [b"ab", None],
            "time": pd.to_datetime(["2020-01-01 10:00:00.5", None]),
            "category": pd.Categorical(["x", None]),
            "flag": [True, None],
        }
    )
    table.to_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet")
    assert read.iloc[0].tolist() == [
        "1152921504606846977", "17850", "0.1", '["a", "b"]', '{"k": 1}', "2020-01-01", "1.10", "ab",
        "2020-01-01T10:00:00.500000000", "x", "true",
    ]  # fmt: skip
    assert read.drop(columns="object").iloc[1].eq("").all()


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    pd.DataFrame({"raw": [b"\xff"]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(CatalogError, match="column raw"):
        read_table(tmp_path / "t.parquet")


def test_columns_are_renamed_and_one_may_feed_two(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"sku,name,title\n1,x,old\n")
    table = read_table(path, {"product_id": "sku", "title": "name", "description": "name"})
    assert table.to_dict("records") == [{"product_id": "1", "title": "x", "description": "x"}]
    with pytest.raises(CatalogError, match=r"columns\.brand = 'maker'"):
        read_table(path, {"brand": "maker"})


def test_encoding_and_delimiter(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "id;t\n1;茶,杯\n".encode("gb18030"))
    assert read_table(path, encoding="gb18030", delimiter=";").loc[0, "t"] == "茶,杯"
    with pytest.raises(CatalogError, match="name an encoding"):
        read_table(path, encoding="klingon")
