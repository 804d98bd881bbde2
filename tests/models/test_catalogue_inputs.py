"""From cleaned rows to texts and targets."""

import numpy as np
import pandas as pd

from catalog.settings import Preprocessing
from models.catalogue_inputs import label_of, product_items, product_texts, targets

PRODUCTS = pd.DataFrame(
    {
        "product_id": ["1", "2", "3"],
        "title": ["Red <b>mug</b>", "陶瓷马克杯", ""],
        "description": ["Only $12.50", "", ""],
        "brand": ["Potter", "", ""],
        "attributes": ['{"size": "small"}', "{}", ""],
        "category": ["Home > Mugs > Red", "Home > Cups", ""],
        "price": [12.5, np.nan, 3.0],
        "language": ["", "zh", ""],
    }
)


def test_labels_follow_the_level() -> None:
    assert [label_of(c, 2) for c in PRODUCTS["category"]] == ["Home > Mugs", "Home > Cups", ""]
    assert label_of("Home", 2) == "", "a path that is too short has no label of that level"
    assert label_of("Home > Mugs", 0) == "", "level 0 means no labels"


def test_targets_of_an_own_and_of_an_existing_vocabulary() -> None:
    own = targets(PRODUCTS, 2)
    assert own.label_names == ["Home > Cups", "Home > Mugs"]
    assert own.labels.tolist() == [1, 0, -1]
    np.testing.assert_allclose(own.log_price[[0, 2]], np.log([12.5, 3.0]))
    assert np.isnan(own.log_price[1])
    known = targets(PRODUCTS, 2, ["Home > Mugs"])
    assert known.labels.tolist() == [0, -1, -1], "a category the model never learned is unknown"


def test_texts_are_clean_priceless_and_have_a_language() -> None:
    table = product_texts(PRODUCTS, Preprocessing())
    first = table["text"][0]
    assert "<b>" not in first
    assert "12.50" not in first
    assert all(word in first for word in ("Red mug", "Potter", "size: small"))
    assert table["language"].tolist() == ["en", "zh", ""]
    assert table["text"][2] == ""


def test_items_carry_missing_prices_as_none() -> None:
    items = product_items(PRODUCTS)
    assert [item.price for item in items] == [12.5, None, 3.0]
    assert items[0].attributes == {"size": "small"}
