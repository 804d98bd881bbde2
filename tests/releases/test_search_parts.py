"""Search over a real release: classes as the encoder gives them, words and vectors of the same products."""

import numpy as np
import pytest

from catalog.product import ProductInput
from models.inference.product_encoder import ProductEncoder
from releases.search_parts import search_of
from retrieval.filters.columns import Columns, Filters, allowed_rows
from tests.bentos.shop import Shop, build_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return build_shop(tmp_path_factory.mktemp("shop"))


def test_classes_of_stored_vectors_are_those_of_the_encoder(shop: Shop) -> None:
    items = [ProductInput(title="red running shoe"), ProductInput(title="desk lamp", price=20.0)]
    encoded = shop.encoder.encode_features(shop.encoder.featurize(items))
    found = shop.encoder.classify_vectors(encoded.vectors)
    np.testing.assert_allclose(found, encoded.probabilities, atol=1e-6)


def test_a_release_answers_by_words_and_filters(shop: Shop) -> None:
    encoder = ProductEncoder.load(shop.first.model_folder)
    search = search_of(shop.first, encoder)
    text = "blue lantern number 41"
    encoded = encoder.encode_features(encoder.featurize([ProductInput(title=text)]))
    ranking = search.search(text, encoded.vectors[0], encoded.probabilities[0])
    titles = shop.first.products["title"]
    first = titles[int(ranking.rows[0])]
    assert "lantern" in first or "41" in first or "blue" in first
    matched = ranking.words.matched(ranking.rows)
    assert matched is not None
    for row, words in zip(ranking.rows, matched, strict=True):
        assert all(word in titles[int(row)].lower() for word in words)
    assert any(matched)
    columns = Columns(shop.first.products)
    allowed = allowed_rows(columns, Filters(category=("Bags",), price_to=30))
    narrow = search.search(text, encoded.vectors[0], encoded.probabilities[0], allowed)
    assert len(narrow.rows) == allowed.sum() > 0
    assert allowed[narrow.rows].all()
