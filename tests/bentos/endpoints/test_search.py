"""What /search answers over a release with every part: filters, facets, pages, why, mixtures, browsing."""

import base64
from collections.abc import Iterator

import numpy as np
import pytest
from starlette.testclient import TestClient

from bentos.api.limits import Limits
from bentos.api.parsing import read_call
from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.endpoints import ENDPOINTS
from retrieval.ranking.blending import blend
from tests.bentos.http.test_fast_path import client_of, error_of, settings
from tests.bentos.market import Market
from tests.bentos.shop import Shop

SearchAnswer = ENDPOINTS["search"].answer_model
SimilarAnswer = ENDPOINTS["similar"].answer_model
GetAnswer = ENDPOINTS["products/get"].answer_model


@pytest.fixture(scope="module")
def client(market: Market) -> Iterator[TestClient]:
    app = Application(ServiceConfig(settings(), releases=market.root))
    assert app.engine.refresh()
    yield client_of(app)
    app.close()


def asked(client: TestClient, **body: object) -> dict:
    response = client.post("/search", json=body)
    assert response.status_code == 200, response.text
    SearchAnswer.model_validate(response.json())
    return response.json()["result"]


def ids(result: dict) -> list[str]:
    return [hit["product_id"] for hit in result["hits"]]


def test_pages_part_the_whole_answer_and_repeat(client: TestClient) -> None:
    whole = asked(client, query={"text": "blue shoe"}, k=100)
    assert whole["total"] == len(whole["hits"]) == 60
    assert whole["page"] == 1
    pages = [asked(client, query={"text": "blue shoe"}, k=7, page=p) for p in range(1, 11)]
    assert [hit for one in pages for hit in one["hits"]] == whole["hits"]
    assert {one["total"] for one in pages} == {60}
    assert pages[9]["hits"] == []
    assert asked(client, query={"text": "blue shoe"}, k=100) == whole


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        ({"category": ["Shoes"]}, lambda p: p.category.startswith("Shoes > ")),
        ({"category": ["Shoes > sandal", "Bags"]}, lambda p: p.category.startswith(("Shoes > s", "Bags > "))),
        ({"brand": ["BRAND1"]}, lambda p: p.brand == "brand1"),
        ({"language": ["zh"]}, lambda p: p.language == "zh"),
        ({"price_from": 20, "price_to": 30}, lambda p: 20 <= p.price <= 30),
        ({"in_stock": True}, lambda p: p.on_hand > 0),
        ({"in_stock": False}, lambda p: not p.on_hand > 0),
        ({"has_photo": False}, lambda p: len(p.photos) == 0),
        ({"category": ["Nothing"]}, lambda p: False),
    ],
)  # fmt: skip
def test_filters_leave_what_passes_and_nothing_else(
    client: TestClient, market: Market, filters: dict, passes: object
) -> None:
    wanted = [row.product_id for row in market.products.itertuples() if passes(row)]
    found = asked(client, query={"text": "lamp"}, k=100, filters=filters)
    assert sorted(ids(found)) == wanted
    assert found["total"] == len(wanted)
    browsed = asked(client, filters=filters, k=100)
    assert sorted(ids(browsed)) == wanted
    assert {hit["score"] for hit in browsed["hits"]} <= {0.0}


def test_browsing_shows_first_what_is_popular_and_can_be_shown_and_bought(
    client: TestClient, market: Market
) -> None:
    browsed = ids(asked(client, filters={}, k=100))
    # P001 is bought with P002 in three baskets and with P004 in two; stock that nobody knows is no lack.
    rows = {row.product_id: row for row in market.products.itertuples()}
    bought = {"P001": 5, "P002": 3, "P004": 2}
    lacking = {name: len(row.photos) == 0 or row.on_hand == 0 for name, row in rows.items()}
    assert browsed == sorted(rows, key=lambda name: (lacking[name], -bought.get(name, 0), name))
    assert browsed[:3] == ["P001", "P002", "P004"]


