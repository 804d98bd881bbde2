"""Pages for the shop's people: their data and downloads need their scope, and no cell is a formula."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from bentos.api.sheets import Column, Fact, Said, Sheet, Table, sheet_json, table_csv
from bentos.endpoints import PEOPLE
from tests.bentos.house import House, error_of

TABLE = Table(
    "rising",
    Said("Rising", "上升"),
    Said("", ""),
    [
        Column("product_id", Said("Product", "商品"), "product"),
        Column("price", Said("Price", "价格"), "money"),
        Column("sold", Said("Sold", "销量"), "series"),
        Column("why", Said("Why", "原因"), "said"),
    ],
    pd.DataFrame(
        {
            "product_id": ["a", "=b"],
            "price": [9.5, np.nan],
            "currency": ["EUR", None],
            "sold": [np.array([1.0, np.nan]), np.array([])],
            "why": [Said("more", "更多"), None],
        }
    ),
)


def shown(product: str) -> dict[str, str]:
    return {"title": "@SUM(1)" if product == "a" else "", "photo": ""}


def test_a_sheet_as_json() -> None:
    said = sheet_json(Sheet([TABLE], [Fact(Said("Sold", "销量"), np.int64(3))]), shown)
    assert said["facts"][0]["value"] == 3
    (table,) = said["tables"]
    assert table["rows"] == [
        [
            {"id": "a", "title": "@SUM(1)", "photo": ""},
            [9.5, "EUR"],
            [1.0, None],
            {"en": "more", "zh": "更多"},
        ],
        [{"id": "=b", "title": "", "photo": ""}, [None, ""], [], None],
    ]
    assert table["total"] == 2


def test_a_download_opens_in_a_spreadsheet_and_runs_nothing_there() -> None:
    data = table_csv(TABLE, shown, "zh")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows == [
        ["商品", "标题", "价格", "货币", "销量", "原因"],
        ["a", "'@SUM(1)", "9.5", "EUR", "1.0; ", "更多"],
        ["'=b", "", "", "", "", ""],
    ]


@pytest.mark.parametrize("name", PEOPLE)
def test_every_page_is_open_its_data_are_not_and_a_release_without_them_says_so(
    name: str, keyed: House, opened: House
) -> None:
    assert keyed.client().get(f"/{name}").headers["content-type"].startswith("text/html")
    assert error_of(keyed.client("read").get(f"/insights/{name}"), 403)["value"] == "'insights'"
    sheet = keyed.client("insights").get(f"/insights/{name}").json()
    assert sheet["name"] == name
    assert sheet["lacks"] or sheet["tables"]
    for table in sheet["tables"]:
        answer = keyed.client("insights").get(f"/insights/{name}/{table['name']}.csv?language=zh")
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}-{table["name"]}.csv"'
        assert answer.content.decode("utf-8-sig").split("\r\n")[0]
    assert error_of(opened.client().get(f"/insights/{name}/none.csv"), 404)
    assert error_of(opened.client().get(f"/insights/{name}/none.csv?language=fr"), 422)


def test_what_there_is(keyed: House) -> None:
    said = keyed.client("insights").get("/insights").json()
    assert [page["name"] for page in said["pages"]] == list(PEOPLE)
    assert error_of(keyed.client("insights").get("/insights/nothing"), 404)
    assert error_of(keyed.client("insights").post("/insights/applications"), 405)
