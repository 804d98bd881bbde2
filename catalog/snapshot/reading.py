"""A delivery's times and prices, read as the catalogue's own columns are.

What one cell leaves open (03/04/2026, 1.261) the column decides, and a delivery may be short: the source's
column is read with it. A time or a price that stays unread is refused at the door, since taken in it would
wipe out what is known.
"""

import pandas as pd

from catalog.cells import Reading, filled, moments, numbers
from catalog.sources.delivery import Delivery

__all__ = ["readable"]

TIMES = {"products": "updated_at", "events": "time"}
NO_TIME = "not a time; give ISO 8601 such as 2026-01-31T10:00:00Z"
NO_PRICE = "not a price; give one such as 12.50, or leave the cell empty"
OTHER_MARKS = "written another way than the catalogue's prices; use the same mark before the decimals"


def readable(delivery: Delivery, operations: pd.DataFrame, reading: Reading) -> Delivery:
    """The delivery without rows whose time or price cannot be read; of products, times as ISO 8601 in UTC.

    Args:
        operations: of its table.
        reading: how catalog.yaml says that numbers and dates are written.
    """
    own = operations[operations["_layer"] == "source"]
    column = TIMES.get(delivery.kind, "")
    if column in delivery.rows:
        cells = delivery.rows[column]
        both = moments(_together(own, cells, column), reading.of(column))
        times = both.iloc[len(own) :].set_axis(cells.index)
        delivery = delivery.without(times.isna() & filled(cells), column, NO_TIME)
        if delivery.kind == "products":  # of an event the text is a part of what names it
            written = times.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ").fillna("")[delivery.rows.index]
            delivery = delivery.with_rows(delivery.rows.assign(**{column: written.astype(object)}))
    if delivery.kind == "products" and "price" in delivery.rows:
        delivery = _priced(delivery, own, reading.of("price"))
    return delivery


def _priced(delivery: Delivery, own: pd.DataFrame, reading: Reading) -> Delivery:
    cells = delivery.rows["price"]
    both = numbers(_together(own, cells, "price"), reading)
    unread = both.iloc[len(own) :].isna().set_axis(cells.index) & filled(cells)
    delivery = delivery.without(unread, "price", NO_PRICE)
    alone = numbers(own["price"], reading)
    if (alone.notna().to_numpy() & both.iloc[: len(own)].isna().to_numpy()).any():
        marked = delivery.rows["price"].str.contains("[.,]")
        delivery = delivery.without(marked, "price", OTHER_MARKS)
    return delivery


def _together(own: pd.DataFrame, cells: pd.Series, column: str) -> pd.Series:
    return pd.concat([own[column], cells], ignore_index=True)
