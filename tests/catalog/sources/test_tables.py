"""Readers: every value as it came, and an error that names the file, the line and the remedy."""

import datetime
import decimal
import gzip
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        ("excel.csv", "sep=;\r\nid;t\r\n1;café\r\n;\r\n;\r\n".encode(), [["1", "café"]]),
        ("excel.txt.csv", "id\tt\n1\tcafé".encode("utf-16"), [["1", "café"]]),
        ("mac.csv", b'id,t\r1,"a\rb"\r2,c\r', [["1", "a\rb"], ["2", "c"]]),
        ("semicolons.csv", b"id;t\n1;2,5\n2;3,5\n", [["1", "2,5"], ["2", "3,5"]]),
        ("tabs.tsv", b"id\tt\n1\ta, b\n", [["1", "a, b"]]),
        ("tail.csv", b"id,t,,\n1,2,,\n,,,\n3,,,\n,,,\n,,,\n", [["1", "2"], ["", ""], ["3", ""]]),
        ("names.csv", b" id , t\n 1,2\n", [[" 1", "2"]]),
        ("mac.jsonl", b'{"id":1,"t":2}\r{"id":3,"t":4}\r', [["1", "2"], ["3", "4"]]),
        ("floats.jsonl", b'{"id":1e8,"t":1.261}\n{"id":9007199254740993,"t":1e22}',
         [["100000000", "1.2610"], ["9007199254740993", "1e+22"]]),
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
        ("nul.csv", b"id,t\n1,a\n2,\x00\n", "line 3"),
        ("wide.csv", "id,t\n1,2".encode("utf-16-le"), "utf-16-le"),
        ("pipes.csv", b"id|t\n1|2\n1|2|3\n", "row 3"),
        ("after.csv", b"sep=;\nid;t\n1;2\n1;2;3\n", "row 4"),
        ("none.csv", b"", "empty"),
        ("twice.csv", b"id,id\n1,2\n", "a name of its own"),
        ("bad.jsonl", b'{"a":1}\n{"a":\n', "line 2"),
        ("list.jsonl", b"[1]\n", "line 1"),
        ("bytes.jsonl", b'{"a":"\xff"}\n', "UTF-8"),
        ("cut.csv.gz", gzip.compress(b"id,t\n" * 1000, mtime=0)[:30], "whole gzip"),
        ("plain.csv.gz", b"id,t\n1,2", "whole gzip"),
        ("bad.parquet", b"PAR1xxxx", "readable Parquet"),
        ("book.xls", b"1", ".jsonl"),
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
    path = written(tmp_path, "yen.csv", "id,t\n1,¥\n".encode("gb18030"))
    with pytest.raises(CatalogError, match=r"yen\.csv line 2.*not gbk; try gb18030"):
        read_table(path, encoding="gbk")


def test_what_the_file_itself_says_counts_and_what_is_found_is_told(tmp_path: Path) -> None:
    notes: list[str] = []
    path = written(tmp_path, "a.csv", b"id;t\n1;2\n")
    assert read_table(path, notes=notes).columns.tolist() == ["id", "t"]
    assert notes == ["a.csv is read with the delimiter ';', which parts all its rows alike"]
    marked = written(tmp_path, "b.csv", "\ufeffid,t\n1,é\n".encode())
    assert read_table(marked, encoding="cp1252", notes=notes).to_numpy().tolist() == [["1", "é"]]
    said = written(tmp_path, "c.csv", b'"sep=;"\nid;t\n1;2\n')
    assert read_table(said, delimiter=",", notes=notes).columns.tolist() == ["id", "t"]
    assert len(notes) == 1


def test_columns_are_found_whatever_their_case_and_spaces(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"Product ID, TITLE ,Updated-At,title \n1,a,b,c\n")
    read = read_table(path, table="products")
    assert read[["product_id", "title", "updated_at"]].to_numpy().tolist() == [["1", "c", "b"]]
    assert read_table(path, {"brand": "updated at"}, table="products").loc[0, "brand"] == "b"


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_an_id_is_the_same_text_from_every_reader(tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"product_id": [100000000.0, np.nan, 1e16], "user_id": [" u1\u00a0", "007", ""]})
    if name.endswith("csv"):
        table.to_csv(tmp_path / name, index=False)
    elif name.endswith("jsonl"):
        table.to_json(tmp_path / name, orient="records", lines=True)
    else:
        table.to_parquet(tmp_path / name)
    read = read_table(tmp_path / name, table="events")
    assert read["product_id"].tolist() == ["100000000", "", "10000000000000000"]
    assert read["user_id"].tolist() == ["u1", "007", ""]


