"""The suites by name: the rules that each table must meet."""

from collections.abc import Callable
from dataclasses import dataclass

from data_checks.suites.clean import events, interactions, products, quarantine, stock
from data_checks.suites.raw import raw_events, raw_products, raw_stock
from data_checks.suites.rules import Rule, Surroundings
from shelfspace.errors import InputError
from shelfspace.settings import Settings

__all__ = ["SUITES", "Rule", "Suite", "Surroundings", "suite_named"]


@dataclass(frozen=True)
class Suite:
    """A named list of rules.

    Attributes:
        name: of the suite.
        id_column: the column that names a row; "" where rows have no id of their own.
        rules: the rules, by settings and surroundings; those that are not asked stand among them.
    """

    name: str
    id_column: str
    rules: Callable[[Settings, Surroundings], list[Rule]]


SUITES = {
    s.name: s
    for s in (
        Suite("raw_products", "product_id", raw_products),
        Suite("raw_events", "", raw_events),
        Suite("raw_stock", "product_id", raw_stock),
        Suite("products", "product_id", products),
        Suite("events", "", events),
        Suite("stock", "product_id", stock),
        Suite("quarantine", "id", quarantine),
        Suite("interactions", "event_id", interactions),
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
