"""Prices as coarse, clipped, standardised levels."""

import numpy as np

from catalog.product import ProductInput
from models.inputs.tabular import CLIP, TabularScaler, price_level


def items(*prices: float | None) -> list[ProductInput]:
    return [ProductInput(price=price) for price in prices]


def test_levels_are_quarters_of_a_doubling() -> None:
    assert price_level(np.array([1.0, 2.0, 1024.0])).tolist() == [0.0, 1.0, 10.0]
    assert price_level(np.array([100.0]))[0] == price_level(np.array([104.0]))[0]
    assert price_level(np.array([100.0]))[0] != price_level(np.array([120.0]))[0]
    assert np.isnan(price_level(np.array([0.0, -1.0, np.nan, np.inf]))).all()


def test_values_are_standardised_and_presence_follows_the_price() -> None:
    prices = np.exp(np.random.default_rng(0).normal(5, 1, 500))
    scaler = TabularScaler.fit(prices)
    values, present = scaler.transform(items(*prices, None, 0.0, -3.0, float("nan")))
    assert values.shape == (504, scaler.width)
    assert values.dtype == np.float32
    assert present.tolist() == [True] * 500 + [False] * 4
    assert abs(values[:500, 0].mean()) < 1e-5
    assert abs(values[:500, 0].std() - 1) < 1e-5
    assert not values[500:].any()


def test_outliers_are_clipped_not_dropped() -> None:
    scaler = TabularScaler.fit(np.array([90.0, 100.0, 110.0, 120.0]))
    values, present = scaler.transform(items(1e12, 1e-9))
    assert present.all()
    assert values[:, 0].tolist() == [CLIP, -CLIP]


def test_no_or_one_training_price_still_scales() -> None:
    for prices in (np.array([]), np.array([np.nan]), np.array([50.0])):
        values, _ = TabularScaler.fit(prices).transform(items(50.0, 70.0))
        assert np.isfinite(values).all()


def test_saved_form_reads_back() -> None:
    scaler = TabularScaler.fit(np.array([10.0, 20.0, 400.0]))
    assert TabularScaler(**scaler.to_dict()) == scaler


def test_the_catalogue_hashes_prices_at_the_same_levels() -> None:
    import pandas as pd

    from catalog.modality_hashes import modality_hashes

    class NoMedia:
        def digest(self, key: str) -> str:
            raise AssertionError(key)

    prices = np.geomspace(1, 3000, 400)
    blank = {name: [""] * 400 for name in ("title", "description", "brand", "attributes")}
    table = pd.DataFrame({"product_id": np.arange(400), "price": prices, **blank})
    table["photos"] = table["sounds"] = [[] for _ in range(400)]
    hashes = modality_hashes(table, NoMedia(), [""] * 400)["tabular_hash"].to_numpy()  # type: ignore[arg-type]
    levels = price_level(prices)
    assert ((hashes[1:] == hashes[:-1]) == (levels[1:] == levels[:-1])).all()
