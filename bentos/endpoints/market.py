"""/market: segments of the catalogue, what rises and falls, prices among competitors, and gaps."""

import numpy as np
import pandas as pd

from bentos.api.sheets import Column, Fact, Said, Sheet, Table
from bentos.endpoints.people import PeoplePage, lacking
from bentos.serving.loaded_release import LoadedRelease
from insights.market.folder import Report
from insights.market.movers import FEWEST

__all__ = ["MARKET"]

NAME = Column("named", Said("Segment", "细分市场"), "said")
PRODUCT = Column("product_id", Said("Product", "商品"), "product")
VERDICTS = {
    "riser": Said("rising", "上升"),
    "faller": Said("falling", "下降"),
    "new": Said("newly selling", "新开始销售"),
    "": Said("steady", "平稳"),
}
COURSE = Column("change", Said("Against the shop's course", "相对全店走势"), "percent")
TOLD = Column("told", Said("Verdict", "判断"), "said")
SEGMENTS = (
    NAME,
    Column("products", Said("Products", "商品数"), "number"),
    Column("product_share", Said("Share of products", "商品占比"), "share", 1),
    Column("share", Said("Share of sales", "销量占比"), "share", 1),
    Column("course", Said("Share of sales by week", "每周销量占比"), "series"),
    COURSE,
    TOLD,
    Column("against", Said("Prices against competitors", "价格与竞品相比"), "percent"),
    Column("since", Said("Since", "自"), "time"),
)
MOVERS = (
    PRODUCT,
    NAME,
    Column("before", Said("Sold before", "此前销量"), "number"),
    Column("recent", Said("Sold lately", "近期销量"), "number"),
    COURSE,
    TOLD,
)
PRICES = (
    PRODUCT,
    NAME,
    Column("price", Said("Price", "价格"), "money"),
    Column("median_price", Said("Median of competitors", "竞品中位价"), "money"),
    Column("against", Said("Difference", "差异"), "percent"),
    Column("cheaper", Said("Competitors that cost less", "更便宜的竞品占比"), "percent"),
    Column("competitors", Said("Competitors", "竞品数"), "number"),
)
BY = {"sales": Said("what is bought", "购买"), "searches": Said("what is searched for", "搜索")}
GAPS = (
    NAME,
    Column("seen", Said("Seen in", "依据"), "said"),
    Column("from_price", Said("Price from", "价格自"), "money"),
    Column("to_price", Said("to", "至"), "money"),
    Column("products", Said("Products", "商品数"), "number"),
    Column("product_share", Said("Share of products", "商品占比"), "share", 1),
    Column("line_share", Said("Share of demand", "需求占比"), "share", 1),
    Column("times", Said("Demand a product, times the others'", "单品需求为其他的倍数"), "number", 1),
)
SEARCHES = (
    Column("query", Said("Looked for", "搜索词")),
    Column("asked", Said("Times", "次数"), "number"),
)
WITHOUT = Said(
    "This release has no market report; run the insights job.",
    "此版本没有市场报告；请运行 insights 任务。",
)


