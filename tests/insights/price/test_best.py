"""The price that earns most stays inside its rails, and ends as the shop's prices do."""

import re

import numpy as np
import pytest

from insights.price.best import best_price
from insights.price.endings import Endings
from shelfspace.settings.insights import Price

PLAIN = Endings()


def test_margin_is_highest_where_theory_has_it() -> None:
    """(price - cost) * price ** -2 is highest at twice the cost."""
    found = best_price(10.0, 5.3, -2.0, PLAIN, Price(least_gain=0.0))
    assert found.price == pytest.approx(10.6, abs=0.02)
    assert found.aim == "margin"
    assert best_price(10.0, 5.0, -2.0, PLAIN, Price()).price == 10.0


@pytest.mark.parametrize(
    ("cost", "elasticity", "price", "aim"),
    [(2.0, -3.0, 8.5, "margin"), (9.5, -1.5, 11.5, "margin"),
     (None, -2.0, 8.5, "revenue"), (None, -0.5, 11.5, "revenue")],
)  # fmt: skip
def test_no_step_is_larger_than_the_rails(
    cost: float | None, elasticity: float, price: float, aim: str
) -> None:
    found = best_price(10.0, cost, elasticity, PLAIN, Price())
    assert found.price == pytest.approx(price)
    assert found.aim == aim
    assert "as far as one step may go (15%)" in found.why[0]
    assert ("the cost is not known" in found.why[0]) == (cost is None)
    assert "单次调整上限 15%" in found.why[1]
    assert ("成本未知" in found.why[1]) == (cost is None)


def test_no_price_lies_below_cost() -> None:
    found = best_price(10.0, 9.9, -40.0, PLAIN, Price())
    assert found.price is not None
    assert found.price >= 9.9


@pytest.mark.parametrize(
    ("price", "cost", "elasticity", "said"),
    [
        (10.0, 12.0, -2.0, "the cost 12.00 is above the price 10.00"),
        (10.0, 5.0, None, "not enough evidence"),
        (10.0, 5.0, np.nan, "not enough evidence"),
        (10.0, 5.0, 0.3, "demand was not seen to fall"),
        (None, 5.0, -2.0, "no price is known"),
        (np.nan, 5.0, -2.0, "no price is known"),
        (0.0, 5.0, -2.0, "no price is known"),
    ],
)
def test_nothing_is_invented(price: float, cost: float, elasticity: float, said: str) -> None:
    found = best_price(price, cost, elasticity, PLAIN, Price())
    assert found.price is None
    assert said in found.why[0]
    assert not re.search("[a-z]", found.why[1])


def test_endings_are_the_shops_own() -> None:
    rng = np.random.default_rng(0)
    nines = Endings.of(rng.integers(5, 80, 200) + 0.99)
    assert (nines.unit, nines.endings) == (1.0, (0.99,))
    assert nines.nearest(20.2) == 19.99
    assert nines.between(20, 22.5).tolist() == [20.99, 21.99]
    rupees = Endings.of(rng.integers(5, 80, 200) * 100.0 + 99)
    assert (rupees.unit, rupees.step) == (100.0, 1.0)
    assert rupees.nearest(1234) == 1199
    best = best_price(1299.0, 400.0, -4.0, rupees, Price())
    assert best.price == 1199


def test_prices_without_an_ending_of_their_own_are_whole_cents() -> None:
    loose = Endings.of(np.random.default_rng(0).uniform(5, 80, 200))
    assert loose == Endings()
    assert loose.nearest(20.237) == 20.24
    assert loose.nearest(0.001) == 0.01
    assert Endings.of(np.array([np.nan, 0.0])).nearest(3.0) == 3.0
    assert not len(loose.between(np.nan, 3.0))
