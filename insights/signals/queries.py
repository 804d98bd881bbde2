"""What shoppers searched for before, as far as it may be shown to others."""

import re

import pandas as pd

from insights.signals.counting import shown

__all__ = ["past_queries"]

LONGEST = 60
PRIVATE = re.compile(r"@|://|www\.|\d{5}")
"""What an address, a link, a telephone or order number looks like: nobody else is shown it."""


def past_queries(interactions: pd.DataFrame, sessions: int) -> pd.DataFrame:
    """Searches that at least so many visits made and that showed products, the most frequent first.

    Texts that differ in case and spaces alone are one.

    Returns:
        query, sessions, clicked (visits that clicked something).
    """
    seen = shown(interactions)
    texts = seen["query"].str.casefold().str.split().str.join(" ")
    fit = texts.str.len().between(2, LONGEST) & ~texts.str.contains(PRIVATE)
    seen = seen.assign(query=texts)[fit]
    visits = seen.groupby(["query", "session"])["clicked"].any().reset_index()
    found = (
        visits.groupby("query").agg(sessions=("session", "size"), clicked=("clicked", "sum")).reset_index()
    )
    found = found[found["sessions"] >= sessions].astype({"clicked": "int64"})
    return found.sort_values(["sessions", "query"], ascending=[False, True]).reset_index(drop=True)
