"""More matches than candidates: total, pages, facets and the order of prices hold all that has the words."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from bentos.application import Application
from bentos.config import ServiceConfig
from releases import promote, write_release
from releases.search_parts import search_part_writers
from retrieval.lexical.index import LexicalIndex
from retrieval.ranking.fusion import FusionModel
from retrieval.vectors import build_index
from tests.bentos.endpoints.test_search import asked, ids
from tests.bentos.http.test_fast_path import client_of, settings
from tests.bentos.shop import Shop

SIZE, UMBRELLAS = 400, 300
"""Products, of which the first are umbrellas, and every third of those is red."""


def many() -> pd.DataFrame:
    chance = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {
                "product_id": f"M{n:03d}",
                "title": f"{'red' if n % 3 == 0 else 'blue'} {'umbrella' if n < UMBRELLAS else 'kettle'}",
                "brand": f"brand{n % 4}",
                "category": "Rain" if n < UMBRELLAS else "Kitchen",
                # Few prices, so that many are equal; some are unknown.
                "price": np.nan if n % 50 == 7 else float(chance.integers(5, 25)),
                "photos": [],
                "on_hand": float(n % 5),
            }
            for n in range(SIZE)
        ]
    )


@pytest.fixture
def application(shop: Shop, tmp_path: Path) -> Iterator[Application]:
    app = serving(shop, tmp_path, many())
    yield app
    app.close()


def serving(shop: Shop, root: Path, products: pd.DataFrame) -> Application:
    """A service of some products, whose vectors say nothing."""
    vectors = np.random.default_rng(1).standard_normal((len(products), shop.encoder.dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    release = write_release(
        root / "releases",
        shop.first.model_folder,
        product_ids=list(products["product_id"]),
        embeddings=vectors,
        index=build_index(vectors, shop.settings.release),
        products=products,
        metrics={},
        provenance={},
        # No score reaches this floor: only matches are relevant.
        parts=search_part_writers(
            LexicalIndex.build(products), FusionModel.fallback(), {}, {"short": 1.5, "photo_words": 0.0}
        ),
    )
    promote(root, release.id)
    app = Application(ServiceConfig(settings(), releases=root, rules=root / "rules.yaml"))
    assert app.engine.refresh()
    return app


@pytest.fixture
def client(application: Application) -> TestClient:
    return client_of(application)


def paged(client: TestClient, **body: object) -> tuple[list[dict], int]:
    """All pages as one list, with the total that each of them says."""
    hits: list[dict] = []
    page, totals = 1, set()
    while True:
        one = asked(client, **body, k=37, page=page)
        totals.add(one["total"])
        if not one["hits"]:
            break
        hits += one["hits"]
        page += 1
    (total,) = totals
    return hits, total


@pytest.mark.parametrize("filters", [{}, {"in_stock": True}, {"brand": ["brand1"]}])
@pytest.mark.parametrize("words", ["umbrella", "Umbrellas red"])
def test_every_match_can_be_paged_to_once(client: TestClient, words: str, filters: dict) -> None:
    hits, total = paged(client, query={"text": words}, filters=filters)
    found = [hit["product_id"] for hit in hits]
    assert len(found) == len(set(found)) == total
    table = many()
    may = (table["on_hand"] > 0) | ("in_stock" not in filters)
    may &= (table["brand"] == "brand1") | ("brand" not in filters)
    wanted = table[may & (table.index < UMBRELLAS)]
    if "red" in words:
        wanted = wanted[wanted["title"] == "red umbrella"]
    assert set(wanted["product_id"]) <= set(found)
    assert set(found) <= set(table[may]["product_id"])
    # Candidates first, then what was not ranked, of equal BM25 by row.
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    rest = [hit["product_id"] for hit in hits if hit["score"] == 0.0]
    assert rest == sorted(rest)
    assert paged(client, query={"text": words}, filters=filters)[0] == hits


def test_facets_count_all_matches(client: TestClient) -> None:
    _, total = paged(client, query={"text": "umbrella"})
    result = asked(client, query={"text": "umbrella"}, facets=True)
    assert result["facets"]["category"]["Rain"] == UMBRELLAS
    assert sum(result["facets"]["brand"].values()) == total
    narrowed = asked(client, query={"text": "umbrella"}, filters={"brand": ["brand2"]}, facets=True)
    assert narrowed["facets"]["category"]["Rain"] == UMBRELLAS / 4
    by_price = {"query": {"text": "umbrella"}, "sort": "price_up"}
    sorted_facets = asked(client, **by_price, filters={"brand": ["brand2"]}, facets=True)["facets"]
    for brand, count in sorted_facets["brand"].items():
        assert asked(client, **by_price, filters={"brand": [brand]})["total"] == count == UMBRELLAS / 4


@pytest.mark.parametrize("sort", ["price_up", "price_down"])
def test_prices_are_sorted_over_all_that_is_relevant_enough(client: TestClient, sort: str) -> None:
    hits, total = paged(client, query={"text": "umbrella"}, sort=sort)
    table = many().iloc[:UMBRELLAS]
    assert total == len(hits) == UMBRELLAS
    assert {hit["product_id"] for hit in hits} == set(table["product_id"])
    prices = [hit["price"] for hit in hits]
    known = [price for price in prices if price is not None]
    assert known == sorted(known, reverse=sort == "price_down")
    assert prices[len(known) :] == [None] * int(table["price"].isna().sum())
    # Equal prices stand by relevance, which what was not ranked has least of.
    for price in set(known):
        scores = [hit["score"] for hit in hits if hit["price"] == price]
        assert scores == sorted(scores, reverse=True)
    facets = asked(client, query={"text": "umbrella"}, sort=sort, facets=True)["facets"]
    assert facets["category"] == {"Rain": UMBRELLAS}
    other = asked(
        client, query={"text": "umbrella"}, sort=sort, filters={"category": ["Kitchen"]}, facets=True
    )
    assert other["facets"]["category"]["Rain"] == UMBRELLAS


def test_where_nothing_is_relevant_enough_all_candidates_are_sorted(client: TestClient) -> None:
    hits, total = paged(client, query={"text": "zzyzx"}, sort="price_up")
    assert total == len(hits) == 100
    known = [hit["price"] for hit in hits if hit["price"] is not None]
    assert known == sorted(known)


def test_a_query_of_more_than_words_finds_its_candidates_alone(client: TestClient) -> None:
    result = asked(client, query={"text": "umbrella", "product_id": "M350"}, facets=True)
    assert 100 <= result["total"] <= 200
    assert sum(result["facets"]["category"].values()) == result["total"]


def test_changes_count_among_the_matches(client: TestClient) -> None:
    def count() -> int:
        return asked(client, query={"text": "umbrella"}, facets=True)["facets"]["category"]["Rain"]

    def write(path: str, **body: object) -> None:
        assert client.post(path, json=body).status_code == 200

    write("/products/delete", product_ids=["M000", "M001", "M002"])
    assert count() == UMBRELLAS - 3
    write(
        "/products/put", item={"product_id": "new", "title": "green umbrella", "category": "Rain", "price": 1}
    )
    assert count() == UMBRELLAS - 2
    cheapest = asked(client, query={"text": "umbrella"}, sort="price_up")
    assert cheapest["hits"][0]["product_id"] == "new"
    assert cheapest["total"] == UMBRELLAS - 2
    write("/products/put", item={"product_id": "M005", "title": "teapot", "category": "Kitchen"})
    write("/products/change", change={"product_id": "M004", "price": 0.5})
    assert count() == UMBRELLAS - 3
    hits, _ = paged(client, query={"text": "umbrella"}, sort="price_up")
    assert [hit["product_id"] for hit in hits[:2]] == ["M004", "new"]
    assert not {"M000", "M005"} & {hit["product_id"] for hit in hits}
    assert Counter(hit["product_id"] for hit in hits).most_common(1)[0][1] == 1


def test_rules_hold_for_what_was_not_ranked(application: Application, client: TestClient) -> None:
    hits, before = paged(client, query={"text": "umbrella"})
    last = hits[-1]["product_id"]
    path = application.backend.rules_file.path
    assert path is not None
    path.write_text(
        f"rules: [{{why: recalled, ban: [{last}]}}, {{why: new, query: umbrella, pin: [M298]}}]\n"
    )
    application.backend.rules_file.refresh()
    assert application.backend.rules_file.problem == ""
    hits, total = paged(client, query={"text": "umbrella"})
    assert total == len({hit["product_id"] for hit in hits}) == before - 1
    assert (hits[0]["product_id"], hits[0]["pinned"]) == ("M298", True)
    assert last not in ids({"hits": hits})
