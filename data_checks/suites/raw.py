"""What raw tables must meet, as they came, all cells text.

A cell is read as cleaning reads it (`catalog.cells`). Rows that cleaning will refuse are a warning;
they stop the chain where their share exceeds `validation.max_bad_share`. What is a normal part of a
sales log (returns, sales without a shopper) never stops it.
"""

from collections.abc import Callable
from functools import partial

import pandas as pd

from catalog.cells import (
    LARGEST_PRICE,
    Reading,
    amounts,
    filled,
    moments,
    numbers,
    one_currency,
    open_dates,
    open_numbers,
    stripped,
    usable_ids,
)
from catalog.contract import EVENT_KINDS
from data_checks.suites.rules import Rule, Surroundings, has_columns, has_rows
from shelfspace.settings import Settings

__all__ = ["raw_events", "raw_products", "raw_stock"]

UNREADABLE = "An amount that cannot be read is quarantined."
ALONE = "Such a value is quarantined alone; its row goes on without it."
TOLD = "most rows say (name it as currency in catalog.yaml)"
WRITE_TIMES = "write times such as 2026-01-31T10:00:00Z"
NO_WORDS = 0.5
"""Largest share of cells with words where a number is due: more mean a wrong column."""


def raw_products(settings: Settings, around: Surroundings) -> list[Rule]:
    """Columns, ids, prices, currency, texts and times of products as they came."""
    bad, reading = settings.validation.max_bad_share, around.reading
    marks, dates = reading.of("price"), reading.of("updated_at")
    currency = around.currency.upper()
    return [
        *has_columns("products"),
        has_rows(settings.validation.min_rows, "products"),
        Rule(
            "product_id_given", "product_id is given, as a text or a whole number",
            "A row without an id is quarantined.", ("product_id",), usable_ids, bad_share=bad,
        ),
        Rule(
            "product_id_unique", "product_id is unique",
            "Of rows with one id the latest wins; the others are quarantined.",
            ("product_id",), lambda ids: ~stripped(ids).duplicated(keep=False), bad_share=bad,
            remedy="name the column that tells products apart as products.columns.product_id in catalog.yaml",
        ),
        _one_number("price", reading),
        Rule(
            "price_readable", "price is a number, or empty", ALONE, ("price",),
            _readable(partial(numbers, reading=marks), partial(open_numbers, reading=marks)),
            bad_share=max(bad, NO_WORDS),
            remedy="write prices as numbers (12.50), name another column as products.columns.price in "
            "catalog.yaml, or leave the column out",
        ),
        Rule(
            "price_possible", "price is below a million million", ALONE,
            ("price",), lambda cells: ~numbers(cells, marks).gt(LARGEST_PRICE), bad_share=bad,
            remedy="name another column as products.columns.price in catalog.yaml; is this one a barcode?",
        ),
        Rule(
            "price_not_negative", "price is not below zero", ALONE,
            ("price",), lambda cells: ~numbers(cells, marks).lt(0), bad_share=bad,
        ),
        # A shop gives things away, and an export says 0 where it knows no price.
        Rule(
            "price_above_zero", "price is not zero", ALONE,
            ("price",), lambda cells: ~numbers(cells, marks).eq(0), severity="warning",
        ),
        Rule(
            "cost_readable", "cost is one number above zero, or empty", ALONE, ("cost",),
            lambda cells: numbers(cells, reading.of("cost")).between(0, LARGEST_PRICE, "right")
            | ~filled(cells), severity="warning",
            remedy="write costs as numbers (12.50), or name another column as products.columns.cost in "
            "catalog.yaml; prices are then suggested with the margin in mind",
        ),
        Rule(
            "currency", f"currency is {currency or TOLD}, or empty",
            "Prices of another currency are not comparable; they are quarantined.", ("currency", "price"),
            lambda column, price: ~one_currency(price, column, currency).bad_column, bad_share=bad,
        ),
        Rule(
            "price_currency",
            f"price carries no sign of another currency than {currency or TOLD}",
            "Prices of another currency are not comparable; they are quarantined.", ("price", "currency"),
            lambda price, column: ~one_currency(price, column, currency).bad_price, bad_share=bad,
        ),
        Rule(
            "described", "a title, a description, a photo or a sound is given",
            "What nothing describes cannot be found; such rows are quarantined.",
            ("title", "description", "photos", "sounds"),
            lambda *cells: pd.concat(map(filled, cells), axis=1).any(axis=1), bad_share=max(bad, 0.5),
            remedy="name the columns of titles and descriptions under products.columns in catalog.yaml",
        ),
        Rule(
            "updated_at_readable", "updated_at is a time, or empty",
            "It decides which of two deliveries is later.", ("updated_at",),
            _readable(partial(moments, reading=dates), partial(open_dates, reading=dates)), bad_share=bad,
            remedy=f"{WRITE_TIMES}, name another column as products.columns.updated_at in catalog.yaml, or "
            "leave the column out",
        ),
        _one_date("updated_at", reading),
    ]  # fmt: skip


