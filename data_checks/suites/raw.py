"""What raw tables must meet, as they came, all cells text.

Rows that cleaning will refuse are a warning; they stop the chain only when their share exceeds
`validation.max_bad_share`.
"""

from typing import TYPE_CHECKING

from data_checks.suites.expectations import (
    EVENT_KINDS,
    EVENTS,
    PRODUCTS,
    STOCK,
    has_columns,
    has_rows,
    mostly,
    mostly_fact,
)
from data_checks.suites.facts import Surroundings
from shelfspace.settings import Settings

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

__all__ = ["raw_events_suite", "raw_products_suite", "raw_stock_suite"]


def raw_products_suite(settings: Settings, around: Surroundings) -> "list[Expectation]":
    """Columns, ids, prices, currency, texts and times of products as they came."""
    bad = settings.validation.max_bad_share
    rules = [*has_columns(PRODUCTS), has_rows(settings.validation.min_rows, "products")]
    rules += mostly_fact("product_id is given", "product_id", "A row without an id is quarantined.", bad)
    rules += mostly(
        "ExpectColumnValuesToBeUnique", "product_id", "product_id is unique",
        "Of rows with one id the latest wins; the others are quarantined.", bad,
    )  # fmt: skip
    rules += mostly_fact(
        "price is a number, or empty", "price", "A price that cannot be read is quarantined.", bad
    )
    if around.currency is not None:
        rules += mostly_fact(
            f"currency is {around.currency}, or empty", "currency",
            "Prices of another currency are not comparable; such rows are quarantined.", bad,
        )  # fmt: skip
    rules += mostly_fact(
        "a title or a description is given", "title", "Text carries most of what is known of a product.",
        max(bad, 0.5),
    )  # fmt: skip
    rules += mostly_fact(
        "updated_at is a time, or empty", "updated_at", "It decides which of two deliveries is later.", bad
    )
    return rules


def raw_events_suite(settings: Settings, around: Surroundings) -> "list[Expectation]":
    """Columns, kinds, amounts and times of events as they came."""
    bad = settings.validation.max_bad_share
    rules = has_columns(EVENTS)
    rules += mostly_fact("product_id is given", "product_id", "An event is about a product.", bad)
    rules += mostly(
        "ExpectColumnValuesToBeInSet", "event", "event is view, cart or purchase",
        "Other kinds are quarantined.", bad, value_set=EVENT_KINDS,
    )  # fmt: skip
    for column in ("quantity", "unit_price"):
        rules += mostly_fact(
            f"{column} is a number, or empty", column, "An amount that cannot be read is quarantined.", bad
        )
    rules += mostly_fact("time is a time", "time", "Sales without a time cannot be forecast.", bad)
    return rules


def raw_stock_suite(settings: Settings, around: Surroundings) -> "list[Expectation]":
    """Columns and amounts of stock as it came."""
    bad = settings.validation.max_bad_share
    rules = has_columns(STOCK)
    rules += mostly_fact("product_id is given", "product_id", "Stock is of a product.", bad)
    for column in ("on_hand", "lead_time_days"):
        rules += mostly_fact(
            f"{column} is a number, or empty", column, "An amount that cannot be read is quarantined.", bad
        )
    return rules
