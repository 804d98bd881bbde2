"""Judgements from CSV: read as documented, refused with file and line."""

from pathlib import Path

import pytest

from retrieval.ranking.training.judgements import read_judgements
from shelfspace.errors import InputError


def test_files_and_rows_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "query,product_id,relevance\nred shoe,P1,2\nred shoe, P2 ,1\nqwzx,,0\n", encoding="utf-8"
    )
    (tmp_path / "b.csv").write_text(
        'relevance,query,product_id,by\n0,red shoe,P3,me\n2,"台灯, 红色",P8,you\n2,red shoe,P1,you\n',
        encoding="utf-8",
    )
    (tmp_path / "notes.txt").write_text("not read")
    found = read_judgements(tmp_path)
    assert found.grades == {
        "red shoe": {"P1": 2, "P2": 1, "P3": 0},
        "qwzx": {},
        "台灯, 红色": {"P8": 2},
    }
    assert set(found.weights.values()) == {1.0}
    assert found.sources == {"a": 3, "b": 3}


def test_a_query_counts_by_the_mean_of_its_weights_and_the_heavier_of_two_stands(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "query,product_id,relevance,weight,source\nlamp,P1,2,0.5,clicks\nlamp,P1,0,3,anna\nlamp,P1,1,1,clicks\n"
        "shoe,P2,2,,\n",
        encoding="utf-8",
    )
    found = read_judgements(tmp_path)
    assert found.grades == {"lamp": {"P1": 0}, "shoe": {"P2": 2}}
    assert found.weights == {"lamp": 1.5, "shoe": 1.0}
    assert found.sources == {"clicks": 2, "anna": 1, "a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query,product_id\nx,P1\n", r"a.csv: columns.*add relevance"),
        ("query,product_id,relevance\nx,P1,2\n,P1,2\n", r"a.csv line 3: query"),
        ("query,product_id,relevance\nx,P1,7\n", r"line 2: relevance.*0 to 4"),
        ("query,product_id,relevance\nx,P1,1.5\n", r"line 2: relevance"),
        ("query,product_id,relevance\nx,,2\n", r"line 2: product_id"),
        ("query,product_id,relevance\nx,P1,2\nx,P1,1\n", r"line 3: relevance.*it was 2 before"),
        ("query,product_id,relevance,weight\nx,P1,2,-1\n", r"line 2: weight.*above 0"),
        ("query,product_id,relevance,weight\nx,P1,2,much\n", r"line 2: weight"),
        ("query,product_id,relevance,weight\nx,P1,2,4\nx,P1,1,4\n", r"line 3: relevance.*different weights"),
        ("", "CSV file in UTF-8 with a header"),
    ],
)
def test_a_wrong_file_says_where_and_why(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_judgements(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="put CSV files"):
        read_judgements(tmp_path)
