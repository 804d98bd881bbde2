"""From cleaned rows to texts and targets."""

import numpy as np
import pandas as pd
import pytest

from models.features.catalogue import (
    Catalogue,
    cleaned_texts,
    embed_catalogue,
    label_of,
    product_items,
    targets,
)
from models.features.featurizer import Featurizer
from models.features.table import FeatureTable
from models.inference.encoded import Encoded
from shelfspace.errors import ArtifactError
from shelfspace.settings import Preprocessing, load_settings

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
    products = PRODUCTS.assign(photos=[[]] * 3, sounds=[[]] * 3)
    table = cleaned_texts(products, _NoMedia(), Preprocessing())  # type: ignore[arg-type]
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


class _Reader:
    """As much of a product encoder as embedding a catalogue asks for: its vectors sum the table's numbers."""

    modalities = ("tabular",)
    fingerprint = "reader"
    labels = ("Cups", "Mugs")

    def __init__(self, tabular: str) -> None:
        settings = load_settings(overrides={"model": {"text": "lstm", "image": "cnn", "tabular": tabular}})
        self.featurizer = Featurizer.fit(["red mug"], np.array([12.5, 3.0]), settings)

    def encode_features(self, features: FeatureTable) -> Encoded:
        arrays = features.modalities["tabular"].values
        vectors = np.stack([a.astype(np.float32).sum(axis=1) for a in arrays.values()], axis=1)
        said = np.tile(np.float32([0.25, 0.75]), (len(vectors), 1))
        return Encoded(vectors, said, np.ones(len(vectors), np.float32))

    def labelled(self, features: FeatureTable, probabilities: np.ndarray) -> np.ndarray:
        return probabilities


class _NoMedia:
    """A catalogue without files."""

    def digest(self, key: str) -> str:
        raise AssertionError(key)


@pytest.mark.parametrize(("tabular", "rows", "after_brand"), [("price", 2, 0), ("details", 2, 1)])
def test_a_new_brand_is_embedded_again_only_where_the_table_has_it(
    tmp_path, tabular: str, rows: int, after_brand: int
) -> None:
    products = PRODUCTS.assign(photos=[[]] * 3, sounds=[[]] * 3)
    encoder, settings = _Reader(tabular), load_settings()

    def embedded(table: pd.DataFrame) -> tuple[int, int]:
        catalogue = Catalogue.read(table, _NoMedia(), tmp_path, settings)  # type: ignore[arg-type]
        found = embed_catalogue(encoder, catalogue)
        assert set(zip(found.table["predicted"], found.table["confidence"], strict=True)) == {("Mugs", 0.75)}
        return len(found.table), found.computed

    assert embedded(products) == (rows, rows)
    assert embedded(products) == (rows, 0)
    assert embedded(products.assign(price=[12.6, np.nan, 3.0])) == (rows, 0), "a small change of price"
    assert embedded(products.assign(brand=["Other", "", ""])) == (rows, after_brand)
    branded = products.assign(brand=["Potter", "Kiln", ""])
    assert embedded(branded) == (rows + after_brand, after_brand), "a brand is enough without a price"


def test_texts_are_taken_as_they_were_cleaned_unless_a_model_reads_longer_ones(tmp_path) -> None:
    products, settings = PRODUCTS.assign(photos=[[]] * 3, sounds=[[]] * 3), load_settings()
    kept = Catalogue.read(products, _NoMedia(), tmp_path, settings)  # type: ignore[arg-type]
    assert kept.as_read_by(settings.preprocessing) is kept
    short = kept.as_read_by(settings.preprocessing.model_copy(update={"max_text_characters": 5}))
    assert short.texts["text"].tolist() == ["Red m", "陶瓷马克杯", ""]
    assert (short.texts["text_hash"] == kept.texts["text_hash"]).tolist() == [False, True, True]
    with pytest.raises(ArtifactError, match="of other products"):
        Catalogue(products.iloc[::-1], kept.texts, _NoMedia(), tmp_path, settings)  # type: ignore[arg-type]
