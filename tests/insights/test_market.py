"""The weekly report on a shop's market: segments, movers, prices, gaps, and thin or odd shops."""

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom
from threadpoolctl import threadpool_limits

from insights.market.chance import change_p
from insights.market.folder import NOTHING, Before, Report, read_before, read_report, write_report
from insights.market.gaps import unanswered_searches
from insights.market.movers import movers
from insights.market.naming import name_segments
from insights.market.report import market_report
from insights.market.searches import read_searches
from insights.market.segments import cut_segments
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.settings.insights import Market
from shelfspace.workspace import REQUEST_LOG

KINDS = {"kettle": "水壶", "violin": "小提琴", "rug": "地毯"}
MONDAY = pd.Timestamp("2026-03-02", tz="UTC")


def shop(each: int = 20, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Products of three kinds, those of each near one another; every fourth in Chinese."""
    rng = np.random.default_rng(seed)
    rows, vectors = [], []
    for place, (kind, chinese) in enumerate(KINDS.items()):
        for number in range(each):
            title = (
                f"红色{chinese}"
                if number % 4 == 0
                else f"Acme red {kind} no {number} {'steel' * (number % 2)}"
            )
            rows.append(
                (f"{kind}{number:02d}", title, "Acme", f"Home > {kind}s", 10.0 * (place + 1) + number)
            )
            vectors.append(np.eye(8)[place] + rng.normal(0, 0.1, 8))
    products = pd.DataFrame(rows, columns=["product_id", "title", "brand", "category", "price"])
    products = products.assign(currency="EUR", group_id="", updated_at=MONDAY)
    stacked = np.array(vectors)
    return products, (stacked / np.linalg.norm(stacked, axis=1, keepdims=True)).astype(np.float32)


def sales(products: pd.DataFrame, weeks: int = 20, each: int = 2) -> pd.DataFrame:
    """The same sales of each product in each week; the last week is over."""
    ids = products["product_id"].tolist()
    days = [MONDAY + pd.Timedelta(days=7 * week + day) for week in range(weeks) for day in range(each)]
    table = pd.DataFrame([(p, day) for day in days for p in ids], columns=["product_id", "time"])
    ended = pd.DataFrame({"product_id": ids[:1], "time": [MONDAY + pd.Timedelta(days=7 * weeks)]})
    table = table.assign(event="purchase")
    table = pd.concat([table, ended.assign(event="view")], ignore_index=True)
    return table.assign(
        user_id="u", quantity=1, unit_price=5.0, order_id=[f"o{n}" for n in range(len(table))]
    )


def reported(
    products: pd.DataFrame,
    vectors: np.ndarray,
    events: pd.DataFrame,
    before: Before | None = None,
    **more: Any,
) -> Report:
    cosine = vectors @ vectors.T
    rows = np.argsort(-cosine, axis=1, kind="stable")
    nearest = rows, np.take_along_axis(cosine, rows, axis=1)
    return market_report(products, vectors, events, nearest, Market(), before, **more)


def named(report: Report, field: str = "name") -> pd.Series:
    names = report.segments.set_index("segment", drop=False)[field]
    return report.products.set_index("product_id")["segment"].map(names)


def test_segments_are_of_a_kind_and_named_by_it_in_both_languages() -> None:
    report = reported(*shop(), sales(shop()[0]))
    assert set(report.products.groupby(report.products["product_id"].str[:-2])["segment"].nunique()) == {1}
    told = report.segments.set_index("name")
    assert {name.split(", ")[0] for name in told.index} == {f"{kind}s" for kind in KINDS}
    assert set(told["name_zh"]) == set(KINDS.values())
    words = " ".join(told["words"])
    assert "acme" not in words
    assert "red" not in words.split(", ")
    assert "红" not in words


def test_neither_order_nor_threads_nor_another_machine_change_a_segment() -> None:
    products, vectors = shop()
    order = np.random.default_rng(3).permutation(len(products))
    with threadpool_limits(2):
        once = named(reported(products, vectors, sales(products)))
    noise = np.random.default_rng(4).normal(0, 1e-8, vectors.shape)
    again = reported(
        products.iloc[order].reset_index(drop=True), vectors[order] + noise[order], sales(products)
    )
    assert named(again).equals(once)
    assert again.products["product_id"].is_monotonic_increasing


def test_what_did_not_change_stays_and_what_no_segment_holds_makes_a_new_one() -> None:
    products, vectors = shop()
    first = reported(products, vectors, sales(products))
    before = Before(first.week, first.products, first.segments, first.last_week)
    new = pd.DataFrame({"product_id": [f"lamp{n}" for n in range(9)], "title": "Acme brass lamp"})
    more = pd.concat(
        [products, new.assign(brand="Acme", category="Home > Lamps", currency="EUR", group_id="")]
    )
    own = np.eye(8)[7] + np.random.default_rng(5).normal(0, 0.05, (9, 8))
    every = np.concatenate([vectors, own / np.linalg.norm(own, axis=1, keepdims=True)]).astype(np.float32)
    later = reported(more.reset_index(drop=True), every, sales(products, 21), before)
    assert named(later).loc[named(first).index].equals(named(first))
    (found,) = later.segments[later.segments["new"]].to_dict("records")
    assert (found["products"], found["since"]) == (9, later.week)
    assert "lamp" in found["name"]
    assert later.said["new"].en.startswith("9 products are new since last week, 0 are gone, 0 changed")


def test_when_most_has_changed_the_cut_is_new_and_the_numbers_are_matched() -> None:
    products, vectors = shop()
    first = cut_segments(list(products["product_id"]), vectors, Market())
    turned = vectors[:, ::-1]  # another model: every vector differs
    again = cut_segments(list(products["product_id"]), turned, Market(), first.table)
    assert "cut anew" in again.said.en
    assert again.table["segment"].equals(first.table["segment"])


def test_risers_are_those_beyond_chance_and_beyond_the_shop() -> None:
    mean = np.full((400, 48), 6.0)
    assert (
        movers(np.random.default_rng(0).poisson(mean).astype(float), Market())["verdict"] != ""
    ).sum() <= 2
    mean[:, -4:] *= 2  # the whole shop sells twice as much
    mean[:10, -4:] *= 3
    mean[10:20, -4:] = 0
    lines = np.random.default_rng(1).poisson(mean).astype(float)
    told = movers(lines, Market())
    assert (told["verdict"][:10] == "riser").all()
    assert (told["verdict"][10:20] == "faller").all()
    assert (told["verdict"][20:] != "").sum() <= 4


def test_counts_that_always_jump_rise_by_chance() -> None:
    rng = np.random.default_rng(1)
    steady, jumping = rng.poisson(6.0, (300, 48)), rng.poisson(rng.gamma(0.4, 15.0, (300, 48)))
    steady[0, -4:] = jumping[0, -4:] = 20
    assert movers(steady.astype(float), Market())["verdict"][0] == "riser"
    assert (movers(jumping.astype(float), Market())["verdict"] != "").sum() <= 3


def test_the_p_of_a_change_is_scipys_beta_binomial() -> None:
    before, recent, rho = np.array([20, 3, 0]), np.array([22, 0, 9]), np.array([0.2, 0.01, 0.0])
    for got, b, x, r in zip(change_p(before, recent, 0.4, rho), before, recent, rho, strict=True):
        size = 1 / max(r, 1e-6) - 1
        spread = betabinom(b + x, 0.4 * size, 0.6 * size)
        assert got == pytest.approx(min(1, 2 * min(spread.cdf(x), spread.sf(x - 1))), rel=1e-5)


def test_prices_stand_among_the_nearest_that_are_no_variants() -> None:
    products, vectors = shop(each=8)
    products.loc[products["product_id"].isin(["rug01", "rug02", "rug03"]), "group_id"] = "g"
    products.loc[products["product_id"] == "kettle00", "price"] = np.nan
    told = reported(products, vectors, sales(products)).products.set_index("product_id")
    assert told.loc["violin07", ["competitors", "cheaper"]].tolist() == [7, 1.0]
    assert told.loc["violin07", "against"] == pytest.approx(27 / 23 - 1, abs=1e-3)
    assert told.loc["rug01", "competitors"] == 5
    assert told.loc["kettle00", "price_note"] == "no price"


def test_a_gap_is_a_place_where_more_than_one_product_sells_well() -> None:
    products, vectors = shop()
    plain = sales(products)
    best = plain[plain["product_id"].str.startswith("rug") & (plain["event"] == "purchase")]
    report = reported(products, vectors, pd.concat([plain, best, best], ignore_index=True))
    (gap,) = report.gaps.to_dict("records")
    assert gap["by"] == "sales"
    assert named(report)["rug00"] == report.segments.set_index("segment")["name"][gap["segment"]]
    assert gap["times"] == pytest.approx(3, abs=0.05)
    one = plain[(plain["product_id"] == "rug00") & (plain["event"] == "purchase")]
    assert len(reported(products, vectors, pd.concat([plain, *[one] * 50], ignore_index=True)).gaps) == 0
    assert report.said["searches"].en == "query texts are not kept"


@pytest.mark.parametrize("each", [10, 1])
@pytest.mark.parametrize("events", ["none", "one", "an empty week"])
def test_thin_shops_are_told_what_is_missing(each: int, events: str, tmp_path: Path) -> None:
    products, vectors = shop(each)
    given = sales(products)
    if events == "none":
        given = given.iloc[:0]
    if events == "one":
        given = given.iloc[:1]
    if events == "an empty week":
        week = (given["time"] - MONDAY).dt.days // 7
        given = given[week != 12]
    report = reported(products, vectors, given)
    assert len(report.products) == len(products)
    assert (report.said["movers"].en == "") is (events == "an empty week")
    if events != "an empty week":
        assert (report.products["verdict"] == "").all()
    write_report(tmp_path, report, {})
    kept = read_report(tmp_path)
    assert (kept.week, kept.said) == (report.week, report.said)
    assert read_before(tmp_path).products["segment"].tolist() == report.products["segment"].tolist()


def test_a_gap_may_be_searched_for_before_anything_is_sold() -> None:
    products, vectors = shop()
    rugs = products["product_id"][products["product_id"].str.startswith("rug")]
    rows = [("s", f"q{n}", "click", rug, MONDAY) for n in range(3) for rug in rugs]
    rows += [*rows, ("s", "q0", "impression", "kettle00", MONDAY), ("s", "", "click", "kettle00", MONDAY)]
    rows += [("s", "q9", "click", "violin00", MONDAY)]
    clicks = pd.DataFrame(rows, columns=["session", "query_id", "kind", "product_id", "time"])
    report = reported(products, vectors, sales(products)[:0], clicks=clicks)
    (gap,) = report.gaps.to_dict("records")
    assert (gap["by"], gap["lines"], gap["segment"]) == ("searches", 60, named(report, "segment")["rug00"])


def test_searches_in_vain_are_told_where_texts_are_kept_and_several_asked(tmp_path: Path) -> None:
    asked = [
        ("Tea  Pot", 0),
        ("tea pot", 0),
        ("TEA POT", 0),
        ("my name is Ada", 0),
        ("rug", 0),
        ("rug", 4),
        ("rug", 0),
    ]
    rows = [
        {"endpoint": "search", "time": "2026-03-02T10:00:00+00:00", "text": t, "hits": n} for t, n in asked
    ]
    old = [{**rows[4], "time": "2025-12-01T10:00:00+00:00", "text": "lamp"}] * 3
    untold = [{**rows[0], "text": ""}, {"endpoint": "similar", "time": rows[0]["time"], "hits": 0}]
    assert len(read_searches(tmp_path, 4)) == 0
    with closing(DurableLog(tmp_path / REQUEST_LOG)) as log:
        log.append(LogEntry(row) for row in (*rows, *old, *untold))
    table, why = unanswered_searches(read_searches(tmp_path, 4))
    assert (table.to_dict("records"), why) == ([{"query": "tea pot", "asked": 3}], NOTHING)


def test_one_product_and_products_all_alike_are_one_segment() -> None:
    products, vectors = shop()
    alone = reported(products[:1], vectors[:1], sales(products)[:0])
    alike = reported(products, np.repeat(vectors[:1], len(products), axis=0), sales(products))
    assert len(alone.segments) == len(alike.segments) == 1
    assert "all alike" in alike.said["segments"].en


def test_a_name_stays_while_its_words_do() -> None:
    table = pd.DataFrame({"title": ["Red rug"] * 5 + ["Tall lamp"] * 5, "brand": "", "category": ""})
    kept = {1: ("rug, carpet", ""), 2: ("shoe, boot, sandal", "")}
    names = name_segments(table, np.repeat([1, 2], 5), kept)["name_en"].tolist()
    assert names == ["rug, carpet", "lamp, tall"]
