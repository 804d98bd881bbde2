"""The page on the market: what the report says, in both languages, and a release without one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bentos.api.sheets import Sheet, sheet_json, table_csv
from bentos.endpoints.market import market
from bentos.serving.applications.market import MARKET
from bentos.serving.loaded_release import LoadedRelease
from catalog.contract import EVENT_COLUMNS
from insights.market.folder import write_report
from insights.market.report import market_report
from shelfspace.settings.insights import Market
from tests.bentos.house import House


def page(loaded: LoadedRelease, folder: Path, weeks: int) -> Sheet:
    """The page of a release whose products sell alike, the first six times as much of late."""
    new = {"brand": "", "group_id": "", "updated_at": pd.Timestamp("2026-01-05", tz="UTC")}
    products = loaded.release.products.assign(**new)
    days = pd.date_range("2026-01-05", periods=7 * weeks + 1, freq="D", tz="UTC")
    rows = [
        ("u", product, "purchase", 1, 5.0, day, f"o{number}-{day:%j}-{times}")
        for number, product in enumerate(products["product_id"])
        for day in days[number % 3 :: 3]
        for times in range(6 if number == 0 and day >= days[-1] - pd.Timedelta(days=27) else 1)
    ]
    events = pd.DataFrame(rows, columns=list(EVENT_COLUMNS))
    cosine = np.asarray(loaded.vectors) @ np.asarray(loaded.vectors).T
    nearest = np.argsort(-cosine, axis=1, kind="stable")
    near = nearest, np.take_along_axis(cosine, nearest, axis=1)
    report = market_report(
        products, np.asarray(loaded.vectors), events if weeks else events[:0], near, Market()
    )
    write_report(folder, report, {})
    return market(replace(loaded, applications={"market": MARKET.open(folder, loaded)}))


@pytest.mark.parametrize("weeks", [30, 0])
def test_the_page_tells_the_report(opened: House, tmp_path: Path, weeks: int) -> None:
    loaded = opened.application.engine.require()
    sheet = page(loaded, tmp_path, weeks)
    shown = lambda product: {"title": product.lower(), "photo": ""}  # noqa: E731
    tables = {table["name"]: table for table in sheet_json(sheet, shown)["tables"]}
    assert list(tables) == ["segments", "movers", "gaps", "searches", "prices"]
    named = tables["segments"]["rows"][0][0]
    assert named["en"]
    assert named["zh"]
    assert tables["searches"]["empty"] == {"en": "query texts are not kept", "zh": "未保存搜索词"}
    first = loaded.release.products["product_id"].iloc[0]
    if weeks:
        assert sheet.lacks is None
        assert [row[0]["id"] for row in tables["movers"]["rows"]] == [first]
        assert tables["movers"]["rows"][0][-1] == {"en": "rising", "zh": "上升"}
        assert len(tables["segments"]["rows"][0][4]) == weeks
    else:
        assert sheet.lacks is not None
        assert "no purchases" in sheet.lacks.en
        assert tables["movers"]["total"] == tables["gaps"]["total"] == 0
    assert all(table_csv(table, shown, "zh") for table in sheet.tables)


def test_a_release_without_a_report_says_which_job_makes_one(opened: House) -> None:
    lacks = market(opened.application.engine.require()).lacks
    assert lacks is not None
    assert "run the insights job" in lacks.en
