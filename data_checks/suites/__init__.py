"""The suites by name: what each table must meet, as Great Expectations states it.

A fact that needs more than one cell (a known product, a parseable date) is computed first as a
boolean column named after the fact, such as `price is a number, or empty`; the expectation then asks
for True.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from data_checks.suites import facts
from data_checks.suites.clean import events_suite, products_suite, quarantine_suite, stock_suite
from data_checks.suites.facts import Surroundings
from data_checks.suites.raw import raw_events_suite, raw_products_suite, raw_stock_suite
from shelfspace.errors import InputError
from shelfspace.settings import Settings

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

__all__ = ["SUITES", "Suite", "Surroundings", "suite_named"]


@dataclass(frozen=True)
class Suite:
    """A named list of expectations.

    Attributes:
        name: of the suite.
        id_column: the column that names a row; "" where rows have no id of their own.
        derive: adds the facts the expectations need to a table.
        build: the expectations, by settings and surroundings.
    """

    name: str
    id_column: str
    derive: Callable[[pd.DataFrame, Surroundings], pd.DataFrame]
    build: "Callable[[Settings, Surroundings], list[Expectation]]"


SUITES = {
    s.name: s
    for s in (
        Suite("raw_products", "product_id", facts.raw_products, raw_products_suite),
        Suite("raw_events", "", facts.raw_events, raw_events_suite),
        Suite("raw_stock", "product_id", facts.raw_stock, raw_stock_suite),
        Suite("products", "product_id", facts.products, products_suite),
        Suite("events", "", facts.events, events_suite),
        Suite("stock", "product_id", facts.stock, stock_suite),
        Suite("quarantine", "id", facts.quarantine, quarantine_suite),
    )
}
"""All suites by name."""


def suite_named(name: str) -> Suite:
    """The suite of that name.

    Raises:
        InputError: there is none; names those there are.
    """
    if name not in SUITES:
        raise InputError("suite", name, f"use one of {', '.join(sorted(SUITES))}")
    return SUITES[name]
