"""Prices from comparable listings: found again, left out honestly, leaks closed, intervals that hold."""

import numpy as np
import pandas as pd
import pytest

from insights.price.intervals import conformal, quantiles_within
from insights.price.listings import Listing, Terms, listings_of
from insights.price.model import Priced, PriceModel, fit_prices
from insights.price.ridge import PENALTIES, chosen_penalty, left_out
from shelfspace.settings.insights import Price

KINDS = ("kettle", "violin", "shirt")
N = 240


def shop(seed: int = 0, noise: float = 0.1) -> tuple[list[Listing], np.ndarray, list[str], list[str]]:
    """Listings whose brand and kind make the price; kettles are five times as noisy."""
    rng = np.random.default_rng(seed)
    kind, brand = rng.integers(0, 3, N), rng.integers(0, 5, N)
    words = [(KINDS[k], f"maker{b}", f"word{rng.integers(0, 40)}") for k, b in zip(kind, brand, strict=True)]
    price = 3 + kind + 0.3 * brand + rng.normal(0, np.where(kind == 0, 5 * noise, noise))
    listings = [Listing(w, (f"brand {w[1]}",), (w[0],)) for w in words]
    return listings, price, [KINDS[k] for k in kind], [str(i) for i in range(N)]


@pytest.fixture(scope="module")
def fitted() -> tuple[PriceModel, Priced]:
    return fit_prices(*shop(), Price())


def test_what_a_listing_says_prices_it(fitted: tuple[PriceModel, Priced]) -> None:
    model, own = fitted
    listings, price, categories, _ = shop(1)
    found = model.predict(listings, categories)
    sharp = np.array(categories) != "kettle"
    assert np.abs(found.middle - price)[sharp].mean() < 0.2
    assert np.abs(own.middle - shop()[1])[np.array(shop()[2]) != "kettle"].mean() < 0.2
    assert found.near.places.shape == (N, 30)


def test_intervals_hold_in_every_category_and_are_wide_where_prices_are_hard_to_tell(
    fitted: tuple[PriceModel, Priced],
) -> None:
    listings, price, categories, _ = shop(2)
    found = fitted[0].predict(listings, categories)
    held = pd.Series((found.low <= price) & (price <= found.high)).groupby(categories).mean()
    assert held.between(0.68, 0.92).all()
    width = pd.Series(found.high - found.low).groupby(categories).mean()
    assert width["kettle"] > 2 * width["violin"]


def test_left_out_is_what_a_fit_to_the_others_says() -> None:
    rng = np.random.default_rng(0)
    rows, y = rng.normal(size=(30, 6)), rng.normal(size=30)
    groups = np.arange(30) // 3
    _, found = left_out(rows @ rows.T, y, groups, 0.7)
    for group in range(10):
        out = groups == group
        others = rows[~out]
        kernel = others @ others.T + 0.7 * np.eye(27)
        expected = y.mean() + rows[out] @ others.T @ np.linalg.solve(kernel, y[~out] - y.mean())
        assert found[out] == pytest.approx(expected)


def test_where_words_say_nothing_the_simple_way_is_used() -> None:
    rng = np.random.default_rng(0)
    listings = [Listing((f"w{rng.integers(0, 30)}",), (), ()) for _ in range(80)]
    model, _ = fit_prices(listings, rng.normal(3, 1, 80), [""] * 80, [str(i) for i in range(80)], Price())
    assert model.way != "learned"


def test_variants_of_one_product_do_not_price_one_another() -> None:
    """Pairs share words and price that nobody else has: left out together they cannot be told."""
    rng = np.random.default_rng(0)
    price = np.repeat(rng.normal(3, 1, 40), 2)
    listings = [Listing((f"only{i // 2}", "thing"), (), ()) for i in range(80)]
    _, apart = fit_prices(listings, price, [""] * 80, [str(i) for i in range(80)], Price())
    _, together = fit_prices(listings, price, [""] * 80, [str(i // 2) for i in range(80)], Price())
    assert np.abs(apart.middle - price).mean() < 0.5 * np.abs(together.middle - price).mean()


def test_amounts_of_money_are_no_words_of_a_listing() -> None:
    row = {
        "title": "Kettle",
        "brand": "Dampf",
        "attributes": '{"Price": "Rs. 450"}',
        "category": "Home > Kettles",
    }
    said = [
        listings_of(pd.DataFrame([row | {"description": text}]))[0]
        for text in ("Buy it for Rs. 450 online", "Buy it for Rs. 99,999 online", "Buy it for online")
    ]
    assert said[0] == said[1] == said[2]
    assert not any("450" in term for term in (*said[0].words, *said[0].said))


def test_terms_are_those_of_two_listings_or_more() -> None:
    terms = Terms.fit([("a", "b", "a"), ("a", "c"), ("b",)])
    assert set(terms.places) == {"a", "b"}
    rows = terms.encode([("a", "b"), ("c",), ()]).toarray()
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 0])


def test_a_small_category_has_the_quantile_of_all() -> None:
    found = quantiles_within(np.arange(100.0), ["a"] * 60 + ["b"] * 40, 0.8, 50)
    assert set(found) == {"", "a"}
    assert found[""] == 80
    assert conformal(np.arange(10.0), 0.8) == 8
    assert conformal(np.arange(2.0), 0.99) == 1


def test_the_penalty_is_the_one_whose_left_out_rows_are_told_best() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(60, 4))
    y = rows @ np.array([1.0, -1, 0.5, 0]) + rng.normal(0, 2, 60)
    groups = np.arange(60) // 2
    kernel = rows @ rows.T
    losses = {p: np.square(y - left_out(kernel, y, groups, p)[1]).mean() for p in PENALTIES}
    chosen, loss = chosen_penalty(kernel, y, groups)
    assert losses[chosen] == min(losses.values())
    assert loss == pytest.approx(losses[chosen])