def test_facets_say_what_each_further_choice_would_leave(client: TestClient) -> None:
    chosen = {"category": ["Shoes"], "brand": ["brand1"]}
    for body in ({"query": {"text": "shoe"}}, {}):
        result = asked(client, **body, filters=chosen, facets=True, k=100)
        facets = result["facets"]
        for brand, count in facets["brand"].items():
            other = {"category": ["Shoes"], "brand": [brand]}
            assert asked(client, **body, filters=other)["total"] == count
        for path, count in facets["category"].items():
            other = {"category": [path], "brand": ["brand1"]}
            assert asked(client, **body, filters=other)["total"] == count
        for span in facets["price"]:
            other = {**chosen, "price_from": span["from"], "price_to": span["to"]}
            assert asked(client, **body, filters=other)["total"] == span["count"]
        assert asked(client, **body, filters={**chosen, "in_stock": True})["total"] == facets["in_stock"]
        assert asked(client, **body, filters={**chosen, "has_photo": True})["total"] == facets["has_photo"]
        assert set(facets["brand"]) > {"brand1"}
    assert "facets" not in asked(client, query={"text": "shoe"})


@pytest.mark.parametrize("body", [{"query": {"text": "shoe"}}, {"filters": {}}])
def test_sorted_by_price_those_without_come_last(client: TestClient, body: dict) -> None:
    up = [hit["price"] for hit in asked(client, **body, sort="price_up", k=100)["hits"]]
    down = [hit["price"] for hit in asked(client, **body, sort="price_down", k=100)["hits"]]
    # A query sorts what is relevant enough; P001, without a price, is no shoe.
    assert len(up) == len(down) == (20 if "query" in body else 60)
    known = len(up) if "query" in body else 59
    assert set(up[known:]) == set(down[known:]) == (set() if "query" in body else {None})
    assert up[:known] == sorted(up[:known])
    assert down[:known] == sorted(down[:known], reverse=True)


def test_a_hit_says_why(client: TestClient, market: Market) -> None:
    hits = asked(client, query={"text": "the red lantern"}, k=100)["hits"]
    texts = {
        row.product_id: f"{row.title} {row.category} {row.attributes}" for row in market.products.itertuples()
    }
    for hit in hits:
        for word in ("red", "lantern"):
            assert (word in hit["why"]["words"]) == (word in texts[hit["product_id"]])
        assert hit["why"]["modality"] in {"text", "image", "audio"}
        assert "the" not in hit["why"]["words"]
    assert hits[0]["why"]["words"]
    assert all(0 <= hit["score"] <= 1 for hit in hits)


def test_unknown_words_get_low_scores(client: TestClient) -> None:
    known = asked(client, query={"text": "leather bag"})["hits"]
    strange = asked(client, query={"text": "rehtael gab xqzv"})["hits"]
    assert strange[0]["score"] < 0.5 * known[0]["score"]


def test_a_product_asked_for_by_its_name_comes_first(client: TestClient, market: Market) -> None:
    for row in market.products.iloc[::7].itertuples():
        for text in (row.title, f"  {row.title.upper()}", row.product_id):
            hit = asked(client, query={"text": text})["hits"][0]
            assert (hit["product_id"], hit["score"]) == (row.product_id, 1.0)
    narrowed = asked(client, query={"text": "P004"}, filters={"category": ["Bags"]}, k=100)
    assert "P004" not in ids(narrowed)


def test_chinese_words_find_chinese_listings(client: TestClient) -> None:
    hits = asked(client, query={"text": "台灯"})["hits"]
    assert hits[0]["product_id"] == "P003"
    assert hits[0]["why"]["words"] == ["台灯"]
    assert ids(asked(client, query={"text": "跑鞋"}))[0] == "P009"


def test_this_photo_but_in_red(client: TestClient, shop: Shop, market: Market) -> None:
    photo = base64.b64encode(shop.photos[2]).decode()  # a green lamp

    def red(query: dict) -> int:
        colours = market.products.set_index("product_id")["attributes"]
        return sum("red" in colours[i] for i in ids(asked(client, query=query, k=12)))

    plain = red({"photo": photo})
    mixed = {"text": "red", "photo": photo}
    assert red(mixed) > plain
    ignored = {**mixed, "weights": {"text": 0}}
    assert ids(asked(client, query=ignored)) == ids(asked(client, query={"photo": photo}))
    assert ids(asked(client, query={**mixed, "weights": {"photo": 0}})) == ids(
        asked(client, query={"text": "red"})
    )
    # Only ratios count, and with equal weights the encoder reads all parts together.
    for weights in ({"text": 2, "photo": 2}, {"text": 0.5, "photo": 0.5}):
        assert asked(client, query={**mixed, "weights": weights}) == asked(client, query=mixed)
    skewed = asked(client, query={**mixed, "weights": {"text": 1, "photo": 3}})
    assert skewed == asked(client, query={**mixed, "weights": {"text": 10, "photo": 30}})


