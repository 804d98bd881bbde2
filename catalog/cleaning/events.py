"""Cleaning of events and stock; each step works on whole columns."""

from collections.abc import Iterable

import pandas as pd

from catalog.cells import amounts, moments, numbers, stripped
from catalog.cleaning.refusals import Cleaned, Refusals
from catalog.contract import EVENT_COLUMNS, EVENT_KINDS, STOCK_COLUMNS, raw_columns

__all__ = ["clean_events", "clean_stock"]


def clean_events(raw: pd.DataFrame, product_ids: Iterable[str]) -> Cleaned:
    """Type raw events.

    Refused, in this order: no shopper; unknown kind; a quantity that is no whole number above zero
    (cancellations and returns have negative ones); a product that is not among the clean ones; no
    time; a unit price not above zero; the same line again. An empty quantity counts as 1, an empty
    unit price as unknown.

    Args:
        raw: `catalog.snapshot.shards.read_raw_events`.
        product_ids: of the clean products.

    Returns:
        clean events in the contract's columns, by time.
    """
    raw = raw.reset_index(drop=True)
    cells = {column: stripped(raw[column]) for column in EVENT_COLUMNS}
    kind, quantity = cells["event"].str.lower(), amounts(raw["quantity"], whole=True)
    price, time = numbers(raw["unit_price"]), moments(raw["time"])
    found = Refusals("events", raw)
    found.refuse(cells["user_id"].eq(""), "user_id", "no shopper; an event needs one")
    found.refuse(~kind.isin(EVENT_KINDS), "event", f"unknown kind; use one of {', '.join(EVENT_KINDS)}")
    found.refuse(
        cells["quantity"].ne("") & ~quantity.gt(0),
        "quantity",
        "not a whole number above zero; cancellations are no events",
    )
    known = cells["product_id"].isin(set(product_ids))
    found.refuse(~known, "product_id", "no such product among the clean ones")
    found.refuse(time.isna(), "time", "not a time; give ISO 8601 such as 2026-01-31T10:00:00Z")
    found.refuse(time.gt(pd.Timestamp.now(tz="UTC")), "time", "in the future; mend the clock that wrote it")
    priced = cells["unit_price"].ne("") & ~price.gt(0)
    found.refuse(priced, "unit_price", "not a number above zero; leave it empty where it is unknown")
    again = raw[list(raw_columns("events"))][found.kept].duplicated(keep="first")
    found.refuse(
        again.reindex(raw.index, fill_value=False), "product_id", "the same line again; the first is kept"
    )
    clean = pd.DataFrame(
        {
            "user_id": cells["user_id"],
            "product_id": cells["product_id"],
            "event": kind,
            "quantity": quantity.fillna(1),
            "unit_price": price,
            "time": time,
            "order_id": cells["order_id"],
        }
    )[found.kept]
    ordered = clean.astype({"quantity": "int64"}).sort_values("time", kind="stable")
    return found.result(ordered[list(EVENT_COLUMNS)])


def clean_stock(raw: pd.DataFrame, product_ids: Iterable[str]) -> Cleaned:
    """Type raw stock; refuse unknown products, figures that are none, and repeats (the last row stays).

    An empty lead time is unknown (NaN).
    """
    raw = raw.reset_index(drop=True)
    cells = {column: stripped(raw[column]) for column in STOCK_COLUMNS}
    on_hand, lead = amounts(raw["on_hand"], whole=True), amounts(raw["lead_time_days"])
    found = Refusals("stock", raw)
    known = cells["product_id"].isin(set(product_ids))
    found.refuse(~known, "product_id", "no such product among the clean ones")
    found.refuse(~on_hand.ge(0), "on_hand", "not a whole number of zero or more")
    days = cells["lead_time_days"].eq("") | lead.ge(0)
    found.refuse(~days, "lead_time_days", "not a number of days of zero or more")
    again = cells["product_id"][found.kept].duplicated(keep="last").reindex(raw.index, fill_value=False)
    found.refuse(again, "product_id", "given again; the last row is kept")
    clean = pd.DataFrame({"product_id": cells["product_id"], "on_hand": on_hand, "lead_time_days": lead})
    clean = clean[found.kept].astype({"on_hand": "int64"})
    return found.result(clean[list(STOCK_COLUMNS)].sort_values("product_id", kind="stable"))
