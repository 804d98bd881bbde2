"""What is planted is found first; clean and thin catalogues are left in peace."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insights.listing_health import read_reviewed
from insights.listing_health.reviewed import hide
from insights.listing_health.sentences import COLUMNS
from shelfspace.errors import InputError
from tests.insights.listing_health.shop import Shop

LOW = 0.05
"""One wrong listing among 120 is hardly to be believed, however clear: what matters is that none is above."""


def test_a_clean_catalogue_has_no_finding() -> None:
    health = Shop().judged(least_sure=LOW)
    assert health.findings.empty
    assert list(health.findings) == list(COLUMNS)
    assert health.judged == {"category": 120, "price": 120, "photo": 120, "sound": 0}
    assert [one[0] for one in health.skipped] == ["no sound is judged: no product has one that says anything"]


def test_what_is_planted_is_found_first_and_named() -> None:
    shop = Shop()
    shop.labels[5], shop.products.loc[5, "category"] = 0, shop.names[0]
    shop.photos[[30, 31]] = shop.photos[[31, 30]]
    shop.products.loc[50, "price"] *= 10
    found = shop.judged(least_sure=LOW).findings
    assert found["product_id"].tolist() == ["p005", "p030", "p031", "p050"]
    assert found["kind"].tolist() == ["category", "photo", "photo", "price"]
    assert (found["sure"][[0, 3]] > 0.5).all()
    wrong, photo, _, price = found.to_dict("records")
    assert (wrong["stands"], wrong["fits"]) == ("Shop > clocks", "Shop > kettles")
    assert "the words and the photo fit “Shop > kettles” better" in wrong["why"]
    assert "“Shop > shirts”; the words and the category say “Shop > clocks”" in photo["why"]
    assert price["stands"].endswith("EUR")
    assert "about 11 times what comparable products cost" in price["why"]


def test_words_of_another_product_are_told_from_a_wrong_category() -> None:
    shop = Shop()
    shop.texts[5] = shop.texts[6].replace("number 6", "number 5")
    found = shop.judged(least_sure=LOW).findings
    assert found[["product_id", "kind"]].to_numpy().tolist() == [["p005", "text"]]


def test_two_listings_of_one_thing() -> None:
    shop = Shop()
    for row, words in ((7, "extra"), (10, "extra")):
        shop.texts[row] = f"a small wooden box with a lid and two brass hinges from the north {words}"
    shop.products.loc[[7, 10], "title"] = "small wooden box"
    shop.products.loc[10, "attributes"] = shop.products.loc[7, "attributes"]
    shop.photos[10] = shop.photos[7]
    found = shop.judged().findings
    twice = found[found["kind"] == "duplicate"]
    assert twice[["product_id", "other_id"]].to_numpy().tolist() == [["p010", "p007"]]
    shop.products.loc[[7, 10], "group_id"] = "g"
    assert "duplicate" not in set(shop.judged().findings["kind"])


def test_an_attribute_that_the_like_have() -> None:
    shop = Shop()
    shop.products.loc[8, "attributes"] = '{"size": "8"}'
    found = shop.judged().findings
    assert found[["product_id", "stands", "fits"]].to_numpy().tolist() == [["p008", "made of", "tin"]]
    assert found["why"][0] == "“made of” is missing; 20 of the 20 nearest products have it; most say “tin”."


def test_attributes_are_those_of_the_same_language() -> None:
    shop = Shop()
    shop.products.loc[8, "attributes"] = '{"尺寸": "8", "材质": "锡"}'
    shop.languages[8] = "zh"
    assert shop.judged().findings.empty


def thin(shop: Shop, what: str) -> None:
    """Take something away."""
    if what == "no titles":
        shop.texts = [""] * len(shop.texts)
        shop.products["title"] = ""
    elif what == "no prices":
        shop.products["price"] = np.nan
    elif what == "prices of zero":
        shop.products["price"] = 0.0
    elif what == "all the same photo":
        shop.photos[:] = shop.photos[0]
    elif what == "no photos":
        shop.there[:] = False
    elif what == "no categories":
        shop.labels[:], shop.products["category"] = -1, ""


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("no titles", "no sound is judged"),
        ("no prices", "no price is judged: 0 products of one currency have one, and 40 are needed"),
        ("prices of zero", "no price is judged: 0 products of one currency have one, and 40 are needed"),
        ("all the same photo", "no photo is judged: 0 products have one beside words, and 40 are needed"),
        ("no photos", "no photo is judged: no product has one that says anything"),
        ("no categories", "no category is judged: 0 products have a category that 5 share"),
    ],
)
def test_what_is_lacking_is_said_and_nothing_is_invented(what: str, said: str) -> None:
    shop = Shop()
    thin(shop, what)
    health = shop.judged()
    assert health.findings.empty
    assert any(one[0].startswith(said) for one in health.skipped)


def test_ten_products_one_category_and_none() -> None:
    assert Shop(10).judged().findings.empty
    one = Shop(60, kinds=("clock",)).judged()
    assert one.findings.empty
    assert one.skipped[0][0] == "no category is judged: all products have the same"
    assert Shop(0).judged().findings.empty


def test_what_people_judged_is_hidden_while_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "health_reviewed.csv"
    found = pd.DataFrame({"product_id": ["a", "a", "b"], "kind": ["price", "photo", "price"]})
    found["stands"] = ["90 EUR", "1.jpg", "7 EUR"]
    path.write_text("product_id,kind,stands,note\na,price,90 EUR,a gold one\nb,price,8 EUR,\n")
    kept, hidden = hide(found, read_reviewed(path))
    assert (kept["kind"].tolist(), hidden) == (["photo", "price"], 1)
    path.write_text("Product,title,What,How sure,What stands there\na,A,Price out of line,90%,90 EUR\n")
    assert hide(found, read_reviewed(path))[1] == 1
    path.write_text("product_id\na\n")
    assert hide(found, read_reviewed(path))[0]["product_id"].tolist() == ["b"]
    assert hide(found, read_reviewed(tmp_path / "none.csv"))[1] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("product_id,kind\np1,colour\n", "line 2, kind"),
        ("id,kind\np1,price\n", "write a column product_id"),
        ('product_id,kind\n"p1,price\n', "write a CSV"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "health_reviewed.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_reviewed(path)
