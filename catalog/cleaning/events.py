"""Cleaning of events and stock; each step works on whole columns."""

from collections.abc import Iterable

import pandas as pd

from catalog.cells import (
    AS_FOUND,
    Reading,
    amounts,
    moments,
    numbers,
    open_dates,
    open_numbers,
    stripped,
    written_otherwise,
)
from catalog.cleaning.refusals import NO_TIME, TWO_DATES, TWO_NUMBERS, Cleaned, Refusals
from catalog.contract import EVENT_COLUMNS, EVENT_KINDS, STOCK_COLUMNS, raw_columns

__all__ = ["clean_events", "clean_stock"]


def clean_events(raw: pd.DataFrame, product_ids: Iterable[str], reading: Reading = AS_FOUND) -> Cleaned:
    """Type raw events.

    Refused, in this order: no shopper; unknown kind; a quantity that is no whole number above zero
    (cancellations and returns have negative ones); a product that is not among the clean ones; no
    time; a unit price of zero or less; the same line again. An empty quantity counts as 1. A unit price
    that is no number is refused alone: it is then unknown, as an empty one.

    Args:
        raw: `catalog.snapshot.shards.read_raw_events`.
        product_ids: of the clean products.
        reading: how the table writes numbers and dates, where that is told.

    Returns:
        clean events in the contract's columns, by time.
    """
    raw = raw.reset_index(drop=True)
    cells = {column: stripped(raw[column]) for column in EVENT_COLUMNS}
    kind, quantity = cells["event"].str.lower(), amounts(raw["quantity"], True, reading.of("quantity"))
    price = numbers(raw["unit_price"], reading.of("unit_price"))
    time = moments(raw["time"], reading.of("time"))
    found = Refusals("events", raw)
    found.refuse(cells["user_id"].eq(""), "user_id", "no shopper; an event needs one")
    found.refuse(~kind.isin(EVENT_KINDS), "event", f"unknown kind; use one of {', '.join(EVENT_KINDS)}")
    found.refuse(open_numbers(raw["quantity"], reading.of("quantity"), money=False), "quantity", TWO_NUMBERS)
    found.refuse(
        cells["quantity"].ne("") & ~quantity.gt(0),
        "quantity",
        "not a whole number above zero; cancellations are no events",
    )
    known = cells["product_id"].isin(set(product_ids))
    found.refuse(~known, "product_id", _unknown(cells["product_id"][~known], product_ids))
    found.refuse(open_dates(raw["time"], reading.of("time")), "time", TWO_DATES)
    found.refuse(time.isna(), "time", NO_TIME)
    found.refuse(time.gt(pd.Timestamp.now(tz="UTC")), "time", "in the future; mend the clock that wrote it")
    found.refuse(price.le(0), "unit_price", "not above zero; leave it empty where it is unknown")
    two_ways = open_numbers(raw["unit_price"], reading.of("unit_price"))
    found.empty(two_ways, "unit_price", TWO_NUMBERS)
    unread = cells["unit_price"].ne("") & price.isna() & ~two_ways
    found.empty(unread, "unit_price", "not a number; leave it empty where it is unknown")
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


def clean_stock(raw: pd.DataFrame, product_ids: Iterable[str], reading: Reading = AS_FOUND) -> Cleaned:
    """Type raw stock; refuse unknown products, pieces that are no number, times that cannot be used, repeats.

    Of rows of one product and time the last stays; a row without a time is the stock of now. A lead time or
    an order's cost that is empty is unknown (NaN); one that is no number is refused alone, and unknown too.

    Returns:
        clean stock in the contract's columns, by product, then time, the latest last.
    """
    raw = raw.reset_index(drop=True)
    cells = {column: stripped(raw[column]) for column in STOCK_COLUMNS}
    on_hand, time = (
        amounts(raw["on_hand"], True, reading.of("on_hand")),
        moments(raw["time"], reading.of("time")),
    )
    found = Refusals("stock", raw)
    known = cells["product_id"].isin(set(product_ids))
    found.refuse(~known, "product_id", _unknown(cells["product_id"][~known], product_ids))
    found.refuse(open_numbers(raw["on_hand"], reading.of("on_hand"), money=False), "on_hand", TWO_NUMBERS)
    found.refuse(~on_hand.ge(0), "on_hand", "not a whole number of zero or more")
    found.refuse(open_dates(raw["time"], reading.of("time")), "time", TWO_DATES)
    found.refuse(cells["time"].ne("") & time.isna(), "time", NO_TIME)
    found.refuse(time.gt(pd.Timestamp.now(tz="UTC")), "time", "in the future; mend the clock that wrote it")
    other = {}
    for column, what in (("lead_time_days", "number of days"), ("order_cost", "number")):
        amount = amounts(raw[column], False, reading.of(column))
        two_ways = open_numbers(raw[column], reading.of(column), money=False)
        found.empty(two_ways, column, TWO_NUMBERS)
        usable = cells[column].eq("") | amount.ge(0) | two_ways
        found.empty(~usable, column, f"not a {what} of zero or more")
        other[column] = amount.where(amount.ge(0))
    counts = pd.DataFrame({"product_id": cells["product_id"], "time": time})
    again = counts[found.kept].duplicated(keep="last").reindex(raw.index, fill_value=False)
    found.refuse(again, "product_id", "given again; the last row is kept")
    clean = counts.assign(on_hand=on_hand, **other)[found.kept].astype({"on_hand": "int64"})
    ordered = clean.sort_values(["product_id", "time"], kind="stable")
    return found.result(ordered[list(STOCK_COLUMNS)])


def _unknown(ids: pd.Series, product_ids: Iterable[str]) -> str:
    return f"no such product among the clean ones{written_otherwise(ids, product_ids)}"
