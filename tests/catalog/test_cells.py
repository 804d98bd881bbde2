"""Numbers, times and keys of a cell."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.cells import (
    Reading,
    ids,
    media_cell,
    moments,
    number_text,
    numbers,
    one_currency,
    open_dates,
    open_numbers,
    usable_ids,
    usable_key,
)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12.50", 12.5), (" 7 ", 7), ("-5", -5), ("1,299.00", 1299), ("1,23,456", 123456),
        ("1 299,50 €", 1299.5), ("Rs. 399", 399), ("12,5", 12.5), ("1'000", 1000),
        ("￥１２", 12), ("1e3", 1000), (".5", 0.5),
        ("5 EUR", 5), ("1.234,56", 1234.56), ("1.234.567", 1234567), ("1,234.5", 1234.5), ("٣", 3),
        ("١٢٫٥", 12.5), ("१२", 12), ("1'299.50", 1299.5), ("1 299,50 €", 1299.5), ("5-", -5),
        ("(5.50)", -5.5), ("−5", -5), ("-€5", -5), ("€ -5", -5), ("12.-", 12), ("12,--", 12), ("12,- €", 12),
        ("Rs. 399/-", 399), ("US$ 12", 12), ("R$ 5,00", 5), ("kr 5", 5), ("5 zł", 5), ("CHF 1’200.—", 1200),
        ("$.50", 0.5), ("0.261", 0.261), ("1234.567", 1234.567), ("12345,678", 12345.678), ("1.2610", 1.261),
        ("1.5e-05", 1.5e-05), ("+5", 5), ("5.", 5), ("\u20aa12.90\u200f", 12.9), ("\u200e12.90", 12.9),
        ("\u0661\u0662\u066b\u0665 \u062f.\u0625", 12.5), ("12.00 \u0631.\u0633", 12), ("1 200:-", 1200),
        ("'12.50", 12.5), ("US $ 1,299.00", 1299), ("KSh 5", 5), ("12 грн", 12), ("¥1,980.0 (税込)", 1980),
        ("৳12", 12),
    ],
)  # fmt: skip
def test_numbers_are_read(cell: str, value: float) -> None:
    assert numbers(pd.Series([cell]))[0] == value


@pytest.mark.parametrize(
    "cell",
    [
        "", "call us", "12 or 14", "N/A€", "nan", "inf", "1e999", "1,2,3", "0x10", "1_000", "ca. 12", "12 %",
        "~12", "from 12", "$5 - $10", "5-10", "1²", "½", "Ⅷ", "--5", "-5-", "5--", "1 23 456", "12 50",
        "USD 5 EUR", "5 XYZ", "5 pcs", "1.23.456", "12:30", "1,234.567,8", "free", "1,5e3",
    ],
)  # fmt: skip
def test_what_is_no_number_or_reads_two_ways_is_none(cell: str) -> None:
    assert math.isnan(numbers(pd.Series([cell]))[0])


@settings(deadline=None)
@given(st.lists(st.text(max_size=12)))
def test_any_text_gives_a_finite_number_or_none(cells: list[str]) -> None:
    values = numbers(pd.Series(cells, dtype=object))
    assert len(values) == len(cells)
    assert not values.isin([math.inf, -math.inf]).any()


@settings(deadline=None)
@given(st.lists(st.text(max_size=24)))
def test_any_text_gives_a_time_or_none(cells: list[str]) -> None:
    assert str(moments(pd.Series(cells, dtype=object)).dtype) == "datetime64[us, UTC]"


@settings(deadline=None)
@given(st.floats(min_value=0.01, max_value=1e9))
def test_a_written_price_is_read_back(price: float) -> None:
    assert numbers(pd.Series([f"{price:,.2f}"]))[0] == pytest.approx(round(price, 2))


def column(*cells: str) -> pd.Series:
    return pd.Series(cells, dtype=object)


def test_what_one_number_leaves_open_its_column_decides() -> None:
    assert numbers(column("1.261 €", "857 €", "12,50")).tolist() == [1261, 857, 12.5]
    assert numbers(column("1.261", "857", "12.50")).tolist() == [1.261, 857, 12.5]
    assert numbers(column("1,261", "1,299.00")).tolist() == [1261, 1299]
    assert numbers(column("1,261", "0,5")).tolist() == [1.261, 0.5]
    assert numbers(column("-1.261", "1.234.567")).tolist() == [-1261, 1234567]
    assert numbers(column("1.261", "1,234,567")).tolist() == [1.261, 1234567]


@pytest.mark.parametrize("others", [(), ("857",), ("12,50", "12.50"), ("1 000", "1e3", "1'000"), ("free",)])
def test_a_number_that_nothing_decides_is_refused_and_told(others: tuple[str, ...]) -> None:
    cells = column("1.261 €", *others, "1,299")
    assert numbers(cells).iloc[[0, -1]].isna().all()
    assert open_numbers(cells).tolist() == [True, *(False for _ in others), True]
    for reading, found in (
        (Reading(decimal=","), [1261, 1.299]), (Reading(decimal="."), [1.261, 1299]),
        (Reading(thousands="."), [1261, 1.299]), (Reading(thousands=","), [1.261, 1299]),
        (Reading(thousands=" "), [1.261, 1.299]),
    ):  # fmt: skip
        assert numbers(cells, reading).iloc[[0, -1]].tolist() == found
        assert not open_numbers(cells, reading).any()
    strict = Reading(decimal=",", thousands=" ")
    assert open_numbers(cells, strict).iloc[0]
    assert numbers(cells, strict).iloc[-1] == 1.299


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=1), st.sampled_from(" '.,"), st.sampled_from(".,"))
def test_a_column_is_read_back_in_each_style(prices: list[float], thousands: str, decimal: str) -> None:
    if thousands == decimal:
        return
    marks = {",": thousands, ".": decimal}
    cells = column(*("".join(marks.get(c, c) for c in f"{price:,.2f}") for price in prices))
    assert numbers(cells).tolist() == [round(price, 2) for price in prices]


@settings(deadline=None)
@given(st.floats(-1e12, 1e12))
def test_a_typed_number_reads_one_way_in_any_column(value: float) -> None:
    for other in ("", "12,50", "12.50"):
        cells = column(number_text(value), other)
        assert numbers(cells)[0] == value
        assert not open_numbers(cells)[0]


def test_signs_and_codes_of_a_column_agree_with_each_other_or_are_told() -> None:
    cells = column("$5", "5 €", "5 EUR", "5 USD", "5", "", "Rs. 5", "call €")
    blank = column(*[""] * len(cells))
    named = one_currency(cells, blank, "EUR")
    assert named.bad_price.tolist() == [True, False, False, True, False, False, True, False]
    found = one_currency(column("$5", "CAD 5", "5 $", "¥7"), column("", "", "cad", "CAD"))
    assert (found.code, found.bad_price.tolist()) == ("CAD", [False, False, False, True])
    assert not found.bad_column.any()
    shared = one_currency(column("$5", "5"), column("", ""))
    assert shared.code == ""
    assert "USD" in shared.shown
    column_says = one_currency(column("5", "6", "7"), column("€", "eur", "USD"))
    assert (column_says.code, column_says.bad_column.tolist()) == ("EUR", [False, False, True])
    assert one_currency(column("¥5"), column(""), "JPY").bad_price.tolist() == [False]
    assert one_currency(column("5"), column("dollars of some kind"), "USD").bad_column.tolist() == [True]


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (["100000000.0", "", "7.0"], ["100000000", "", "7"]),
        (["1e+16", "2.0"], ["10000000000000000", "2"]),
        (["007", "7"], ["007", "7"]),
        (["1.0", "1.1"], ["1.0", "1.1"]),
        (["1.0", "A-1"], ["1.0", "A-1"]),
        (["1E5", "2"], ["1E5", "2"]),
        (["'007", "'tis", "P\x011"], ["007", "'tis", "P1"]),
        ([" a\u00a0b ", "\ufeffx", "cafe\u0301"], ["a b", "x", "caf\u00e9"]),
    ],
)
def test_ids_are_written_one_way(cells: list[str], written: list[str]) -> None:
    assert ids(column(*cells)).tolist() == written
    assert ids(ids(column(*cells))).tolist() == written


def test_what_names_nothing_is_no_id() -> None:
    cells = column("7", "", " ", "true", "False", '["a"]', '{"a": 1}', "truely")
    assert usable_ids(cells).tolist() == [True, False, False, False, False, False, False, True]


def test_day_and_month_are_told_apart_by_the_column_or_refused() -> None:
    days = column("03/04/2026 09:00", "31/05/2026", "05.05.2026")
    assert moments(days).dt.month.tolist() == [4, 5, 5]
    months = column("03/04/2026 9:00 PM", "05/31/2026")
    assert moments(months).dt.strftime("%m-%d %H").tolist() == ["03-04 21", "05-31 00"]
    for cells in (
        column("03/04/2026", "05/05/2026"),
        column("03/04/2026", "05/05/2026", "31/1/2026", "1/31/2026"),
    ):
        assert open_dates(cells).tolist() == [True, *[False] * (len(cells) - 1)]
        assert moments(cells).isna().tolist() == open_dates(cells).tolist()
        assert moments(cells, Reading(dates="day-first"))[0] == pd.Timestamp("2026-04-03", tz="UTC")
        assert moments(cells, Reading(dates="month-first"))[0] == pd.Timestamp("2026-03-04", tz="UTC")
    assert moments(column("31/12/2026"), Reading(dates="month-first")).isna().all()


@pytest.mark.parametrize(
    "cell",
    [
        "2026-01-31T10:00:00Z", "2026/1/31 10:00", "2026.01.31 10:00", "20260131T100000Z", "1769853600",
        "1769853600000", "2026-01-31 05:00:00 -0500", "2026-01-31T10:00:00,000Z", "31.01.2026, 10:00 AM",
    ],
)  # fmt: skip
def test_times_of_many_programs(cell: str) -> None:
    assert moments(column(cell))[0] == pd.Timestamp("2026-01-31T10:00Z")


@pytest.mark.parametrize(
    "cell",
    [
        "31 Jan 2026 10:00", "Sat, 31 Jan 2026 10:00:00 GMT", "January 31, 2026 10:00 AM",
        "31-Jan-2026 10:00", "2026年1月31日 10:00", "2026년 1월 31일 10:00", "2026. 1. 31. 10:00",
        "46053.4166666667", "1769853600000000000", "2026-01-31 10:00:00 +0000 UTC",
        "2026-01-31T11:00:00+01:00[Europe/Berlin]",
        "31.01.26 10:00", "01/31/26 10:00 AM",
    ],
)  # fmt: skip
def test_times_that_name_their_month_or_shorten_their_year(cell: str) -> None:
    assert moments(column(cell))[0] == pd.Timestamp("2026-01-31T10:00Z")


@pytest.mark.parametrize("cell", ["2026-01-31 24:00", "2026-01-31T24:00:00Z", "31.01.2026 24:00"])
def test_the_end_of_a_day_is_the_start_of_the_next(cell: str) -> None:
    assert moments(column(cell))[0] == pd.Timestamp("2026-02-01T00:00Z")


@pytest.mark.parametrize(
    "cell",
    [
        "1899-12-30", "1970-01-01T00:00:00Z", "0000-00-00 00:00:00", "9999-12-31", "0001-01-01", "2568-01-31",
        "2026-01-31 24:30", "12345", "31.01.99", "2026-01", "2026", "31 Foo 2026", "2026-02-30",
    ],
)  # fmt: skip
def test_what_a_program_writes_for_no_time_is_none(cell: str) -> None:
    assert moments(column(cell)).isna().all()


def test_a_short_year_is_read_where_the_column_tells_the_order() -> None:
    late = column("05.03.25", "28.03.25")
    assert moments(late).dt.strftime("%Y-%m-%d").tolist() == ["2025-03-05", "2025-03-28"]
    may_begin_with_the_year = column("24/12/05", "24/11/03")
    assert moments(may_begin_with_the_year).isna().all()
    assert open_dates(may_begin_with_the_year).all()
    said = moments(may_begin_with_the_year, Reading(dates="day-first"))
    assert said.dt.strftime("%Y-%m-%d").tolist() == ["2005-12-24", "2003-11-24"]


def test_times_are_utc_and_nothing_is_filled_in_from_today() -> None:
    cells = pd.Series(
        ["2026-01-01T02:00:00+02:00", "2026-01-01", "5", "10:30", "May", "2026-13-01", "yesterday"]
    )
    read = moments(cells)
    assert (read[:2] == pd.Timestamp("2026-01-01", tz="UTC")).all()
    assert read[2:].isna().all()


@pytest.mark.parametrize(
    ("cell", "keys"),
    [
        ("a.jpg", ["a.jpg"]), ("a.jpg| b.jpg |a.jpg|", ["a.jpg", "b.jpg"]),
        ('["a.jpg", null, "b|c.jpg"]', ["a.jpg", "b|c.jpg"]),
        ("[not json", ["[not json"]), ("  ", []),
    ],
)  # fmt: skip
def test_media_cells(cell: str, keys: list[str]) -> None:
    assert media_cell(cell, "|") == keys


@pytest.mark.parametrize(
    "key", ["../x", "/etc/passwd", "a/../../b", "a\\b", "a\0b", "x" * 300, "a/" * 40 + "b", "."]
)
def test_keys_that_lead_out_are_not_usable(key: str) -> None:
    assert not usable_key(key)


@pytest.mark.parametrize("key", ["a.jpg", "photos/茶-1.jpg", "a..b.jpg", "https://host/a.jpg"])
def test_keys_that_stay_inside_are_usable(key: str) -> None:
    assert usable_key(key)