def market(loaded: LoadedRelease) -> Sheet:
    """The report that belongs to the release that answers."""
    report: Report | None = loaded.application("market")
    if report is None:
        return lacking(loaded, "market", WITHOUT)
    names = {
        row["segment"]: Said(row["name_en"] or row["name"], row["name_zh"] or row["name"])
        for row in report.segments.to_dict("records")
    }
    products = report.products.assign(named=report.products["segment"].map(names))
    moved = products[products["verdict"] != ""].sort_values(["q", "product_id"], na_position="last")
    currency = loaded.release.products.set_index("product_id")[["price", "currency"]]
    priced = products[products["against"].notna()].join(currency, on="product_id")
    money = next(iter(priced["currency"]), "")
    far = priced["against"].abs().sort_values(ascending=False, kind="stable").index
    segments = with_course(report).assign(named=report.segments["segment"].map(names))
    gaps = report.gaps
    gaps = gaps.assign(named=gaps["segment"].map(names), currency=money, seen=gaps["by"].map(BY))
    said = {part: Said(*told) if told.en else None for part, told in report.said.items()}
    counted = products["verdict"].value_counts()
    return Sheet(
        until=until(report),
        lacks=said["demand"] or said["movers"],
        facts=[
            Fact(Said("Segments", "细分市场"), len(segments), note=said["segments"]),
            Fact(Said("New segments", "新出现的"), int(segments["new"].sum()), note=said["new"]),
            Fact(Said("Rising products", "上升商品"), int(counted.get("riser", 0))),
            Fact(Said("Falling products", "下降商品"), int(counted.get("faller", 0))),
            Fact(Said("Gaps", "空白"), len(gaps)),
        ],
        tables=[
            Table(
                "segments",
                Said("Segments", "细分市场"),
                Said(
                    "Products that are alike in words, photo, sound and price; named by their commonest "
                    "words. A segment keeps its name from week to week.",
                    "文字、照片、声音和价格相近的商品；以最常见的词命名，各周之间保持名称不变。",
                ),
                SEGMENTS,
                moves_told(segments).sort_values("products", ascending=False, kind="stable"),
            ),
            Table(
                "movers",
                Said("Risers and fallers", "上升与下降的商品"),
                Said(
                    "What sells more or less than before beyond chance and beyond the whole shop; at most "
                    "one in twenty named here is wrong. Sales are counted in purchases.",
                    "销量变化超出偶然与全店走势的商品；此处约至多二十分之一为误报。销量按购买次数计。",
                ),
                MOVERS,
                moves_told(moved),
                said["movers"] or still(products),
            ),
            Table(
                "gaps",
                Said("Gaps", "空白"),
                Said(
                    "Segments, and price bands of them, whose products are wanted clearly more than the "
                    "others: much demand, few products. Shares are of the shop, or of a band's segment.",
                    "其商品明显比其他更受欢迎的细分市场或其价格带：需求多，商品少。占比按全店计，价格带按其细分市场计。",
                ),
                GAPS,
                gaps,
                said["gaps"] or Said("No place sells clearly better than the rest.", "没有明显的空白。"),
            ),
            Table(
                "searches",
                Said("Searches without an answer", "没有结果的搜索"),
                Said("What was looked for in vain, most often first.", "未找到结果的搜索词，按次数排列。"),
                SEARCHES,
                report.searches,
                said["searches"] or Said("Every search found something.", "每次搜索都有结果。"),
            ),
            Table(
                "prices",
                Said("Prices among competitors", "价格在竞品中的位置"),
                Said(
                    "Each price beside those of the nearest products that are no variants of it, the "
                    "farthest from their median first.",
                    "每个价格与最相近的非同款商品相比，偏离中位数最远的在前。",
                ),
                PRICES,
                priced.loc[far],
                Said("No product has enough priced products near it.", "没有商品有足够的带价近邻。"),
            ),
        ],
    )


def until(report: Report) -> str:
    """The Sunday of the last whole week of purchases; without any, the Monday of the report's week."""
    if not len(report.demand):
        return report.week
    return (pd.Timestamp(report.demand["week"].max()) + pd.Timedelta(days=6)).strftime("%Y-%m-%d")


def moves_told(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their change and verdict as they are shown."""
    return rows.assign(change=(rows["ratio"] - 1).round(3), told=rows["verdict"].map(VERDICTS))


def still(products: pd.DataFrame) -> Said:
    """That nothing moves, and of how many products a change could have been told."""
    judged = int(products["q"].notna().sum())
    return Said(
        f"Nothing moves beyond chance. Of {judged:,} of {len(products):,} products a change could be told at "
        f"all: they were bought {FEWEST} times or more in the weeks that are compared. Segments, which sell "
        "more, are judged above.",
        f"没有超出偶然的变化。{len(products):,} 件商品中仅 {judged:,} 件在比较的各周内售出 {FEWEST} 次以上，"
        "足以判断变化。销量更大的细分市场见上表。",
    )


def with_course(report: Report) -> pd.DataFrame:
    """Segments with their share of sales by week."""
    weeks = {one: own["share"].to_numpy() for one, own in report.demand.groupby("segment")}
    course = pd.Series([weeks.get(one, np.empty(0)) for one in report.segments["segment"]], dtype=object)
    return report.segments.assign(course=course)


MARKET = PeoplePage(
    "market",
    Said("Market", "市场"),
    Said("Segments of the catalogue, week by week.", "商品目录的细分市场，逐周更新。"),
    market,
    place=30,
)
