"""Rules over rows: what each mask says, and that the checks read a cell exactly as cleaning does."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.cells import Reading, numbers
from catalog.cleaning import Cleaned, clean_events, clean_products, clean_stock
from catalog.sources.base import CatalogSource
from data_checks.suites import SUITES, Surroundings
from shelfspace.settings import Settings
from tests.catalog.shelf import NO_FINDINGS, event, product, raw
from tests.data_checks import tables

SETTINGS = Settings()


def mask(suite: str, rule: str, table: pd.DataFrame, around: Surroundings = tables.AROUND) -> list[bool]:
    found = {r.name: r for r in SUITES[suite].rules(SETTINGS, around)}[rule]
    return found.mask(table).tolist()


def kept(suite: str, table: pd.DataFrame, around: Surroundings, *left_out: str) -> list[bool]:
    """Rows that keep every rule of a suite, apart from some."""
    rules = SUITES[suite].rules(SETTINGS, around)
    masks = [
        r.mask(table) for r in rules if r.holds is not None and r.applies(table) and r.name not in left_out
    ]
    return pd.concat(masks, axis="columns").all(axis="columns").tolist()


@pytest.mark.parametrize(
    "text",
    [
        "1", "1.50", "1,299.00", "12 000", "€ 3.5", "Rs. 1,299", "3,5", "-4", "1e3", "9.99 EUR", ".5",
        "1,23,456", "1 299,50 €", "US$ 12", "1.234,56", "٣", "12.-", "",
    ],
)  # fmt: skip
def test_reads_as_a_number(text: str) -> None:
    assert mask("raw_products", "price_readable", pd.DataFrame({"price": [text]})) == [True]


@pytest.mark.parametrize(
    "text", ["abc", "1-2", "12.3.4", "call us", "1,2,3,4x9", "N/A", "--", "$5 - $10", "ca. 12"]
)
def test_reads_as_no_number(text: str) -> None:
    assert mask("raw_products", "price_readable", pd.DataFrame({"price": [text]})) == [False]


def test_full_dates_are_times_and_what_would_take_its_day_from_today_is_none() -> None:
    cells = ["2026-01-02", "2026-01-02T03:04:05Z", "12/31/10 8:26", "10:30", "Jan 3 2024", "soon", ""]
    expected = [True, True, True, False, True, False, False]
    assert mask("raw_events", "time_readable", pd.DataFrame({"time": cells})) == expected


def test_currencies_and_kinds_are_compared_as_cleaning_compares_them() -> None:
    table = pd.DataFrame({"currency": ["EUR", " eur", "", "USD"], "price": ["5 €", "$5", "call us", "7"]})
    assert mask("raw_products", "currency", table) == [True, True, True, False]
    assert mask("raw_products", "price_currency", table) == [True, False, True, True]
    kinds = pd.DataFrame({"event": ["view", " Purchase", "stare"]})
    assert mask("raw_events", "event_kind", kinds) == [True, True, False]


def test_a_rule_about_a_missing_column_or_without_a_counterpart_is_not_asked() -> None:
    rules = {r.name: r for r in SUITES["raw_products"].rules(SETTINGS, Surroundings())}
    table = tables.raw_products().drop(columns="price")
    assert not rules["price_readable"].applies(table)
    assert not rules["price_currency"].applies(table)
    assert rules["has_price"].applies(table)
    assert rules["product_id_given"].applies(table)


@pytest.mark.parametrize("name", sorted(SUITES))
def test_names_of_rules_are_unique_and_the_same_for_every_catalogue(name: str) -> None:
    names = [rule.name for rule in SUITES[name].rules(Settings(), Surroundings())]
    assert len(set(names)) == len(names) > 5
    assert all(re.fullmatch(r"\w+", rule) for rule in names)
    rules = SUITES[name].rules(SETTINGS, tables.AROUND)
    assert [rule.name for rule in rules] == names
    assert len({rule.sentence for rule in rules}) == len(rules)


def test_media_that_are_not_in_the_snapshot_are_seen() -> None:
    table = tables.products(3)
    table.at[1, "photos"] = ["a.jpg", "gone.jpg"]
    assert mask("products", "photos_stored", table) == [True, False, True]


@pytest.mark.parametrize("cell", ["[]", "no json", '{"a": 1}', None])
def test_attributes_must_be_an_object_of_texts(cell: str | None) -> None:
    table = tables.products(2)
    table.at[0, "attributes"] = cell
    assert mask("products", "attributes", table) == [False, True]


NUMBERS = st.one_of(
    st.sampled_from([
        "", " ", "12.50", "1,23,456", "1 299,50 €", "1.234,56", "US$ 12", "$5", "Rs. 3", "5 EUR", "5 USD",
        "1e-400", "tbd", "1.261", "1,261 €", "1.261.000", "0,5", "5-", "12.-", "1²",
        "free", "0", "-3", "2.5", "1e10", "nan", "inf", "１２", "٣", "1_000", " 7 ", "7\u00a0",
    ]),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.integers(-(10**12), 10**12).map("{:,}".format),
    st.text("0123456789.,-+' €$eE", max_size=8),
    st.text(max_size=6),
)  # fmt: skip
TIMES = st.one_of(
    st.sampled_from([
        "", " ", "2026-01-02", "2026-1-2", "2026/01/02", "2026-01/02", "2026-13-01", "10:30", "5",
        "2026-01-02T03:04:05Z", " 2026-01-02 03:04 ", "2026-01-02T03:04:05+02:00", "9999-12-31", "0001-01-01",
        "2999-01-01", "2026-01-02T99:00", "12/1/2010 8:26", "Jan 3 2024", "31/12/2026", "12.31.2026 9:00 PM",
        "1767225600", "20260131T100000Z",
    ]),
    st.datetimes().map(str),
    st.text("0123456789-/:TZ ", max_size=20),
)  # fmt: skip
IDS = st.one_of(
    st.sampled_from(["p1", " p1", "p2 ", "", "\t", "\u00a0", "茶"]), st.text("p 12\u2003", max_size=3)
)
CODES = st.sampled_from(["", " ", "EUR", "eur", " Eur ", "USD", "€", "EURO"])
KINDS = st.sampled_from(["view", "View", " purchase ", "cart", "", "stare", "VIEWS"])
AROUND = Surroundings(currency="EUR")


WORDS = {
    "decimal": st.sampled_from(["", ".", ","]),
    "thousands": st.sampled_from(["", " "]),
    "dates": st.sampled_from(["", "day-first", "month-first"]),
}
COLUMNS = ("price", "updated_at", "quantity", "unit_price", "time", "on_hand", "lead_time_days", "order_cost")
READINGS = st.builds(
    Reading,
    **WORDS,
    columns=st.dictionaries(st.sampled_from(COLUMNS), st.builds(Reading, **WORDS), max_size=3),
)


def clean_rows(raw_rows: pd.DataFrame, cleaned: Cleaned) -> list[bool]:
    """Which raw rows cleaning kept."""
    refused = cleaned.quarantine[cleaned.quarantine["scope"].eq("row")]
    return (~raw_rows["source_row"].isin(refused["source_row"])).tolist()


def clean_fields(raw_rows: pd.DataFrame, cleaned: Cleaned, *columns: str) -> list[bool]:
    """Of which raw rows, whole or refused, cleaning emptied none of these fields."""
    refused = cleaned.quarantine[cleaned.quarantine["field"].isin(columns)]
    return (~raw_rows["source_row"].isin(refused["source_row"])).tolist()


FIELDS = {
    "price": (
        "price_readable",
        "price_not_negative",
        "price_possible",
        "price_above_zero",
        "price_one_number",
        "currency",
        "price_currency",
    ),
    "updated_at": ("updated_at_readable", "updated_at_one_date"),
}


@given(st.lists(st.tuples(IDS, NUMBERS, CODES, TIMES), min_size=1, max_size=6), READINGS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_cleaning_keeps_the_products_that_the_checks_pass(
    rows: list[tuple[str, str, str, str]], reading: Reading, named: bool
) -> None:
    table = raw([
        product(n, product_id=i.strip() and f"{i}{n}", price=price, currency=code,
                updated_at=time)
        for n, (i, price, code, time) in enumerate(rows)
    ])  # fmt: skip
    currency = "EUR" if named else ""
    around = replace(AROUND, currency=currency, reading=reading)
    source = CatalogSource("shop", Path(), {}, currency=currency, written=reading)
    cleaned = clean_products(table, source, SETTINGS, NO_FINDINGS)
    told = [name for names in FIELDS.values() for name in names]
    passed = kept("raw_products", table, around, *told)
    assert clean_rows(table, cleaned) == passed
    for column, names in FIELDS.items():
        masks = pd.DataFrame({name: mask("raw_products", name, table, around) for name in names})
        also = ("currency",) if column == "price" else ()
        found = pd.Series(clean_fields(table, cleaned, column, *also))
        # Of a row that is refused whole, its fields are not told besides.
        assert found[passed].tolist() == masks.all(axis="columns")[passed].tolist()
        empty = cleaned.clean.set_index("product_id")[column].isna()
        given = table[column].str.strip().ne("") & masks.all(axis="columns")
        names_of = table["product_id"].str.strip()
        assert empty[names_of[passed]].tolist() == (~given[passed]).tolist()


@given(st.lists(st.tuples(IDS, st.sampled_from(["", "2026-01-02", "2026-01-03"])), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_of_rows_with_one_id_the_clean_table_has_one(rows: list[tuple[str, str]]) -> None:
    table = raw([product(n, product_id=i, updated_at=time) for n, (i, time) in enumerate(rows)])
    cleaned = clean_products(table, CatalogSource("shop", Path(), {}), SETTINGS, NO_FINDINGS)
    assert cleaned.clean["product_id"].tolist() == sorted(set(table["product_id"].str.strip()) - {""})


@given(
    st.lists(st.tuples(st.sampled_from(["u1", ""]), KINDS, NUMBERS, NUMBERS, TIMES), min_size=1, max_size=6),
    READINGS,
)
@settings(max_examples=60, deadline=None)
def test_cleaning_keeps_the_events_that_the_checks_pass(
    rows: list[tuple[str, str, str, str, str]], reading: Reading
) -> None:
    table = raw([
        event(n, user_id=user, event=kind, quantity=quantity, unit_price=price, time=time)
        for n, (user, kind, quantity, price, time) in enumerate(rows)
    ])  # fmt: skip
    cleaned = clean_events(table, table["product_id"], reading)
    around = replace(AROUND, reading=reading)
    field = ("unit_price_readable", "unit_price_one_number")
    passed = kept("raw_events", table, around, *field)
    assert clean_rows(table, cleaned) == passed
    masks = pd.DataFrame({name: mask("raw_events", name, table, around) for name in field})
    told = pd.Series(clean_fields(table, cleaned, "unit_price"))
    assert told[passed].tolist() == masks.all(axis="columns")[passed].tolist()


@given(st.lists(st.tuples(IDS, NUMBERS, NUMBERS, NUMBERS, TIMES), min_size=1, max_size=6), READINGS)
@settings(max_examples=60, deadline=None)
def test_cleaning_keeps_the_stock_that_the_checks_pass(
    rows: list[tuple[str, str, str, str, str]], reading: Reading
) -> None:
    table = raw([
        {
            "product_id": i.strip() and f"{i}{n}", "on_hand": pieces, "lead_time_days": days,
            "order_cost": cost, "time": time,
        }
        for n, (i, pieces, days, cost, time) in enumerate(rows)
    ])  # fmt: skip
    cleaned = clean_stock(table, [i for i in table["product_id"].str.strip() if i], reading)
    around = replace(AROUND, reading=reading)
    of_fields = {
        column: [f"{column}_{rule}" for rule in ("readable", "not_negative", "one_number")]
        for column in ("lead_time_days", "order_cost")
    }
    passed = kept("raw_stock", table, around, *(name for names in of_fields.values() for name in names))
    assert clean_rows(table, cleaned) == passed
    for column, field in of_fields.items():
        masks = pd.DataFrame({name: mask("raw_stock", name, table, around) for name in field})
        told = pd.Series(clean_fields(table, cleaned, column))
        assert told[passed].tolist() == masks.all(axis="columns")[passed].tolist()


@given(st.lists(NUMBERS, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_what_a_check_reads_is_what_cleaning_reads(cells: list[str]) -> None:
    table = pd.DataFrame({"price": cells}, dtype=object)
    read = numbers(table["price"]).notna() | table["price"].str.strip().eq("")
    told = [mask("raw_products", name, table) for name in ("price_readable", "price_one_number")]
    assert [all(both) for both in zip(*told, strict=True)] == read.tolist()
