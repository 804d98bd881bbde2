"""Numbers, times and keys of a cell."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.cells import foreign, media_cell, moments, numbers, usable_key


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12.50", 12.5), (" 7 ", 7), ("-5", -5), ("1,299.00", 1299), ("1,23,456", 123456),
        ("1 299,50 €", 1299.5), ("Rs. 399", 399), ("12,5", 12.5), ("1'000", 1000),
        ("￥１２", 12), ("1e3", 1000), (".5", 0.5),
        ("5 EUR", 5),
    ],
)  # fmt: skip
def test_numbers_are_read(cell: str, value: float) -> None:
    assert numbers(pd.Series([cell]))[0] == value


@pytest.mark.parametrize(
    "cell",
    ["", "call us", "12 or 14", "N/A€", "nan", "inf", "1e999", "1.234,56", "1,2,3", "0x10", "1_000", "٣"],
)
def test_what_is_no_number_or_reads_two_ways_is_none(cell: str) -> None:
    assert math.isnan(numbers(pd.Series([cell]))[0])


@given(st.lists(st.text(max_size=12)))
def test_any_text_gives_a_finite_number_or_none(cells: list[str]) -> None:
    values = numbers(pd.Series(cells, dtype=object))
    assert len(values) == len(cells)
    assert not values.isin([math.inf, -math.inf]).any()


@given(st.lists(st.text(max_size=24)))
def test_any_text_gives_a_time_or_none(cells: list[str]) -> None:
    assert str(moments(pd.Series(cells, dtype=object)).dtype) == "datetime64[us, UTC]"


@given(st.floats(min_value=0.01, max_value=1e9))
def test_a_written_price_is_read_back(price: float) -> None:
    assert numbers(pd.Series([f"{price:,.2f}"]))[0] == pytest.approx(round(price, 2))


def test_a_sign_of_another_currency_is_seen() -> None:
    cells = pd.Series(["$5", "5 €", "5 EUR", "5 USD", "5", "", "Rs. 5"])
    assert foreign(cells, "EUR").tolist() == [True, False, False, True, False, False, True]


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