def test_a_product_with_a_word_keeps_to_its_category(client: TestClient, market: Market) -> None:
    """A product, since the tiny encoder takes every photo for a bag and cannot show this for photos."""
    table = market.products.set_index("product_id")
    assert client.get("/release").json()["search"]["judged_queries"]["product_words"] >= 20
    inside: list[int] = []
    outside: list[int] = []
    for product in table.index[:15]:
        top = table["category"][product].split(" > ")[0]
        found = ids(asked(client, query={"text": "red", "product_id": product}, k=60))
        for place, other in enumerate(found):
            if "red" in table["attributes"][other]:
                (inside if table["category"][other].startswith(top) else outside).append(place)
    assert np.mean(inside) < np.mean(outside)


def test_unequal_parts_are_encoded_alone_and_averaged(shop: Shop) -> None:
    body = {"query": {"text": "red", "photo": base64.b64encode(shop.photo).decode(), "weights": {"photo": 3}}}
    call = read_call(ENDPOINTS["search"], body, Limits.of(shop.settings))
    (ask,) = call.queries
    assert [weight for _, weight in ask.parts] == [1.0, 3.0]
    vectors = shop.encoder.embed(call.items)
    wanted = (vectors[0] + 3 * vectors[1]) / np.linalg.norm(vectors[0] + 3 * vectors[1])
    np.testing.assert_allclose(blend(vectors, np.array([1.0, 3.0])), wanted, atol=1e-6)
    opposed = np.array([[1.0, 0.0], [-1.0, 0.0]], np.float32)
    np.testing.assert_array_equal(blend(opposed, np.array([1.0, 1.0])), opposed[0])


def test_more_like_a_product_leaves_itself_out(client: TestClient) -> None:
    found = asked(client, query={"product_id": "P004"}, k=100)
    assert found["total"] == 59
    near = client.post("/similar", json={"product_id": "P004", "k": 100}).json()["result"]
    assert ids(found) == ids(near)
    redder = asked(client, query={"product_id": "P004", "text": "red", "weights": {"product": 2}}, k=100)
    assert "P004" not in ids(redder)
    assert redder["hits"][0]["why"]["words"] == ["red"]
    error = error_of(client.post("/search", json={"query": {"product_id": "nope"}}), 404)
    assert error["field"] == "query.product_id"