def raw_events(settings: Settings, around: Surroundings) -> list[Rule]:
    """Columns, kinds, amounts and times of events as they came."""
    bad, reading = settings.validation.max_bad_share, around.reading
    marks, dates = reading.of("unit_price"), reading.of("time")
    return [
        *has_columns("events"),
        Rule(
            "user_id_given", "user_id is given", "An event needs a shopper; others are quarantined.",
            ("user_id",), filled, severity="warning",
        ),
        Rule(
            "product_id_given", "product_id is given", "An event is about a product.",
            ("product_id",), filled, bad_share=bad,
        ),
        Rule(
            "event_kind", "event is view, cart or purchase", "Other kinds are quarantined.",
            ("event",), lambda cells: stripped(cells).str.lower().isin(EVENT_KINDS), bad_share=bad,
        ),
        Rule(
            "quantity_readable", "quantity is a whole number, or empty", UNREADABLE,
            ("quantity",), _readable(*_amounts(reading.of("quantity"), whole=True)), bad_share=bad,
        ),
        _one_number("quantity", reading, money=False),
        _above_zero("quantity", reading, "Returns and cancellations are no events; they are quarantined."),
        Rule(
            "unit_price_readable", "unit_price is a number, or empty", ALONE, ("unit_price",),
            _readable(partial(numbers, reading=marks), partial(open_numbers, reading=marks)),
            bad_share=max(bad, NO_WORDS),
        ),
        _one_number("unit_price", reading),
        _above_zero("unit_price", reading, "What is given away is no sale; such rows are quarantined."),
        Rule(
            "time_readable", "time is a time", "Sales without a time cannot be forecast.",
            ("time",),
            lambda cells: moments(cells, dates).notna() | open_dates(cells, dates), bad_share=bad,
            remedy=f"{WRITE_TIMES}, or name another column as events.columns.time in catalog.yaml",
        ),
        _one_date("time", reading),
        Rule(
            "time_past", "time is not in the future", "Nothing has been sold yet tomorrow.",
            ("time",), lambda cells: ~moments(cells, dates).gt(around.latest), severity="warning",
        ),
    ]  # fmt: skip


def raw_stock(settings: Settings, around: Surroundings) -> list[Rule]:
    """Columns, amounts and times of stock as it came."""
    bad, reading = settings.validation.max_bad_share, around.reading
    dates = reading.of("time")
    return [
        *has_columns("stock"),
        Rule(
            "product_id_given", "product_id is given", "Stock is of a product.",
            ("product_id",), filled, bad_share=bad,
        ),
        Rule(
            "on_hand_given", "on_hand is given", "Without it nothing is known of the stock.",
            ("on_hand",), filled, severity="warning",
        ),
        Rule(
            "on_hand_readable", "on_hand is a whole number, or empty", UNREADABLE,
            ("on_hand",), _readable(*_amounts(reading.of("on_hand"), whole=True)), bad_share=bad,
        ),
        *(
            Rule(
                f"{column}_readable", f"{column} is a number, or empty", ALONE,
                (column,), _readable(*_amounts(reading.of(column))), bad_share=bad,
            )
            for column in ("lead_time_days", "order_cost")
        ),
        *(
            _one_number(column, reading, money=False)
            for column in ("on_hand", "lead_time_days", "order_cost")
        ),
        *(
            Rule(
                f"{column}_not_negative", f"{column} is not below zero", said,
                (column,), partial(_not_negative, reading=reading.of(column)), severity="warning",
            )
            for column, said in (
                ("on_hand", "Such rows are quarantined."), ("lead_time_days", ALONE), ("order_cost", ALONE),
            )
        ),
        Rule(
            "time_readable", "time is a time, or empty", "A count without one is the stock of now.",
            ("time",), _readable(partial(moments, reading=dates), partial(open_dates, reading=dates)),
            bad_share=bad,
            remedy=f"{WRITE_TIMES}, or name another column as stock.columns.time in catalog.yaml",
        ),
        _one_date("time", reading),
        Rule(
            "time_past", "time is not in the future", "Nothing has been counted yet tomorrow.",
            ("time",), lambda cells: ~moments(cells, dates).gt(around.latest), severity="warning",
        ),
    ]  # fmt: skip


Read = Callable[[pd.Series], pd.Series]


def _amounts(reading: Reading, whole: bool = False) -> tuple[Read, Read]:
    """How cleaning reads an amount, and where it finds two."""
    return partial(amounts, whole=whole, reading=reading), partial(open_numbers, reading=reading, money=False)


def _readable(read: Read, two_ways: Read) -> Read:
    """Whether cleaning reads the cell, or it is empty; one that is open is told by a rule of its own."""
    return lambda cells: read(cells).notna() | two_ways(cells) | ~filled(cells)


def _one_number(column: str, reading: Reading, money: bool = True) -> Rule:
    """Not one cell may be open: nothing of such a column is read right by chance, and a setting mends it."""
    return Rule(
        f"{column}_one_number",
        f"{column} is one number: say decimal: ',' in catalog.yaml where 1.261 is 1261, or decimal: '.'",
        "Nothing in the column tells the decimal mark from the thousands mark.", (column,),
        lambda cells: ~open_numbers(cells, reading.of(column), money),
    )  # fmt: skip


def _one_date(column: str, reading: Reading) -> Rule:
    return Rule(
        f"{column}_one_date",
        f"{column} is one date: say dates: day-first in catalog.yaml where 03/04 is 3 April, or month-first",
        "Nothing in the column tells day from month.", (column,),
        lambda cells: ~open_dates(cells, reading.of(column)),
    )  # fmt: skip


def _above_zero(column: str, reading: Reading, reason: str) -> Rule:
    return Rule(
        f"{column}_above_zero", f"{column} is not zero or less", reason,
        (column,), lambda cells: ~numbers(cells, reading.of(column)).le(0), severity="warning",
    )  # fmt: skip


def _not_negative(cells: pd.Series, reading: Reading) -> pd.Series:
    return ~numbers(cells, reading).lt(0)
