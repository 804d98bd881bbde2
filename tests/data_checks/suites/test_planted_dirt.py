"""Kinds of dirt, planted one at a time: each is caught by the rule that is meant for it, and by no other.

Every case changes a sound table; the rules that fail on it are compared by name. A rule that must not stop a
shop is compared all the same: it warns.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data_checks.suites import SUITES
from shelfspace.settings import Settings
from tests.data_checks import tables

SETTINGS = Settings()
Plant = Callable[[pd.DataFrame], pd.DataFrame]


def raw_products() -> pd.DataFrame:
    table = tables.raw_products()
    table["price"] = [f"{n + 1}.50" for n in range(len(table))]
    return table


def raw_events() -> pd.DataFrame:
    table = tables.events().astype(str).assign(time="2026-01-01T10:00:00Z")
    return table.assign(unit_price=[f"{n + 1}.50" for n in range(len(table))])


def raw_stock() -> pd.DataFrame:
    return tables.stock().assign(
        lead_time_days="2.5", on_hand="3", order_cost="20", time="2026-01-01T10:00:00Z"
    )


def quarantine() -> pd.DataFrame:
    row = ["products", "field", "p1", "price", "x", "not a number", 3, "{}"]
    names = ["table", "scope", "id", "field", "value", "reason", "source_row", "row"]
    return pd.DataFrame([row] * 3, columns=names)


SOUND = {
    "raw_products": raw_products, "raw_events": raw_events, "raw_stock": raw_stock,
    "products": tables.products, "events": tables.events, "stock": tables.stock, "quarantine": quarantine,
}  # fmt: skip


def cell(column: str, *values: object) -> Plant:
    """The values in the first rows of a column."""

    def plant(table: pd.DataFrame) -> pd.DataFrame:
        cells = [*values, *table[column].tolist()[len(values) :]]
        typed = pd.Series(cells, index=table.index, dtype=object)
        return table.assign(**{column: typed.infer_objects()})

    return plant


def whole(column: str, *values: str) -> Plant:
    """A whole column of these values, over and over."""
    return lambda table: table.assign(**{column: (list(values) * len(table))[: len(table)]})


def rows(count: int) -> Plant:
    return lambda table: table.head(count)


def without(column: str) -> Plant:
    return lambda table: table.drop(columns=column)


FUTURE = "2031-01-01T00:00:00Z"
DIRT: list[tuple[str, str, Plant, set[str]]] = [
    ("raw_products", "too few rows", rows(10), {"enough_rows"}),
    ("raw_products", "a column is gone", without("brand"), {"has_brand"}),
    ("raw_products", "no id", cell("product_id", " "), {"product_id_given"}),
    ("raw_products", "a yes or no for an id", cell("product_id", "true"), {"product_id_given"}),
    ("raw_products", "a list for an id", cell("product_id", '["a"]'), {"product_id_given"}),
    ("raw_products", "one id twice", cell("product_id", "p7 "), {"product_id_unique"}),
    ("raw_products", "a price on request", cell("price", "Call for price"), {"price_readable"}),
    ("raw_products", "a range of prices", cell("price", "$74.99 - $249.99"), {"price_readable"}),
    ("raw_products", "a price with its tax said", cell("price", "12.50 incl. VAT"), {"price_readable"}),
    ("raw_products", "a percentage", cell("price", "12 %"), {"price_readable"}),
    ("raw_products", "a spreadsheet's error", cell("price", "#REF!"), {"price_readable"}),
    ("raw_products", "a superscript", cell("price", "1²"), {"price_readable"}),
    ("raw_products", "free of charge", cell("price", "0"), {"price_above_zero"}),
    ("raw_products", "a cost in words", cell("cost", "half of it"), {"cost_readable"}),
    ("raw_products", "a cost of nothing", cell("cost", "0"), {"cost_readable"}),
    ("raw_products", "a credit note", cell("price", "5.00-"), {"price_not_negative"}),
    ("raw_products", "thousands or decimals", whole("price", "1.261", "857"), {"price_one_number"}),
    ("raw_products", "two countries' files in one", cell("price", "12,50", "1.261"), {"price_one_number"}),
    ("raw_products", "a foreign code", cell("currency", "USD"), {"currency"}),
    ("raw_products", "a foreign sign", cell("price", "£3.50"), {"price_currency"}),
    ("raw_products", "a dollar among euros", cell("price", "US$ 3.50"), {"price_currency"}),
    ("raw_products", "nothing to describe it", cell("title", ""), {"described"}),
    ("raw_products", "a word for a time", cell("updated_at", "last week"), {"updated_at_readable"}),
    ("raw_products", "a 13th month", cell("updated_at", "2026-13-01"), {"updated_at_readable"}),
    ("raw_products", "day or month", whole("updated_at", "03/04/2026"), {"updated_at_one_date"}),
    ("raw_events", "no shopper", cell("user_id", ""), {"user_id_given"}),
    ("raw_events", "no product", cell("product_id", ""), {"product_id_given"}),
    ("raw_events", "an unknown kind", cell("event", "stare"), {"event_kind"}),
    ("raw_events", "half a piece", cell("quantity", "1.5"), {"quantity_readable"}),
    ("raw_events", "pieces with a currency", cell("quantity", "5 EUR"), {"quantity_readable"}),
    ("raw_events", "a return", cell("quantity", "-1"), {"quantity_above_zero"}),
    ("raw_events", "3 or 3000 pieces", cell("quantity", "3.000"), {"quantity_one_number"}),
    ("raw_events", "a price in words", cell("unit_price", "gift"), {"unit_price_readable"}),
    ("raw_events", "a gift", cell("unit_price", "0.00"), {"unit_price_above_zero"}),
    ("raw_events", "thousands or decimals", whole("unit_price", "1.261"), {"unit_price_one_number"}),
    ("raw_events", "no time", cell("time", ""), {"time_readable"}),
    ("raw_events", "an hour without a day", cell("time", "10:30"), {"time_readable"}),
    ("raw_events", "a clock that runs ahead", cell("time", FUTURE), {"time_past"}),
    ("raw_events", "day or month", whole("time", "03/04/2026 10:00"), {"time_one_date"}),
    ("raw_stock", "no id", cell("product_id", ""), {"product_id_given"}),
    ("raw_stock", "pieces not given", cell("on_hand", ""), {"on_hand_given"}),
    ("raw_stock", "many pieces, in words", cell("on_hand", "plenty"), {"on_hand_readable"}),
    ("raw_stock", "pieces below zero", cell("on_hand", "-2"), {"on_hand_not_negative"}),
    ("raw_stock", "3 or 3000 pieces", cell("on_hand", "3.000"), {"on_hand_one_number"}),
    ("raw_stock", "days in words", cell("lead_time_days", "a week"), {"lead_time_days_readable"}),
    ("raw_stock", "days below zero", cell("lead_time_days", "-1"), {"lead_time_days_not_negative"}),
    ("raw_stock", "an order's cost in words", cell("order_cost", "a lot"), {"order_cost_readable"}),
    ("raw_stock", "an order's cost below zero", cell("order_cost", "-1"), {"order_cost_not_negative"}),
    ("raw_stock", "a time that is none", cell("time", "soon"), {"time_readable"}),
    ("raw_stock", "a time to come", cell("time", "2099-01-01"), {"time_past"}),
    ("products", "a price of zero", cell("price", 0.0), {"price_above_zero"}),
    ("products", "a price without end", cell("price", np.inf), {"price_above_zero"}),
    ("products", "another currency", cell("currency", "USD"), {"currency"}),
    ("products", "a language in full", cell("language", "English"), {"language"}),
    ("products", "attributes that are a list", cell("attributes", "[]"), {"attributes"}),
    ("products", "a photo that is nowhere", cell("photos", ["gone.jpg"]), {"photos_stored"}),
    ("products", "no id", cell("product_id", ""), {"product_id_given"}),
    ("products", "one id twice", cell("product_id", "p7"), {"product_id_unique"}),
    ("events", "an unknown product", cell("product_id", "x"), {"product_known"}),
    ("events", "no piece", cell("quantity", 0), {"quantity_in_range"}),
    ("stock", "days below zero", cell("lead_time_days", -1.0), {"lead_time_days_in_range"}),
    ("stock", "a count twice", lambda table: pd.concat([table, table.head(1)], ignore_index=True),
     {"counted_once"}),
    ("quarantine", "no reason", cell("reason", ""), {"reason_given"}),
    ("quarantine", "neither row, field nor file", cell("scope", "half"), {"scope_known"}),
]  # fmt: skip


def broken(suite: str, table: pd.DataFrame) -> set[str]:
    """Names of the rules that do not hold."""
    found = set()
    for rule in SUITES[suite].rules(SETTINGS, tables.AROUND):
        if rule.min_rows:
            holds = len(table) >= rule.min_rows
        elif rule.holds is None:
            holds = rule.column in table
        else:
            holds = not rule.applies(table) or bool(rule.mask(table).all())
        found |= set() if holds else {rule.name}
    return found


@pytest.mark.parametrize("suite", sorted(SOUND))
def test_a_sound_table_raises_no_alarm(suite: str) -> None:
    assert broken(suite, SOUND[suite]()) == set()


@pytest.mark.parametrize(
    ("suite", "plant", "caught"), [pytest.param(s, p, c, id=f"{s}: {kind}") for s, kind, p, c in DIRT]
)
def test_planted_dirt_is_caught_by_the_rule_for_it(suite: str, plant: Plant, caught: set[str]) -> None:
    assert broken(suite, plant(SOUND[suite]())) == caught


@pytest.mark.parametrize(
    ("column", "style"),
    [
        ("price", "{:,.2f} €"), ("price", "EUR {:.2f}"), ("price", "{:.1f}"), ("price", "{:.4f}"),
        ("updated_at", "2026-01-{:02.0f}T10:00:00+02:00"), ("updated_at", "{:02.0f}/01/2026 10:00"),
        ("product_id", "{:010.0f}"), ("product_id", "SKU {:.0f} / é"),
    ],
)  # fmt: skip
def test_what_shops_write_soundly_raises_no_alarm(column: str, style: str) -> None:
    table = raw_products().head(60)
    values = [style.format(1 + n * 37.125 if column == "price" else 1 + n % 28) for n in range(60)]
    if column == "product_id":
        values = [style.format(n) for n in range(60)]
    assert broken("raw_products", table.assign(**{column: values})) == set()