def test_several_queries_share_filters(client: TestClient) -> None:
    body = {"queries": [{"text": "shoe"}, {"product_id": "P004"}], "filters": {"brand": ["brand1"]}, "k": 100}
    results = client.post("/search", json=body).json()["results"]
    alone = [asked(client, query=q, filters={"brand": ["brand1"]}, k=100) for q in body["queries"]]
    assert [ids(one) for one in results] == [ids(one) for one in alone]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"filters": None}, "query"),
        ({"query": {"text": "a", "weights": {"text": 0}}}, "query.weights"),
        ({"query": {"weights": {"text": 1}}}, "query"),
        ({"query": {"text": "a", "weights": {"text": -1}}}, "query.weights.text"),
        ({"query": {"text": "a"}, "sort": "cheapest"}, "sort"),
        ({"query": {"text": "a"}, "page": 0}, "page"),
        ({"filters": {"price_from": 3, "price_to": 2}}, "filters.price_from"),
        ({"filters": {"price_to": -1}}, "filters.price_to"),
        ({"filters": {"colour": ["red"]}}, "filters.colour"),
        ({"filters": {"brand": "one"}}, "filters.brand"),
        ({"query": {"text": "a"}, "facets": "maybe"}, "facets"),
        ({"filters": {}, "k": 1000}, "k"),
        ({"filters": {f"f{n}": 1 for n in range(100)}}, "fields"),
        ({"query": {"text": "a", "weights": {f"f{n}": 1 for n in range(100)}}}, "fields"),
        ({"filters": {"brand": ["b"] * 101}}, "filters.brand"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(client: TestClient, body: dict, field: str) -> None:
    assert error_of(client.post("/search", json=body), 422)["field"] == field


def test_a_form_searches_pages_and_sorts(client: TestClient, shop: Shop) -> None:
    files = {"photo": ("a.jpg", shop.photo, "image/jpeg")}
    data = {"text": "red", "k": "5", "page": "2", "sort": "price_up"}
    result = client.post("/search", data=data, files=files).json()["result"]
    assert result["page"] == 2
    prices = [hit["price"] for hit in result["hits"]]
    assert prices == sorted(prices)


def test_neighbours_by_one_modality_equal_a_scan(client: TestClient, market: Market) -> None:
    for name in ("text", "image", "audio"):
        table = np.load(market.release.folder / "modalities" / f"{name}.npy").astype(np.float32)
        table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
        cosine = table @ table[4]
        there = np.any(table != 0, axis=1)
        there[4] = False
        rows = np.flatnonzero(there)
        wanted = rows[np.lexsort((rows, -np.round(cosine[rows], 6)))][:5]
        answer = client.post("/similar", json={"product_id": "P004", "k": 5, "modality": name})
        result = SimilarAnswer.model_validate(answer.json()).result
        assert result is not None
        assert [hit.product_id for hit in result.hits] == [f"P{row:03d}" for row in wanted]
        assert [hit.score for hit in result.hits] == pytest.approx(cosine[wanted].tolist(), abs=1e-5)
        assert {hit.why.modality for hit in result.hits} == {name}
    body = {"product_id": "P007", "modality": "image"}  # has no photo
    assert error_of(client.post("/similar", json=body), 422)["field"] == "modality"


def test_a_product_is_shown_whole(client: TestClient, market: Market) -> None:
    response = client.post("/products/get", json={"product_id": "P004"}).json()
    GetAnswer.model_validate(response)
    result = response["result"]
    row = market.products.iloc[4]
    for name in ("title", "description", "brand", "category", "language", "price", "currency", "on_hand"):
        assert result[name] == row[name]
    assert result["attributes"] == {"colour": "orange"}
    assert (result["photos"], result["sounds"]) == (["photos/4.jpg"], ["sounds/4.wav"])
    assert result["modalities"] == ["audio", "image", "text"]
    assert result["guess"]["label"] == result["guess"]["labels"][0]["label"]
    assert sum(one["score"] for one in result["guess"]["labels"]) == pytest.approx(1, abs=1e-3)
    assert [hit["product_id"] for hit in result["bought_together"]] == ["P001"]
    several = client.post("/products/get", json={"product_ids": ["P001", "P059"]}).json()["results"]
    assert [hit["product_id"] for hit in several[0]["bought_together"]] == ["P002", "P004"]
    assert several[0]["price"] is None
    assert several[1]["bought_together"] == []
    assert error_of(client.post("/products/get", json={"product_ids": ["P001", "x"]}), 404)["field"] == (
        "product_ids[1]"
    )


def test_the_release_says_how_it_searches(client: TestClient) -> None:
    said = client.get("/release").json()
    assert said["metrics"] == {"accuracy": 0.5}
    assert said["search"]["fusion"] == "learned"
    assert said["search"]["judged_queries"]["long"] > 0
    assert said["search"]["modalities"] == ["audio", "image", "text"]
    assert said["search"]["bought_together"] == 3
    assert said["search"]["lexical"]["rows"] == 60


def test_a_release_without_the_parts_is_served_all_the_same(shop: Shop) -> None:
    app = Application(ServiceConfig(settings(), releases=shop.workspace.root))
    assert app.engine.refresh()
    try:
        old = client_of(app)
        said = old.get("/release").json()["search"]
        assert (said["fusion"], said["modalities"], said["bought_together"]) == ("simple rules", [], 0)
        hits = asked(old, query={"text": "leather bag number 12"}, k=3)["hits"]
        assert "leather" in hits[0]["why"]["words"]
        assert hits[0]["why"]["modality"] == ""
        assert asked(old, filters={"category": ["Bags"]})["total"] == 20
        body = {"product_id": "P004", "modality": "image"}
        assert "new release" in error_of(old.post("/similar", json=body), 422)["remedy"]
        page = old.post("/products/get", json={"product_id": "P004"}).json()["result"]
        assert (page["description"], page["attributes"], page["bought_together"]) == ("", {}, [])
    finally:
        app.close()
