"""The weekly report: all that is said of the market, as tables and sentences."""

from typing import Any

import numpy as np
import pandas as pd

from insights.market.demand import Demand, monday_of, segment_demand, weekly_demand
from insights.market.folder import Before, Report, Said
from insights.market.gaps import COLUMNS as GAPS
from insights.market.gaps import demand_gaps, searched_for, unanswered_searches
from insights.market.movers import COLUMNS as MOVES
from insights.market.movers import movers, too_short
from insights.market.naming import name_segments
from insights.market.prices import price_positions
from insights.market.segments import cut_segments
from shelfspace.settings.insights import Market

__all__ = ["market_report"]

FIRST = Said(
    "the first report: there is no week before to compare with", "这是第一份报告，没有可比较的上一周"
)


def market_report(
    products: pd.DataFrame,
    vectors: np.ndarray,
    events: pd.DataFrame,
    nearest: tuple[np.ndarray, np.ndarray],
    settings: Market,
    before: Before | None = None,
    searches: pd.DataFrame | None = None,
    clicks: pd.DataFrame | None = None,
) -> Report:
    """Describe the market of n products.

    Args:
        products: cleaned products, as `catalog.contract` has them.
        vectors: (n, d), L2-normalised.
        events: cleaned events; may have no rows.
        nearest: (n, m) rows of the nearest products and their cosines, nearest first.
        before: what the last report left.
        searches: see `unanswered_searches`.
        clicks: see `searched_for`; None where the service took no events.
    """
    week = _week(products, events)
    cut = cut_segments(
        list(products["product_id"]), vectors, settings, None if before is None else before.products
    )
    table = products[["product_id"]].merge(cut.table, on="product_id", how="left", validate="one_to_one")
    segment = table["segment"].to_numpy(np.int64)
    named = (
        {}
        if before is None
        else {row["segment"]: (row["name_en"], row["name_zh"]) for row in before.segments.to_dict("records")}
    )
    texts = products[["title", "brand", "category"]].fillna("")
    segments = name_segments(texts, segment, named)
    demand = weekly_demand(events, list(products["product_id"]), settings.week_count)
    thin = too_short(demand, settings)
    table = pd.concat([table, _moves(demand.lines, settings, thin),
                       price_positions(products, *nearest, settings.competitors)], axis=1)  # fmt: skip
    segments, last_week, compared = _since(segments, table, week, before)
    segments = _with_demand(segments, table, demand, settings, thin)
    gaps = _gaps(products, segment, demand, clicks, settings, thin)
    vain, unknown = unanswered_searches(searches)
    return Report(
        week=week,
        products=table.sort_values("product_id").reset_index(drop=True),
        segments=segments,
        demand=segment_demand(demand, segment),
        gaps=gaps,
        searches=vain,
        last_week=last_week,
        said={"segments": cut.said, "new": compared, "demand": demand.why_not, "movers": thin,
              "gaps": thin, "searches": unknown},
    )  # fmt: skip


def _week(products: pd.DataFrame, events: pd.DataFrame) -> str:
    newest = (
        events["time"].max() if len(events) else products["updated_at"].max() if len(products) else pd.NaT
    )
    return "" if pd.isna(newest) else monday_of(newest).strftime("%Y-%m-%d")


def _gaps(
    products: pd.DataFrame,
    segment: np.ndarray,
    demand: Demand,
    clicks: pd.DataFrame | None,
    settings: Market,
    thin: Said,
) -> pd.DataFrame:
    """Gaps by what is sold, then by what is searched for."""
    weeks = settings.recent_weeks + settings.before_weeks
    wanted = {} if thin.en else {"sales": demand.lines[:, -weeks:].sum(axis=1)}
    if clicks is not None and len(clicks):
        wanted["searches"] = searched_for(clicks, list(products["product_id"]), weeks)
    prices = products["price"].to_numpy(np.float64)
    found = [demand_gaps(segment, prices, lines, settings, by) for by, lines in wanted.items()]
    return pd.concat(
        [own for own in found if len(own)] or [pd.DataFrame(columns=list(GAPS))], ignore_index=True
    )


def _moves(lines: np.ndarray, settings: Market, thin: Said) -> pd.DataFrame:
    if not thin.en:
        return movers(lines, settings)
    empty: dict[str, Any] = {name: np.nan for name in MOVES}
    return pd.DataFrame({**empty, "verdict": ""}, index=range(len(lines)))


def _since(
    segments: pd.DataFrame, products: pd.DataFrame, week: str, before: Before | None
) -> tuple[pd.DataFrame, pd.DataFrame | None, Said]:
    """Segments with the week they appeared in and their size last week; last week's products; a sentence."""
    size = products["segment"].value_counts()
    segments = segments.assign(products=segments["segment"].map(size).astype(np.int64))
    last = None if before is None else before.last_week if before.week == week else before.products
    since = {} if before is None else before.segments.set_index("segment")["since"].to_dict()
    segments["since"] = [since.get(one, week) for one in segments["segment"]]
    if last is None:
        segments["products_last_week"], segments["new"] = np.nan, False
        return segments, None, FIRST
    then = last["segment"].value_counts()
    segments["products_last_week"] = segments["segment"].map(then).fillna(0)
    segments["new"] = segments["products_last_week"] == 0
    both = products.merge(last[["product_id", "segment"]], on="product_id", suffixes=("", "_then"))
    moved = int((both["segment"] != both["segment_then"]).sum())
    new, gone = len(products) - len(both), len(last) - len(both)
    said = Said(
        f"{new} products are new since last week, {gone} are gone, {moved} changed their segment",
        f"与上周相比新增 {new} 件商品，减少 {gone} 件，{moved} 件换了细分市场",
    )
    return segments, last[["product_id", "segment"]], said


def _with_demand(
    segments: pd.DataFrame, products: pd.DataFrame, demand: Demand, settings: Market, thin: Said
) -> pd.DataFrame:
    """Segments with their move, their share of sales lately, and their share of products."""
    member = (segments["segment"].to_numpy()[:, None] == products["segment"].to_numpy()).astype(float)
    moves = _moves(member @ demand.lines, settings, thin)
    recent = moves["recent"].to_numpy(np.float64)
    whole = np.nansum(recent)
    share = recent / whole if whole else np.full(len(segments), np.nan)
    shares = {
        "product_share": (segments["products"] / max(len(products), 1)).round(4),
        "share": share.round(4),
    }
    price = products["against"].groupby(products["segment"]).median()
    return pd.concat(
        [segments.assign(**shares, against=segments["segment"].map(price).round(4)), moves], axis=1
    )
