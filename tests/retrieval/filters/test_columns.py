"""Filters, facets, orders and pages, against a plain reading of the same table."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from retrieval.filters.columns import Columns, Filters, allowed_rows
from retrieval.filters.facets import facets, price_ranges, roundest
from retrieval.filters.sorting import page, sorted_rows
from shelfspace.errors import InputError
from tests.retrieval.shop import products

STOCK = {"P0": 3.0, "P1": 0.0, "P4": 1.0, "P99": 5.0}


@pytest.fixture
def columns() -> Columns:
    return Columns(products(), STOCK)


def rows(columns: Columns, **wanted: object) -> list[int]:
    return np.flatnonzero(allowed_rows(columns, Filters(**wanted))).tolist()  # type: ignore[arg-type]


def test_each_filter_keeps_what_it_says(columns: Columns) -> None:
    assert rows(columns) == list(range(9))
    assert rows(columns, category=("Shoes",)) == [0, 1, 2, 3, 4, 5]
    assert rows(columns, category=("Shoes > Boots", "Home")) == [3, 4, 5, 6, 7, 8]
    assert rows(columns, category=("Sho",)) == []
    assert rows(columns, brand=("NORTHPEAK",)) == [0, 1, 5]
    assert rows(columns, language=("zh",)) == [8]
    assert rows(columns, price_from=60, price_to=80) == [0, 1, 7]
    assert rows(columns, price_to=30) == [6, 8]
    assert rows(columns, in_stock=True) == [0, 4]
    assert rows(columns, in_stock=False) == [1, 2, 3, 5, 6, 7, 8]
    assert rows(columns, has_photo=True) == [0, 3, 6]
    assert rows(columns, category=("Shoes",), brand=("Harbour",), price_to=50) == [4]


def test_changes_of_price_and_stock_and_deletions_show_at_once(columns: Columns) -> None:
    columns.set_stock("P1", 2)
    assert rows(columns, in_stock=True) == [0, 1, 4]
    changed = columns.overlaid({3: {"price": 10.0}}, deleted=[0])
    assert 0 not in rows(changed)
    assert rows(changed, price_to=20) == [3]
    assert 0 in rows(columns), "what is laid over changes nothing below"
    columns.set_stock("P1", None)
    assert rows(columns, in_stock=True) == [0, 4]
    for call in (lambda: columns.set_stock("P77", 1), lambda: columns.set_stock("P1", -1.0)):
        with pytest.raises(InputError):
            call()


def test_unusable_ranges_are_refused() -> None:
    with pytest.raises(InputError, match="price_from"):
        Filters(price_from=10, price_to=5)
    with pytest.raises(InputError, match="price_to"):
        Filters(price_to=float("nan"))


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(category=("Shoes",)),
        Filters(brand=("Harbour",), price_to=100),
        Filters(in_stock=True),
    ],
)
def test_a_count_is_what_the_choice_would_leave(columns: Columns, filters: Filters) -> None:
    found = np.ones(9, dtype=bool)
    found[5] = False
    counts = facets(columns, filters, found)
    for field in ("category", "brand", "language"):
        for value, count in counts[field].items():
            chosen = allowed_rows(columns, replace(filters, **{field: (value,)})) & found
            # Brands in another case are another value and the same filter.
            assert count <= chosen.sum()
            if value.casefold() != "northpeak":
                assert count == chosen.sum(), (field, value)
        assert list(counts[field].values()) == sorted(counts[field].values(), reverse=True)
    assert counts["in_stock"] == (allowed_rows(columns, replace(filters, in_stock=True)) & found).sum()
    assert counts["has_photo"] == (allowed_rows(columns, replace(filters, has_photo=True)) & found).sum()
    for step in counts["price"]:
        inside = replace(filters, price_from=step["from"], price_to=step["to"])
        assert step["count"] == (allowed_rows(columns, inside) & found).sum()


def test_price_ranges_hold_every_price_once() -> None:
    prices = np.random.default_rng(0).integers(1, 40, 200).astype(float)
    prices[:10] = np.nan
    steps = price_ranges(prices)
    assert sum(step["count"] for step in steps) == 190
    assert all(a["to"] < b["from"] for a, b in pairwise(steps))
    assert price_ranges(np.full(3, np.nan)) == []
    assert price_ranges(np.array([5.0, 5.0])) == [{"from": 5.0, "to": 5.0, "count": 2}]


def test_price_ranges_are_round_and_count_what_they_leave() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        spread, decimals = rng.uniform(0.01, 2), int(rng.integers(0, 4))
        prices = np.round(np.exp(rng.normal(3, spread, rng.integers(1, 60))), decimals)
        steps = price_ranges(prices)
        assert sum(step["count"] for step in steps) == len(prices)
        for step in steps:
            assert step["count"] == ((prices >= step["from"]) & (prices <= step["to"])).sum() > 0
        assert all(a["to"] <= b["from"] for a, b in pairwise(steps))
    steps = price_ranges(np.exp(np.random.default_rng(1).normal(3.5, 1, 1000)).round(2))
    assert [step["from"] for step in steps] == [0, 10, 20, 50, 100]
    # A price that is a bound is in the range above.
    assert price_ranges(np.array([12, 20, 20, 30, 47, 50.5]))[0]["to"] == 19.99


@pytest.mark.parametrize(
    ("low", "high", "number"),
    [
        (11, 22, 20),
        (22, 38, 30),
        (60, 110, 100),
        (7.2, 7.9, 7.5),
        (0, 3, 2),
        (99.5, 99.9, 99.6),
        (5.01, 5.02, 5.02),
    ],
)
def test_the_roundest_number_of_a_range(low: float, high: float, number: float) -> None:
    assert roundest(low, high) == number


def test_orders_are_whole_and_ties_stand(columns: Columns) -> None:
    found = np.array([8, 2, 6, 3, 0])
    scores = np.array([0.5, 0.9, 0.5, 0.1, 0.5])
    assert found[sorted_rows(found, scores, columns)].tolist() == [2, 0, 6, 8, 3]
    # P2 has no price; P6 and P8 cost the same and are equally relevant.
    assert found[sorted_rows(found, scores, columns, "price_up")].tolist() == [6, 8, 0, 3, 2]
    assert found[sorted_rows(found, scores, columns, "price_down")].tolist() == [3, 0, 6, 8, 2]
    with pytest.raises(InputError, match="sort"):
        sorted_rows(found, scores, columns, "newest")  # type: ignore[arg-type]


def test_pages_follow_one_another_and_end() -> None:
    order = np.arange(25)
    assert np.concatenate([page(order, n, 10) for n in (1, 2, 3)]).tolist() == order.tolist()
    assert page(order, 4, 10).tolist() == []
    for number, size in ((0, 10), (1, 0)):
        with pytest.raises(InputError):
            page(order, number, size)
