"""What is popular on the page: bought, put into carts, and clicked more than its places explain."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from insights.signals.counting import click_rates, shown

__all__ = ["popularity"]

CART, CLICK = 0.3, 0.1
"""What a cart, and a click beyond the expected ones, count beside a purchase."""
HALF_LIFE = pd.Timedelta(days=30)
COLUMNS = ("product_id", "score", "buyers", "carts", "clicks", "impressions")


def popularity(interactions: pd.DataFrame, product_ids: Sequence[str]) -> pd.DataFrame:
    """How popular each product is; a visit counts once for a product and a kind, half as much every 30 days.

    Age is counted from the latest event, so equal events give equal scores.

    Args:
        interactions: the table of that name.
        product_ids: those that are asked about.

    Returns:
        product_id (ascending; those with any event), score, and how many visits bought it, put it into a
        cart, clicked it, saw it.
    """
    table = interactions[interactions["product_id"].isin(set(product_ids))]
    if not len(table):
        return pd.DataFrame(
            {name: pd.Series(dtype=object if name == "product_id" else float) for name in COLUMNS}
        )
    latest = table["time"].max()
    visitor = table["user_id"].where(table["user_id"].ne(""), table["session"])
    counts: dict[str, pd.Series] = {}
    score = pd.Series(0.0, index=pd.Index(sorted(set(table["product_id"])), name="product_id"))
    for name, kind, weight in (("buyers", "purchase", 1.0), ("carts", "cart", CART)):
        own = table.assign(visitor=visitor)[table["kind"].eq(kind)]
        once = own.groupby(["visitor", "product_id"])["time"].max().reset_index()
        counts[name] = once.groupby("product_id").size()
        worth = pd.Series(weight * fresh(once["time"], latest), index=once["product_id"])
        score = score.add(worth.groupby(level=0).sum(), fill_value=0)
    seen = shown(table)
    seen = seen.assign(expected=click_rates(seen))
    once = seen.groupby(["session", "product_id"]).agg(
        clicked=("clicked", "any"), expected=("expected", "sum"), time=("time", "max")
    )
    excess = (once["clicked"].to_numpy(float) - once["expected"].clip(upper=1)) * fresh(once["time"], latest)
    by_product = excess.groupby("product_id").sum().clip(lower=0)
    score = score.add(CLICK * by_product, fill_value=0)
    counts["clicks"] = once["clicked"].groupby("product_id").sum()
    counts["impressions"] = once.groupby("product_id").size()
    found = pd.DataFrame({"score": score, **counts}).fillna(0).astype(dict.fromkeys(counts, "int64"))
    found = found.rename_axis("product_id").reset_index()
    return found[list(COLUMNS)].sort_values("product_id", kind="stable").reset_index(drop=True)


def fresh(times: pd.Series, latest: pd.Timestamp) -> np.ndarray:
    """(n,) what events count by their age."""
    return np.power(0.5, (latest - times).dt.total_seconds().to_numpy() / HALF_LIFE.total_seconds())
