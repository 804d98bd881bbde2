"""What counts of shoppers' events: little of one visit, and clicks beside what their places get anyway.

What stands first is clicked more, whatever it is. A click is therefore compared with how often anything at
its place was clicked (clicks over expected clicks, Zhang & Jones 2007).
"""

import numpy as np
import pandas as pd

__all__ = ["MOST_OF_A_VISIT", "click_rates", "click_through", "shown"]

MOST_OF_A_VISIT = 100
"""Products, or searches, of one visit from which on it counts as a machine's, and its clicks not at all."""
LAST_PLACE = 50
"""Places from here on share a rate."""
WEEK = pd.Timedelta(days=7)
DOUBT = 20
"""Impressions' worth of the mean rate in the rate of a place: what was rarely shown says little."""


def shown(interactions: pd.DataFrame) -> pd.DataFrame:
    """What was shown and whether it was clicked, each product once a visit and search.

    A click whose impression was not told was shown all the same.

    Args:
        interactions: the table of that name.

    Returns:
        session, query_id, product_id, query, position (0 where not told), time, clicked.
    """
    table = interactions[interactions["kind"].isin(("impression", "click"))]
    table = table.assign(
        clicked=table["kind"].eq("click"),
        position=table["position"].astype("Int64").fillna(0).astype("int64"),
    )
    table = _of_people(table)
    # An impression before its click, so that both are about the place where it was seen.
    table = table.sort_values(["clicked", "time"], kind="stable")
    found = table.groupby(["session", "query_id", "product_id"], sort=True).agg(
        query=("query", "first"),
        position=("position", "first"),
        time=("time", "last"),
        clicked=("clicked", "any"),
    )
    return found.reset_index()


def _of_people(table: pd.DataFrame) -> pd.DataFrame:
    """Without visits that clicked, or searched for, more than people do."""
    clicked = table[table["clicked"]].groupby("session")["product_id"].nunique()
    searched = table.groupby("session")["query"].nunique()
    busy = {*clicked.index[clicked > MOST_OF_A_VISIT], *searched.index[searched > MOST_OF_A_VISIT]}
    return table[~table["session"].isin(busy)]


def click_rates(seen: pd.DataFrame) -> np.ndarray:
    """(n,) how often what stands at the place of each row is clicked, whatever it is.

    A visit counts once for a product: nobody alone moves the rates.

    Args:
        seen: n rows of `shown`.
    """
    if not len(seen):
        return np.empty(0)
    places = seen["position"].clip(upper=LAST_PLACE).to_numpy()
    once = ~seen.duplicated(["session", "product_id"]).to_numpy()
    clicked = seen["clicked"].to_numpy(dtype=float)[once]
    clicks = np.bincount(places[once], weights=clicked, minlength=LAST_PLACE + 1)
    times = np.bincount(places[once], minlength=LAST_PLACE + 1)
    mean = clicks.sum() / times.sum()
    return ((clicks + DOUBT * mean) / (times + DOUBT))[places]


def click_through(interactions: pd.DataFrame) -> dict[str, float]:
    """Share of what was shown that was clicked, in the last week of events and in the four before it.

    Returns:
        impressions and clicks of the last week, click_through, and click_through_before; what was not shown
        has no share.
    """
    seen = shown(interactions)
    if not len(seen):
        return {}
    age = seen["time"].max() - seen["time"]
    week, before = seen[age < WEEK], seen[(age >= WEEK) & (age < 5 * WEEK)]
    told = {"impressions": len(week), "clicks": int(week["clicked"].sum())}
    shares = {"click_through": week, "click_through_before": before}
    return told | {
        name: round(float(part["clicked"].mean()), 4) for name, part in shares.items() if len(part)
    }
