"""What raw tables must meet, as they came, all cells text.

A cell is read as cleaning reads it (`catalog.cells`). Rows that cleaning will refuse are a warning;
they stop the chain where their share exceeds `validation.max_bad_share`. What is a normal part of a
sales log (returns, sales without a shopper) never stops it.
"""

from collections.abc import Callable
from functools import partial

import pandas as pd

from catalog.cells import amounts, codes, filled, foreign, moments, numbers, stripped
from catalog.contract import EVENT_KINDS
from data_checks.suites.rules import Rule, Surroundings, has_columns, has_rows
from shelfspace.settings import Settings

__all__ = ["raw_events", "raw_products", "raw_stock"]

UNREADABLE = "An amount that cannot be read is quarantined."


def raw_products(settings: Settings, around: Surroundings) -> list[Rule]:
    """Columns, ids, prices, currency, texts and times of products as they came."""
    bad = settings.validation.max_bad_share
    currency = around.currency.upper()
    return [
        *has_columns("products"),
        has_rows(settings.validation.min_rows, "products"),
        Rule(
            "product_id_given", "product_id is given", "A row without an id is quarantined.",
            ("product_id",), filled, bad_share=bad,
        ),
        Rule(
            "product_id_unique", "product_id is unique",
            "Of rows with one id the latest wins; the others are quarantined.",
            ("product_id",), lambda ids: ~stripped(ids).duplicated(keep=False), bad_share=bad,
        ),
        Rule(
            "price_readable", "price is a number, or empty", "A price that cannot be read is quarantined.",
            ("price",), _readable(numbers), bad_share=bad,
        ),
        Rule(
            "price_above_zero", "price is not zero or less",
            "Log prices need one above zero; other rows are quarantined.",
            ("price",), lambda cells: ~numbers(cells).le(0), bad_share=bad,
        ),
        Rule(
            "currency", f"currency is {currency}, or empty",
            "Prices of another currency are not comparable; such rows are quarantined.",
            ("currency",), lambda cells: codes(cells).isin([currency, ""]),
            bad_share=bad, asked=bool(currency),
        ),
        Rule(
            "price_currency", f"price carries no sign of another currency than {currency}",
            "Prices of another currency are not comparable; such rows are quarantined.",
            ("price",), lambda cells: ~foreign(cells, currency) | numbers(cells).isna(),
            bad_share=bad, asked=bool(currency),
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
            "It decides which of two deliveries is later.",
            ("updated_at",), _readable(moments), bad_share=bad,
        ),
    ]  # fmt: skip


def raw_events(settings: Settings, around: Surroundings) -> list[Rule]:
    """Columns, kinds, amounts and times of events as they came."""
    bad = settings.validation.max_bad_share
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
            ("quantity",), _readable(partial(amounts, whole=True)), bad_share=bad,
        ),
        _above_zero("quantity", "Returns and cancellations are no events; they are quarantined."),
        Rule(
            "unit_price_readable", "unit_price is a number, or empty", UNREADABLE,
            ("unit_price",), _readable(numbers), bad_share=bad,
        ),
        _above_zero("unit_price", "What is given away is no sale; such rows are quarantined."),
        Rule(
            "time_readable", "time is a time", "Sales without a time cannot be forecast.",
            ("time",), lambda cells: moments(cells).notna(), bad_share=bad,
        ),
        Rule(
            "time_past", "time is not in the future", "Nothing has been sold yet tomorrow.",
            ("time",), lambda cells: ~moments(cells).gt(around.latest), severity="warning",
        ),
    ]  # fmt: skip


def raw_stock(settings: Settings, around: Surroundings) -> list[Rule]:
    """Columns and amounts of stock as it came."""
    bad = settings.validation.max_bad_share
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
            ("on_hand",), _readable(partial(amounts, whole=True)), bad_share=bad,
        ),
        Rule(
            "lead_time_days_readable", "lead_time_days is a number, or empty", UNREADABLE,
            ("lead_time_days",), _readable(amounts), bad_share=bad,
        ),
        *(
            Rule(
                f"{column}_not_negative", f"{column} is not below zero", "Such rows are quarantined.",
                (column,), lambda cells: ~numbers(cells).lt(0), severity="warning",
            )
            for column in ("on_hand", "lead_time_days")
        ),
    ]  # fmt: skip


def _readable(read: Callable[[pd.Series], pd.Series]) -> Callable[[pd.Series], pd.Series]:
    """Whether cleaning reads the cell, or it is empty."""
    return lambda cells: read(cells).notna() | ~filled(cells)


def _above_zero(column: str, reason: str) -> Rule:
    return Rule(
        f"{column}_above_zero", f"{column} is not zero or less", reason,
        (column,), lambda cells: ~numbers(cells).le(0), severity="warning",
    )  # fmt: skip
