"""A whole catalogue's suggestions: thin data is said, and what is kept reads back."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catalog.product import ProductInput
from insights.price.advice import advise_listing, advise_product
from insights.price.kept import keep_prices, kept_prices
from insights.price.plots import prices_picture
from insights.price.suggestions import drawn, suggest_prices
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, write_json
from shelfspace.hashing import tree_hash
from shelfspace.settings.insights import Price

NO_EVENTS = pd.DataFrame(
    {name: pd.Series(dtype=object) for name in ("product_id", "event", "quantity", "unit_price")}
    | {"time": pd.Series(dtype="datetime64[ns, UTC]")}
)


def catalogue(n: int, priced: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, n)
    price = np.round(np.exp(2 + 2 * kind + rng.normal(0, 0.1, n))) - 0.01
    return pd.DataFrame(
        {
            "product_id": [f"p{i:03d}" for i in range(n)],
            "title": np.where(kind, "grand violin", "tin whistle"), "description": "", "brand": "",
            "attributes": "{}", "category": np.where(kind, "Music > Violins", "Music > Whistles"),
            "price": np.where(np.arange(n) < priced, price, np.nan), "cost": np.nan, "group_id": "",
        }
    )  # fmt: skip


def test_products_without_a_price_are_priced_by_those_with_one() -> None:
    products = catalogue(80, 60)
    found = suggest_prices(products, NO_EVENTS, 2, Price())
    rest = found.table.iloc[60:]
    violins = (products["title"].iloc[60:] == "grand violin").to_numpy()
    assert rest["suggested"][violins].min() > 3 * rest["suggested"][~violins].max()
    assert (rest["low"] < rest["suggested"]).all()
    assert found.endings.endings == (0.99,)
    assert set(found.table["elasticity_lacks"]) == {"not enough evidence: no price is known of any week"}


@pytest.mark.parametrize(
    ("priced", "said"),
    [(0, "0 listings with a price"), (1, "1 listing with a price"), (29, "29 listings with a price")],
)
def test_too_few_prices_are_said_to_be_that(priced: int, said: str, tmp_path: Path) -> None:
    found = suggest_prices(catalogue(40, priced), NO_EVENTS, 2, Price())
    assert set(found.table["lacks"]) == {f"not enough evidence: {said}, 30 are needed"}
    assert found.table["suggested"].isna().all()
    keep_prices(tmp_path, found, Price(), 2, "EUR")
    kept = kept_prices(tmp_path)
    assert kept.model is None
    said_of = advise_listing(kept, ProductInput(title="tin whistle"), "Music > Whistles", 5.0, None)
    assert said_of["reason"].startswith("not enough evidence")
    assert advise_product(kept, "p001", 5.0)["suggested"] is None
    assert prices_picture(found).startswith(b"\x89PNG")


def test_an_empty_catalogue_is_no_error() -> None:
    found = suggest_prices(catalogue(0, 0), NO_EVENTS, 2, Price())
    assert len(found.table) == 0
    assert found.model is None


def test_what_is_kept_reads_back_and_equal_suggestions_give_equal_bytes(tmp_path: Path) -> None:
    products = catalogue(80, 70)
    products.loc[3, ["price", "cost"]] = [10.0, 12.0]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        keep_prices(tmp_path / name, suggest_prices(products, NO_EVENTS, 2, Price()), Price(), 2, "EUR")
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "two")
    kept = kept_prices(tmp_path / "one")
    listing = advise_listing(kept, ProductInput(title="grand violin"), "Music > Violins", 5.0, None)
    own = kept.table[products.set_index("product_id")["title"] == "grand violin"]
    assert own["suggested"].min() <= listing["suggested"] <= own["suggested"].max()
    assert listing["place"] == "below"
    lost = advise_product(kept, "p003", 10.0)
    assert lost["best"] is None
    assert (
        lost["best_reason"] == "the cost 12.00 is above the price 10.00: every sale loses money; check both"
    )
    assert advise_product(kept, "new", 10.0)["reason"].startswith("it came after")


def test_a_folder_of_another_form_is_refused(tmp_path: Path) -> None:
    keep_prices(tmp_path, suggest_prices(catalogue(40, 0), NO_EVENTS, 2, Price()), Price(), 2, "EUR")
    write_json(tmp_path / "prices.json", {**read_json(tmp_path / "prices.json"), "form": 0})
    with pytest.raises(ArtifactError, match="make a new release"):
        kept_prices(tmp_path)


def test_of_many_listings_some_are_drawn_and_stay_drawn() -> None:
    ids = [f"p{i}" for i in range(100)]
    price = np.ones(100)
    price[7] = np.nan
    some = drawn(ids, price, 20)
    assert len(some) == 20
    assert 7 not in some
    kept = {ids[row] for row in some.tolist()}
    fewer = {ids[row] for row in drawn(ids[:90], price[:90], 20).tolist()}
    assert len(kept & fewer) >= 16


@pytest.mark.parametrize("odd", ["no words", "one price", "one category each", "all variants of one product"])
def test_odd_catalogues_break_nothing(odd: str, tmp_path: Path) -> None:
    products = catalogue(40, 40)
    if odd == "no words":
        products = products.assign(title="", category="")
    elif odd == "one price":
        products["price"] = 9.99
    elif odd == "one category each":
        products["category"] = [f"Music > {i}" for i in range(40)]
    else:
        products["group_id"] = "g"
    found = suggest_prices(products, NO_EVENTS, 2, Price())
    keep_prices(tmp_path, found, Price(), 2, "EUR")
    kept_prices(tmp_path)
    table = found.table
    known = table["suggested"].notna()
    assert (table["low"] <= table["high"])[known].all()
    assert known.all() != (odd == "no words")
    assert table["lacks"].ne("").eq(~known).all()
    assert prices_picture(found).startswith(b"\x89PNG")
