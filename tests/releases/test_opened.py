"""What a notebook asks of a release: the service's own answers, and errors that say what to do."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from catalog.product import ProductInput
from releases.items import items_of
from releases.opened import OpenedRelease, open_release
from shelfspace.errors import ArtifactError, InputError, MediaError
from tests.bentos.shop import Shop, build_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return build_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def opened(shop: Shop) -> OpenedRelease:
    return open_release(shop.workspace)


def test_embedding_a_table_gives_the_vectors_of_the_release(opened: OpenedRelease, shop: Shop) -> None:
    table = opened.products.head(6).drop(columns=["photos", "sounds"], errors="ignore")
    table = table.assign(photos=[[data] for data in shop.photos[:6]])
    vectors = opened.embed(table)
    assert vectors.shape == (6, shop.encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    items = [ProductInput(title=item["title"]) for item in shop.items[:3]]
    np.testing.assert_allclose(opened.embed(items), shop.encoder.embed(items), atol=1e-6)


def test_photos_come_as_bytes_paths_and_images(opened: OpenedRelease, shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(shop.photo)
    image = Image.open(io.BytesIO(shop.photo))
    given = [shop.photo, path, str(path), image, [shop.photo]]
    tables = [opened.search(photo=one, k=3) for one in given]
    for table in tables:
        assert table["product_id"].tolist() == tables[0]["product_id"].tolist()
    assert len(opened.search(sound=shop.sound, k=2)) == 2


def test_search_narrows_ranks_and_says_why(opened: OpenedRelease) -> None:
    found = opened.search("leather boot", k=5)
    assert list(found.columns) == [
        "product_id", "score", "title", "brand", "category", "price", "currency", "why",
    ]  # fmt: skip
    assert found["score"].is_monotonic_decreasing
    assert "boot" in found["title"].iloc[0]
    assert "boot" in found["why"].iloc[0]
    low = opened.search("leather boot", k=5, filters={"price_to": float(found["price"].median())})
    assert (low["price"] <= found["price"].median()).all()
    assert len(opened.search(k=4)) == 4
    named = found["product_id"].iloc[0]
    assert named not in set(opened.search("red", product_id=named, k=5)["product_id"])


def test_neighbours_leave_the_product_out(opened: OpenedRelease) -> None:
    product = opened.products["product_id"].iloc[0]
    near = opened.neighbours(product, k=4)
    assert len(near) == 4
    assert product not in set(near["product_id"])
    cosine = opened.vectors @ opened.vectors[0]
    assert near["score"].iloc[0] == pytest.approx(np.sort(cosine)[-2], abs=1e-5)


def test_classes_come_best_first(opened: OpenedRelease) -> None:
    table = opened.classify([{"title": "leather boot"}, {"title": "desk lamp"}], top=2)
    assert table["row"].tolist() == [0, 0, 1, 1]
    assert set(table["label"]) <= set(opened.loaded.encoder.labels)
    assert (table["probability"].to_numpy()[::2] >= table["probability"].to_numpy()[1::2]).all()


def test_what_cannot_be_used_is_named(opened: OpenedRelease) -> None:
    first = opened.products["product_id"].iloc[0]
    for ask, field in (
        (lambda: opened.search("x", filters={"colour": "red"}), "filters.colour"),
        (lambda: opened.search("x", filters={"price_to": -1}), "filters.price_to"),
        (lambda: opened.search("x", k=0), "k"),
        (lambda: opened.search(photo="/no/such/file.jpg"), "photo"),
        (lambda: opened.search(photo=3), "photo"),
        (lambda: opened.search(product_id="nobody"), "product_id"),
        (lambda: opened.neighbours("nobody"), "product_id"),
        (lambda: opened.neighbours(first, modality="smell"), "modality"),
        (lambda: opened.embed([{"title": ""}]), "product"),
        (lambda: opened.embed({"title": "x"}), "products"),
    ):
        with pytest.raises(InputError) as caught:
            ask()
        assert caught.value.field == field
        assert caught.value.remedy
    with pytest.raises(MediaError):
        opened.search(photo=b"no photo")


def test_rows_become_items() -> None:
    table = pd.DataFrame({
        "product_id": ["a", "b"], "title": ["Mug", None], "price": [12.5, np.nan],
        "attributes": ['{"colour": "red", "size": null}', None], "on_hand": [1, 2],
    })  # fmt: skip
    assert items_of(table) == [ProductInput("Mug", price=12.5, attributes={"colour": "red"}), ProductInput()]
    assert items_of([ProductInput("x"), {"title": "y", "attributes": {"n": 3}}]) == [
        ProductInput("x"), ProductInput("y", attributes={"n": "3"}),
    ]  # fmt: skip
    for row, field in (
        ({"tittle": "x"}, "products[0].tittle"),
        ({"price": "12"}, "products[0].price"),
        ({"attributes": "{"}, "products[0].attributes"),
        ({"photos": ["missing.jpg"]}, "products[0].photos"),
    ):
        with pytest.raises(InputError) as caught:
            items_of([row])
        assert caught.value.field == field
    with pytest.raises(InputError, match="give columns of title"):
        items_of(pd.DataFrame({"name": ["x"]}))


def test_a_workspace_without_a_release_says_so(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    with pytest.raises(ArtifactError, match="no release yet"):
        open_release(tmp_path)


def test_a_search_says_what_it_made_of_the_words(opened: OpenedRelease) -> None:
    found = opened.search("leather boot", literal=True, ignore=["cheap"])
    assert found.attrs == {"understood": [], "nearest": []}
    assert opened.search(k=2).attrs == {"understood": [], "nearest": []}
