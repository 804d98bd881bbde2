"""Variants of one product are one hit that names the others; nothing that was found is lost by it."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bentos.application import Application
from tests.bentos.endpoints.test_search import asked
from tests.bentos.endpoints.test_search_matches import many, paged, serving
from tests.bentos.http.test_fast_path import client_of
from tests.bentos.shop import Shop

FIVES = 5


@pytest.fixture
def application(shop: Shop, tmp_path: Path) -> Iterator[Application]:
    products = many()
    # Products 50 to 99 are fives of one thing, red and blue; 100 to 103 differ in size alone.
    products["group_id"] = [f"g{n // FIVES}" if 50 <= n < 100 else "" for n in range(len(products))]
    sized = [f"blue travel umbrella with cover, {size}" for size in ("small", "90 cm", "1.2 m", "XL")]
    products.loc[100:103, ["title", "brand"]] = [[title, "brand0"] for title in sized]
    app = serving(shop, tmp_path, products)
    yield app
    app.close()


@pytest.fixture
def client(application: Application) -> TestClient:
    return client_of(application)


def together(hits: list[dict]) -> list[str]:
    """Every product that some hits stand for."""
    return [one for hit in hits for one in (hit["product_id"], *hit["variants"])]


WORDS = ("umbrella", "red umbrella", "travel umbrella cover")
FILTERS = (None, {"price_from": 8.0, "price_to": 20.0})


def test_what_is_found_is_the_same_and_each_product_stands_once(client: TestClient) -> None:
    for words, filters, sort in product(WORDS, FILTERS, ("relevance", "price_up")):
        compare(client, words, filters, sort)


def compare(client: TestClient, words: str, filters: dict | None, sort: str) -> None:
    """The same query with and without variants as hits of their own."""
    ask = {"query": {"text": words}, "filters": filters, "sort": sort}
    hits, total = paged(client, **ask)
    plain, every = paged(client, **ask, collapse=False)
    assert not any(hit["variants"] for hit in plain)
    assert len(hits) == total < every
    assert sorted(together(hits)) == sorted(hit["product_id"] for hit in plain)
    for hit in hits:
        if hit["variants"]:
            found = [one["product_id"] for one in plain if one["product_id"] in together([hit])]
            assert found[0] == hit["product_id"], "the first of them"
    if words == "red umbrella" and sort == "relevance":
        red = [{"red", "umbrella"} <= set(hit["title"].split()) for hit in hits]
        assert red == sorted(red, reverse=True), "titles with both words come before the rest"


def test_facets_count_the_hits_that_can_be_paged_to(client: TestClient) -> None:
    result = asked(client, query={"text": "umbrella"}, facets=True)
    assert sum(result["facets"]["brand"].values()) == result["total"]


def test_sizes_of_one_title_are_one_hit_and_a_put_one_joins_them(client: TestClient) -> None:
    def hits() -> list[dict]:
        return asked(client, query={"text": "travel umbrella cover"}, k=5)["hits"]

    sizes = {f"M{n}" for n in range(100, 104)}
    assert set(together(hits()[:1])) == sizes
    more = {"title": "red travel umbrella with cover, 2 m", "brand": "brand0", "category": "Rain"}
    put = client.post("/products/put", json={"items": [{"product_id": "new", **more}]})
    assert put.status_code == 200, put.text
    assert set(together(hits()[:1])) == sizes | {"new"}
    assert client.post("/products/delete", json={"product_id": "M101"}).status_code == 200
    assert set(together(hits()[:1])) == sizes - {"M101"} | {"new"}


def test_browsing_shows_every_variant(client: TestClient) -> None:
    result = asked(client, filters={"category": ["Rain"]}, k=50)
    assert not any(hit["variants"] for hit in result["hits"])
