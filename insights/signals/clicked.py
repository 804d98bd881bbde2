"""Clicks as judgements: which product answers which query, told by many visits and aware of places."""

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from insights.signals.counting import click_rates, shown

__all__ = ["click_judgements"]

SURE = 0.05
"""Chance that a query has a good answer though all its products are clicked no more than their places get."""
FAIR = 0.5
"""Clicks over expected ones from which on an answer is a fair one."""
COLUMNS = ("query", "product_id", "relevance", "weight", "source")


def click_judgements(interactions: pd.DataFrame, sessions: int, weight: float) -> pd.DataFrame:
    """Judgements in the columns of a file of them (docs/search.md).

    Of a query that at least so many visits made, a product is a good answer (2) where at least half as many
    clicked it, more than the clicks that its places get would by chance; a fair one (1) where at least two
    did, and half of those clicks or more. A query without a good answer is left out: its clicks say no more
    than what stood first.

    Args:
        interactions: the table of that name.
        sessions: visits that a query needs.
        weight: of each judgement; a person's counts 1.
    """
    seen = shown(interactions)
    seen = seen.assign(query=seen["query"].str.split().str.join(" "), expected=click_rates(seen))
    seen = seen[seen["query"].ne("")]
    once = seen.groupby(["query", "product_id", "session"]).agg(
        clicked=("clicked", "any"), expected=("expected", "max")
    )
    asked = seen.groupby("query")["session"].nunique()
    found = once.groupby(level=["query", "product_id"]).sum().astype(float).reset_index()
    found = found[found["query"].map(asked) >= sessions]
    clicks, expected = found["clicked"].to_numpy(), found["expected"].to_numpy()
    # The lower limit of a Poisson count's rate (Garwood 1936).
    among = found.groupby("query")["product_id"].transform("size").to_numpy()
    low = gammaincinv(np.maximum(clicks, 1e-9), SURE / np.maximum(among, 1))
    good = (low > expected) & (clicks >= sessions / 2)
    fair = (clicks >= 2) & (clicks >= FAIR * expected)
    grade = np.where(good, 2, np.where(fair, 1, 0))
    found = found.assign(relevance=grade, weight=weight, source="clicks")
    useful = found["query"][good].unique()
    found = found[found["query"].isin(useful) & found["relevance"].gt(0)]
    return found[list(COLUMNS)].sort_values(["query", "product_id"], kind="stable").reset_index(drop=True)
