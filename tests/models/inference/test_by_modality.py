"""Vectors by one modality alone: what they are, that they are computed once, and how they are searched."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from catalog.media.colours import colour_size
from catalog.product import ProductInput
from models.encoders.image.photo_counts import COUNTS
from models.features.catalogue import Catalogue
from models.inference.by_modality import modality_vectors, vectors_alone
from retrieval.vectors.by_modality import ModalityIndexes
from tests.bentos.shop import Shop, build_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return build_shop(tmp_path_factory.mktemp("shop"))


class _NoMedia:
    """A catalogue without files."""

    def digest(self, key: str) -> str:
        raise AssertionError(key)


def table(*titles: str) -> pd.DataFrame:
    n = len(titles)
    return pd.DataFrame(
        {
            "product_id": [f"p{i}" for i in range(n)],
            "title": titles,
            "description": "",
            "brand": "",
            "attributes": "",
            "price": [5.0] * n,
            "language": "",
            "photos": [[]] * n,
            "sounds": [[]] * n,
        }
    )


def test_each_product_by_what_it_has(shop: Shop) -> None:
    items = [ProductInput(title="red bag", price=3.0, photos=(shop.photo,)), ProductInput(title="lamp")]
    features = shop.encoder.featurize(items)
    alone = vectors_alone(shop.encoder, features)
    assert set(alone) == {"text", "image", "audio"}
    words = shop.encoder.embed([ProductInput(title="red bag"), ProductInput(title="lamp")])
    np.testing.assert_allclose(alone["text"].astype(np.float32), words, atol=1e-3)
    shown = shop.encoder.embed([ProductInput(photos=(shop.photo,))])
    np.testing.assert_allclose(alone["image"][:1].astype(np.float32), shown, atol=1e-3)
    assert not alone["image"][1].any()
    assert not alone["audio"].any()


def test_only_what_changed_is_computed(shop: Shop, tmp_path: Path) -> None:
    products = table("red bag", "", "red bag", "<br>")

    def computed(given: pd.DataFrame) -> tuple[dict[str, np.ndarray], int]:
        catalogue = Catalogue.read(given, _NoMedia(), tmp_path, shop.settings)  # type: ignore[arg-type]
        seen = modality_vectors(shop.encoder, catalogue)
        assert {name: table.shape for name, table in seen.own.items()} == {
            "image": (len(given), COUNTS), "colour": (len(given), colour_size()), "audio": (len(given), 120)
        }  # fmt: skip
        return dict(seen.alone), seen.computed

    found, count = computed(products)
    assert count == 1
    text = found["text"]
    assert text.dtype == np.float16
    np.testing.assert_array_equal(text[0], text[2])
    assert not text[[1, 3]].any()
    again, count = computed(products)
    assert count == 0
    np.testing.assert_array_equal(again["text"], text)
    changed, count = computed(products.assign(title=["blue bag", "", "red bag", ""], price=9.0))
    assert count == 1
    np.testing.assert_array_equal(changed["text"][2], text[0])
    assert (changed["text"][0] != text[0]).any()


def test_a_scan_leaves_out_what_it_is_told_and_what_lacks_the_modality() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(500, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[::5] = 0
    half = vectors.astype(np.float16)
    indexes = ModalityIndexes({"text": half})
    query = half[1].astype(np.float32)
    out = np.array([1, 2, 3])
    cosine = half.astype(np.float32) @ query
    cosine[::5] = cosine[out] = -np.inf
    wanted = np.argsort(-cosine, kind="stable")[:10]
    found = indexes.search("text", query, 10, out)
    assert set(wanted.tolist()) <= set(found.tolist())
    assert not set(found.tolist()) & {1, 2, 3, *range(0, 500, 5)}
    assert len(indexes.search("text", query, 1000, out)) == 397
    assert len(indexes.search("text", query, 3, np.arange(500))) == 0


def test_own_vectors_are_what_training_did_not_change(shop: Shop) -> None:
    items = [
        ProductInput(title="red bag", photos=(shop.photo,)),
        ProductInput(title="lamp"),
        ProductInput(photos=(shop.photo,)),
    ]
    features = shop.encoder.featurize(items)
    own = shop.encoder.own_vectors(features)
    np.testing.assert_allclose(np.linalg.norm(own["image"], axis=1), [1, 0, 1], atol=1e-5)
    np.testing.assert_array_equal(own["image"][0], own["image"][2])
    assert not own["audio"].any()


def test_a_query_is_compared_by_each_of_its_modalities(shop: Shop) -> None:
    items = [ProductInput(title="red bag", photos=(shop.photo,)), ProductInput(title="red bag")]
    features = shop.encoder.featurize(items)
    vectors = shop.encoder.encode_features(features).vectors
    both, words = shop.encoder.own_evidence(features, vectors)
    assert set(both) == {"text", "image", "colour"}
    # Nothing of its own: the text encoder is trained from nothing, so the vector of the words alone stands.
    assert set(words) == {"text"}
    np.testing.assert_array_equal(words["text"], vectors[1])
    np.testing.assert_allclose(both["text"], vectors[1], atol=1e-5)
