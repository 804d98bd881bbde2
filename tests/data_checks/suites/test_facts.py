"""Facts about single rows: what reads as a number or a time, what counts as known."""

import pandas as pd
import pytest

from data_checks.suites import facts
from tests.data_checks import tables


@pytest.mark.parametrize(
    "text", ["1", "1.50", "1,299.00", "12 000", "€ 3.5", "Rs. 1,299", "3,5", "-4", "1e3", "9.99 EUR", ".5"]
)
def test_reads_as_a_number(text: str) -> None:
    assert facts.is_number(pd.Series([text])).all()


@pytest.mark.parametrize("text", ["", "abc", "1-2", "12.3.4", "call us", "1,2,3,4x9", "N/A", "--"])
def test_reads_as_no_number(text: str) -> None:
    assert not facts.is_number(pd.Series([text])).any()


def test_times_in_several_forms_are_read_and_words_are_not() -> None:
    cells = pd.Series(["2026-01-02", "2026-01-02T03:04:05Z", "12/1/2010 8:26", "soon", ""])
    assert facts.is_time(cells).tolist() == [True, True, True, False, False]


def test_a_fact_about_a_missing_column_is_left_out() -> None:
    derived = facts.raw_products(tables.raw_products().drop(columns="price"), tables.AROUND)
    assert "price is a number, or empty" not in derived
    assert "product_id is given" in derived


def test_media_that_are_not_in_the_snapshot_are_seen() -> None:
    table = tables.products(3)
    table.at[1, "photos"] = ["a.jpg", "gone.jpg"]
    derived = facts.products(table, tables.AROUND)
    assert derived["photos are in the snapshot"].tolist() == [True, False, True]


@pytest.mark.parametrize("cell", ["[]", "no json", '{"a": 1}', None])
def test_attributes_must_be_an_object_of_texts(cell: str | None) -> None:
    table = tables.products(2)
    table.at[0, "attributes"] = cell
    derived = facts.products(table, tables.AROUND)
    assert derived["attributes are a JSON object of texts"].tolist() == [False, True]