@settings(deadline=None)
@given(
    st.binary(max_size=60),
    st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet"]),
    st.sampled_from(["utf-8", "gbk", "utf-16", "cp1252", "utf-7", "idna", "rot13"]),
)
def test_any_bytes_are_a_table_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str, encoding: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    path.write_bytes(data)
    with suppress(CatalogError):
        read = read_table(path, encoding=encoding, table="products")
        assert all(isinstance(value, str) for row in read.to_numpy() for value in row)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Products 2026\n\nid,t\n1,a\n2,b\n", "what stands above the header (1 lines)"),
        ("Products 2026,\n,\nid,t\n1,a\n2,b\n", "what stands above the header (2 lines)"),
        ("# made, by a program, today\nid,t\n1,a\n2,b\n", "what stands above the header (1 lines)"),
        ("id,t\n1,a\nid,t\n2,b\n", "1 rows repeat the header"),
        ("id,t\n1,a,\n2,b,\n", ""),
        ("id,t,\n1,a\n2,b\n", ""),
        ("id,t\n1,a,,\n2,b\n", ""),
        ('id,t\n="1",a\n"=""2""",b\n', ""),
    ],
)
def test_what_is_no_row_of_the_table_is_left_out_and_told(tmp_path: Path, text: str, told: str) -> None:
    notes: list[str] = []
    table = read_table(written(tmp_path, "a.csv", text.encode()), notes=notes)
    assert table.to_dict("records") == [{"id": "1", "t": "a"}, {"id": "2", "t": "b"}]
    assert told in "; ".join(notes)
    assert bool(notes) == bool(told)


@pytest.mark.parametrize("text", ["only\none\ncolumn\n", "#,t\n1,a\n"])
def test_a_header_is_not_taken_for_a_line_above_it(tmp_path: Path, text: str) -> None:
    assert read_table(written(tmp_path, "a.csv", text.encode())).columns[0] in ("only", "#")


def test_utf8_is_read_as_such_whatever_encoding_is_named(tmp_path: Path) -> None:
    notes: list[str] = []
    path = written(tmp_path, "a.csv", "id,t\n1,Größe\n".encode())
    assert read_table(path, encoding="cp1252", notes=notes).loc[0, "t"] == "Größe"
    assert notes == ["a.csv is UTF-8, though cp1252 is named as its encoding; it is read as UTF-8"]
    other = written(tmp_path, "b.csv", "id,t\n1,茶杯\n".encode("gb18030"))
    assert read_table(other, encoding="gb18030", notes=notes).loc[0, "t"] == "茶杯"
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\n<!DOCTYPE html><html></html>", "HTML"),
        (b"PK\x03\x04\x14", "workbook"),
        (b'[{"id": 1}]', ".jsonl"),
        (b"%PDF-1.7", "PDF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ],
)
def test_what_is_no_csv_is_called_what_it_is(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(CatalogError, match=re.escape(said)):
        read_table(written(tmp_path, "a.csv", data))


def test_words_for_nothing_are_empty_cells_and_told(tmp_path: Path) -> None:
    notes: list[str] = []
    data = b"productId,title,brand,note\nNULL,mug,N/A,NULL\n2,-,nan,x\n"
    read = read_table(written(tmp_path, "a.csv", data), table="products", notes=notes)
    assert read[["product_id", "title", "brand"]].to_numpy().tolist() == [["NULL", "mug", ""], ["2", "", ""]]
    assert read["note"].tolist() == ["NULL", "x"]
    assert "empty cells: 1 in title, 2 in brand" in notes[1]


def test_columns_that_nothing_reads_are_told_where_one_is_missing(tmp_path: Path) -> None:
    notes: list[str] = []
    path = written(tmp_path, "a.csv", b"product_id,title,Price (EUR)\n1,mug,5\n")
    read_table(path, {"title": "title"}, table="products", notes=notes)
    assert "no column is called description, category, price, photos" in notes[0]
    assert "nothing reads Price (EUR)" in notes[0]
    whole = b"product_id,title,description,category,price,photos,own\n1,mug,a,b,5,,x\n"
    assert read_table(written(tmp_path, "b.csv", whole), table="products", notes=notes).shape == (1, 7)
    assert len(notes) == 1


@pytest.mark.parametrize("title", ["GrÃ¶ÃŸe", "it â€œis", "Gr\ufffde"])
def test_garbled_texts_are_told(tmp_path: Path, title: str) -> None:
    notes: list[str] = []
    data = f"product_id,title\n1,{title}\n2,Größe São Ångström\n".encode()
    read_table(written(tmp_path, "a.csv", data), table="products", notes=notes)
    assert f"1 cells of title look garbled (for instance {title!r})" in "; ".join(notes)
