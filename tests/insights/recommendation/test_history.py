"""What each shopper bought, and what follows from it at a moment."""

import numpy as np
import pytest

from insights.recommendation.history import days_of, histories, read_purchases
from shelfspace.errors import InputError
from tests.insights.recommendation.shop import START, event, table

IDS = ["a", "b", "c"]
ZERO = float(days_of(table(event("u", "a", 0))["time"])[0])


def test_figures_of_a_pair() -> None:
    bought = read_purchases(
        table(
            event("u", "a", 0, "1"), event("u", "a", 30, "2"), event("u", "b", 30, "2"), event("v", "c", 39)
        ),
        IDS,
    )
    found = histories(bought, ZERO + 40)
    assert bought.shoppers.tolist() == ["u", "v"]
    assert found.distinct.tolist() == [2, 1]
    assert found.product.tolist() == [0, 1, 2]
    assert found.count.tolist() == [2, 1, 1]
    assert found.last.tolist() == [10, 10, 1]
    assert found.first.tolist() == [40, 10, 1]
    assert found.slow[0] == pytest.approx(0.5 ** (40 / 90) + 0.5 ** (10 / 90))
    assert found.quick[0] == pytest.approx(0.5**2 + 0.5**0.5)
    assert found.recent.tolist() == [1, 0.5, 1]
    assert found.lately.tolist() == [2, 1, 1]
    assert (found.skipped.tolist(), found.since.tolist()) == ([0, 0, 0], [2, 1, 1])
    assert found.orders.tolist() == [2, 1]
    assert found.last_order.tolist() == [10, 1]
    assert found.first_order.tolist() == [40, 1]


def test_a_line_counts_once_and_a_day_without_an_order_number_is_an_order() -> None:
    rows = [event("u", "a", 0, "1"), event("u", "a", 0.1, "1"), event("u", "b", 1), event("u", "c", 1.2)]
    found = read_purchases(table(*rows, event("u", "b", 2)), IDS)
    assert len(found) == 4
    assert len(np.unique(found.order)) == 3


def test_two_shoppers_with_one_order_number_have_two_orders() -> None:
    found = read_purchases(table(event("u", "a", 0, "1"), event("v", "b", 0, "1")), IDS)
    assert len(np.unique(found.order)) == 2


def test_what_is_not_a_purchase_or_not_in_the_catalogue_is_not_read() -> None:
    rows = table(event("u", "a", 0), event("u", "gone", 0)).assign(event=["view", "purchase"])
    assert len(read_purchases(rows, IDS)) == 0
    assert len(read_purchases(rows, IDS, kind="view")) == 1


def test_only_the_latest_orders_are_recent() -> None:
    found = histories(
        read_purchases(table(*(event("u", "a" if n else "b", n) for n in range(30))), IDS), ZERO + 30
    )
    assert found.recent.tolist() == [1, 0]
    assert found.lately.tolist() == [5, 0]
    assert found.matrix(found.recent).nnz == 1


def test_orders_since_a_purchase_are_counted() -> None:
    rows = table(
        event("u", "b", 0), event("u", "a", 1), event("u", "b", 2), event("u", "a", 3), event("u", "c", 4)
    )
    found = histories(read_purchases(rows, IDS), ZERO + 5)
    assert found.skipped.tolist() == [1, 2, 0]
    assert found.since.tolist() == [4, 5, 1]


def test_pieces_are_those_of_the_latest_purchase_and_their_mean() -> None:
    rows = table(event("u", "a", 0), event("u", "a", 3), event("u", "b", 4), event("v", "c", 1))
    rows["quantity"] = [100, 1, 10, 7]
    found = histories(read_purchases(rows, IDS), ZERO + 5)
    assert found.pieces.tolist() == pytest.approx([np.log(10), np.log(10), np.log(7)])
    assert found.pieces_last.tolist() == pytest.approx([0, np.log(10), np.log(7)])
    assert found.mean(found.pieces).tolist() == pytest.approx([np.log(10), np.log(7)])
    untold = histories(read_purchases(rows.drop(columns="quantity"), IDS), ZERO + 5)
    assert np.isnan([*untold.pieces, *untold.pieces_last, *untold.mean(untold.pieces)]).all()


def test_taken_shoppers_keep_their_pairs_in_the_order_asked() -> None:
    rows = table(event("u", "a", 0), event("v", "b", 0), event("w", "a", 0), event("w", "c", 0))
    whole = histories(read_purchases(rows, IDS), ZERO + 1)
    found = whole.take(np.array([2, 0, 2]))
    assert found.product.tolist() == [0, 2, 0, 0, 2]
    assert found.indptr.tolist() == [0, 2, 3, 5]
    assert found.owner.tolist() == [0, 0, 1, 2, 2]


def test_a_shopper_without_a_line_before_a_moment_has_an_empty_history() -> None:
    bought = read_purchases(table(event("u", "a", 0), event("v", "b", 9)), IDS)
    found = histories(bought.before(ZERO + 5), ZERO + 5)
    assert found.distinct.tolist() == [1, 0]
    assert np.isnan(found.last_order[1])


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="order_id"):
        read_purchases(table(event("u", "a", 0)).drop(columns="order_id"), IDS)


def test_days_are_counted_in_utc() -> None:
    there = table(event("u", "a", 0))["time"].dt.tz_convert("Asia/Shanghai")
    assert days_of(there).tolist() == [START.timestamp() / 86_400]
