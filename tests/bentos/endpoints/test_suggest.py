"""/suggest over a service: GET and POST, changes since the release, what is banned."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from starlette.testclient import TestClient

from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.endpoints import ENDPOINTS
from bentos.serving.applications.past_queries import PAST_QUERIES
from releases.in_memory import InMemoryRelease
from retrieval.suggest import suggest
from shelfspace.files import write_table
from tests.bentos.http.test_fast_path import client_of, error_of, settings
from tests.bentos.market import Market

SuggestAnswer = ENDPOINTS["suggest"].answer_model


@pytest.fixture
def app(market: Market, tmp_path: Path) -> Iterator[Application]:
    rules = tmp_path / "rules.yaml"
    config = ServiceConfig(settings(), releases=tmp_path, baked_release=market.release.folder, rules=rules)
    made = Application(config)
    assert made.engine.refresh()
    yield made
    made.close()


@pytest.fixture
def client(app: Application) -> TestClient:
    return client_of(app)


def asked(client: TestClient, prefix: str, k: int = 8) -> list[dict]:
    response = client.get("/suggest", params={"prefix": prefix, "k": k})
    assert response.status_code == 200, response.text
    SuggestAnswer.model_validate(response.json())
    assert response.json() == client.post("/suggest", json={"prefix": prefix, "k": k}).json()
    assert response.json()["result"]["prefix"] == prefix
    return response.json()["result"]["suggestions"]


def test_categories_and_brands_come_before_titles(client: TestClient) -> None:
    found = asked(client, "sho")
    kinds = [one["kind"] for one in found]
    assert kinds == sorted(kinds)
    assert {"category", "title"} <= set(kinds)
    assert (found[0]["text"], found[0]["count"], found[0]["marks"]) == ("Shoes", 20, [[0, 3]])
    for one in found:
        start, end = one["marks"][0]
        assert one["text"][start:end].lower() == "sho"
    brand = {"kind": "brand", "text": "brand1", "marks": [[0, 6]], "path": "", "count": 15}
    assert asked(client, "brand1")[0] == brand


def test_a_title_names_its_product(client: TestClient) -> None:
    (only,) = asked(client, "number 17")
    assert (only["kind"], only["product_id"]) == ("title", "P017")
    assert asked(client, "跑鞋")[0]["product_id"] == "P009"
    assert asked(client, "laether", 3)
    assert asked(client, "") == asked(client, "qqqq") == []


def test_changes_count_at_once(client: TestClient) -> None:
    item = {"product_id": "new", "title": "Zeppelin kite", "brand": "Zephyr", "price": 3, "category": "Toys"}
    assert client.post("/products/put", json={"item": item}).status_code == 200
    (title,) = asked(client, "zepp")
    assert title["product_id"] == "new"
    assert [one["text"] for one in asked(client, "zep")] == ["Zephyr", "Zeppelin kite"]
    assert client.post("/products/put", json={"item": {**item, "title": "Kite"}}).status_code == 200
    assert asked(client, "zeppelin") == []
    assert client.post("/products/delete", json={"product_id": "new"}).status_code == 200
    assert asked(client, "zeph") == asked(client, "kite") == []
    assert client.post("/products/delete", json={"product_id": "P017"}).status_code == 200
    assert asked(client, "number 17") == []


def test_what_is_banned_is_not_suggested(client: TestClient, app: Application) -> None:
    assert app.config.rules is not None
    app.config.rules.write_text(yaml.safe_dump({"rules": [{"why": "recalled", "ban": ["P017", "new"]}]}))
    app.backend.rules_file.refresh()
    assert asked(client, "number 17") == []
    item = {"product_id": "new", "title": "Zeppelin kite", "price": 3}
    assert client.post("/products/put", json={"item": item}).status_code == 200
    assert asked(client, "zeppelin") == []


def test_several_prefixes_and_refusals(client: TestClient) -> None:
    body = client.post("/suggest", json={"prefixes": ["sho", "bag"], "k": 2}).json()
    assert [one["prefix"] for one in body["results"]] == ["sho", "bag"]
    assert all(len(one["suggestions"]) == 2 for one in body["results"])
    for query, field in (
        ("k=3", "prefix"),
        ("prefix=a&k=0", "k"),
        ("prefix=a&k=x", "k"),
        ("prefix=a&x=1", "x"),
    ):
        response = client.get(f"/suggest?{query}")
        assert error_of(response, 422)["field"] == field
    assert client.get("/suggest?" + "&".join(["prefix=a"] * 99)).status_code == 422
    assert client.put("/suggest").status_code == 405
    assert client.get("/search?text=a").status_code == 405


def test_queries_of_others_come_first_as_far_as_they_find_something(market: Market, tmp_path: Path) -> None:
    table = pd.DataFrame({"query": ["shoe", "trail shoe", "zzqx shoe"], "sessions": [9, 7, 50], "clicked": 1})
    write_table(tmp_path / "queries.parquet", table)
    release = InMemoryRelease.load(market.release, settings().media)
    past = PAST_QUERIES.open(tmp_path, release)
    found = suggest(release.catalogue(), "sho", 8, np.empty(0, np.int64), past)
    assert [one["text"] for one in found if one["kind"] == "query"] == ["shoe", "trail shoe"]
    assert [one["kind"] for one in found[:3]] == ["query", "query", "category"]
    assert found[2:] == suggest(release.catalogue(), "sho", 6, np.empty(0, np.int64))
    write_table(tmp_path / "queries.parquet", table.head(0))
    nothing = PAST_QUERIES.open(tmp_path, release)
    assert suggest(release.catalogue(), "sho", 6, np.empty(0, np.int64), nothing) == found[2:]
