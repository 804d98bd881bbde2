"""What prepared tables must meet, without exception: a row that breaks a rule here is a bug of cleaning."""

from typing import TYPE_CHECKING

from data_checks.suites.expectations import (
    EVENT_KINDS,
    EVENTS,
    PRODUCTS,
    QUARANTINE,
    STOCK,
    fact,
    has_columns,
    has_rows,
    mostly_fact,
    strict,
)
from data_checks.suites.facts import Surroundings
from shelfspace.settings import Settings

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

__all__ = ["events_suite", "products_suite", "quarantine_suite", "stock_suite"]


def products_suite(settings: Settings, around: Surroundings) -> "list[Expectation]":
    """Clean products: one id each, prices above zero, one currency, media that exist."""
    rules = [*has_columns(PRODUCTS), has_rows(settings.validation.min_rows, "clean products")]
    rules += _identifier()
    rules.append(fact("price is above zero, or missing", "price", "Log prices need it."))
    if around.currency is not None:
        rules.append(
            strict(
                "ExpectColumnValuesToBeInSet",
                "currency",
                f"currency is {around.currency}",
                "One catalogue, one currency.",
                value_set=[around.currency],
            )
        )
    if around.languages is not None:
        known = sorted({*around.languages, ""})
        rules.append(
            strict(
                "ExpectColumnValuesToBeInSet",
                "language",
                f"language is one of {', '.join(k or '(empty)' for k in known)}",
                "The tokenizer serves these languages.",
                value_set=known,
            )
        )
    rules.append(fact("attributes are a JSON object of texts", "attributes", "Features read them as such."))
    rules.append(fact("the product has a text, a photo or a sound", "product_id", "Else it has no vector."))
    if around.media_keys is not None:
        for column in ("photos", "sounds"):
            rules.append(fact(f"{column} are in the snapshot", column, "Features read every medium named."))
    if around.label_level is not None:
        rules.append(
            fact(
                f"category has {around.label_level} level(s) or more, or is empty",
                "category",
                "A shallower category gives a label of its own.",
                severity="warning",
            )
        )
    # One clock that runs ahead must not stop a shop; many mean a wrong mapping.
    bad = settings.validation.max_bad_share
    rules += mostly_fact("updated_at is not in the future", "updated_at", "It orders deliveries.", bad)
    return rules


def _identifier() -> "list[Expectation]":
    return [
        fact("product_id is given", "product_id", "Everything is keyed by it."),
        strict(
            "ExpectColumnValuesToBeUnique", "product_id", "product_id is unique", "Everything is keyed by it."
        ),
    ]


def events_suite(settings: Settings, around: Surroundings) -> "list[Expectation]":
    """Clean events: known products, amounts above zero, no time in the future."""
    rules = has_columns(EVENTS)
    if around.product_ids is not None:
        rules.append(fact("product_id is a known product", "product_id", "Insights join events to products."))
    rules += [
        strict(
            "ExpectColumnValuesToBeInSet", "event", "event is view, cart or purchase",
            "Recommenders weigh the three kinds.", value_set=EVENT_KINDS,
        ),
        strict(
            "ExpectColumnValuesToBeBetween", "quantity", "quantity is above zero",
            "Returns and write-offs are no demand.", min_value=1,
        ),
        strict(
            "ExpectColumnValuesToBeBetween", "unit_price", "unit_price is zero or more",
            "Revenue is quantity times it.", min_value=0,
        ),
        strict("ExpectColumnValuesToNotBeNull", "time", "time is given", "Sales are forecast by day."),
        fact("time is not in the future", "time", "Nothing has been sold yet tomorrow."),
    ]  # fmt: skip
    return rules


def stock_suite(settings: Settings, around: Surroundings) -> "list[Expectation]":
    """Clean stock: known products, nothing below zero."""
    rules = [*has_columns(STOCK), *_identifier()]
    if around.product_ids is not None:
        rules.append(fact("product_id is a known product", "product_id", "Stock plans join to products."))
    for column in ("on_hand", "lead_time_days"):
        rules.append(
            strict(
                "ExpectColumnValuesToBeBetween",
                column,
                f"{column} is zero or more",
                "A plan counts pieces and days.",
                min_value=0,
            )
        )
    return rules


def quarantine_suite(settings: Settings, around: Surroundings) -> "list[Expectation]":
    """Quarantine: every row says of which table, which field and why."""
    tables = ["events", "photos", "products", "sounds", "stock"]
    return [
        *has_columns(QUARANTINE),
        strict(
            "ExpectColumnValuesToBeInSet", "table", f"table is one of {', '.join(tables)}",
            "Counts are balanced per table.", value_set=tables,
        ),
        strict(
            "ExpectColumnValueLengthsToBeBetween", "reason", "reason is given",
            "Nobody can mend what has no reason.", min_value=1,
        ),
        strict(
            "ExpectColumnValueLengthsToBeBetween", "field", "field is given",
            "The reason is about a column.", min_value=1,
        ),
    ]  # fmt: skip
