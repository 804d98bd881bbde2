"""Gaps: places where few products meet much demand, and searches without an answer."""

import numpy as np
import pandas as pd

from insights.market.folder import NOTHING, Said
from shelfspace.settings.insights import Market

__all__ = ["COLUMNS", "NOT_KEPT", "demand_gaps", "searched_for", "unanswered_searches"]

COLUMNS = (
    "by", "segment", "from_price", "to_price", "products", "product_share", "lines", "line_share",
    "per_product", "times", "q",
)  # fmt: skip
BANDS = 4
"""Price bands of a segment, equally wide on a logarithmic scale between its 5% and 95% quantile."""
FEWEST = 3
"""Products of a place, fewer of which are single bestsellers."""
FEWEST_ASKED = 3
"""Times that a search must have found nothing to be told."""
TIMES = 1.5
"""Demand per product over that of the others, from which on a place is a gap."""
NOT_KEPT = Said("query texts are not kept", "未保存搜索词")


def demand_gaps(
    segments: np.ndarray, prices: np.ndarray, lines: np.ndarray, settings: Market, by: str = "sales"
) -> pd.DataFrame:
    """Places where a product sells more than elsewhere.

    A segment is compared with all other products, a price band with the rest of its segment, by ranks
    (Mann-Whitney, one-sided), so that one bestseller makes no gap.

    Args:
        segments: (n,) segment of each product.
        prices: (n,) NaN where unknown.
        lines: (n,) purchase lines lately, or searches that led to the product.
        by: which of both: `sales` or `searches`.

    Returns:
        COLUMNS, the surest first: shares are of the whole shop, or of the segment for a band (whose prices
        are not NaN); times is demand per product over that of the others.
    """
    from scipy.stats import false_discovery_control, mannwhitneyu

    found = []
    for one in np.unique(segments):
        inside = segments == one
        found.append((one, np.nan, np.nan, inside, np.ones(len(segments), bool)))
        priced = inside & (prices > 0)
        if priced.sum() >= BANDS * FEWEST:
            low, high = np.quantile(prices[priced], [0.05, 0.95])
            edges = np.geomspace(low, high, BANDS + 1)
            band = np.clip(np.searchsorted(edges, prices, side="right") - 1, 0, BANDS - 1)
            places = [(one, edges[b], edges[b + 1], priced & (band == b), priced) for b in range(BANDS)]
            found += places if high > low else []
    rows, p = [], []
    for one, low, high, inside, among in found:
        rest = among & ~inside
        if inside.sum() < FEWEST or rest.sum() < FEWEST or not lines[rest].any():
            continue
        own, others = lines[inside], lines[rest]
        rows.append((one, low, high, inside.sum(), inside.sum() / among.sum(), own.sum(),
                     own.sum() / lines[among].sum(), own.mean(), own.mean() / others.mean()))  # fmt: skip
        p.append(mannwhitneyu(own, others, alternative="greater", method="asymptotic").pvalue)
    q = false_discovery_control(p) if p else np.empty(0)
    table = pd.DataFrame(
        [(by, *row, value) for row, value in zip(rows, q, strict=True)], columns=list(COLUMNS)
    )
    sure = table[(table["q"] <= settings.false_share) & (table["times"] >= TIMES)]
    sure = sure.astype({"segment": np.int64, "products": np.int64, "lines": np.int64})
    whole = {
        "from_price": 2,
        "to_price": 2,
        "product_share": 4,
        "line_share": 4,
        "per_product": 2,
        "times": 2,
    }
    return sure.sort_values(["q", "times"], ascending=[True, False]).round(whole).reset_index(drop=True)


def searched_for(clicks: pd.DataFrame, product_ids: list[str], weeks: int) -> np.ndarray:
    """(n,) searches in the last weeks that led to each product: a click after one, each search once.

    Args:
        clicks: the table `interactions`.
    """
    found = clicks[(clicks["kind"] == "click") & (clicks["query_id"] != "")]
    found = found[found["time"] > found["time"].max() - pd.Timedelta(days=7 * weeks)]
    times = found.drop_duplicates(["session", "query_id", "product_id"])["product_id"].value_counts()
    return times.reindex(product_ids, fill_value=0).to_numpy(np.float64)


def unanswered_searches(searches: pd.DataFrame | None) -> tuple[pd.DataFrame, Said]:
    """What was looked for in vain, the most often asked first; and why none can be told.

    Args:
        searches: query and hits of each search; None where texts of queries are not kept.

    Returns:
        query (in lower case) and asked: times, all without a hit; at least FEWEST_ASKED, since what one
        person typed may say who it was.
    """
    if searches is None:
        return pd.DataFrame({"query": pd.Series(dtype=object), "asked": pd.Series(dtype=np.int64)}), NOT_KEPT
    plain = searches.assign(query=searches["query"].str.lower().str.split().str.join(" "))
    by = plain.groupby("query")["hits"].agg(["size", "max"])
    vain = by[(by["max"] == 0) & (by["size"] >= FEWEST_ASKED)].reset_index()
    vain = vain.rename(columns={"size": "asked"}).sort_values(["asked", "query"], ascending=[False, True])
    return vain[["query", "asked"]].reset_index(drop=True), NOTHING
