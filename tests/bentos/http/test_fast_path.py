"""The fast path in process: every endpoint, hostile input, limits; a real release behind them."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from bentos.api.responses import ErrorAnswer
from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.endpoints import ENDPOINTS
from bentos.http.fast_path import FastPath
from bentos.http.served import Running
from shelfspace.settings import Settings
from tests.bentos.served import logged
from tests.bentos.shop import Shop

EmbedAnswer = ENDPOINTS["embed"].answer_model
ClassifyAnswer = ENDPOINTS["classify"].answer_model
SearchAnswer = ENDPOINTS["search"].answer_model
SimilarAnswer = ENDPOINTS["similar"].answer_model

BOUNDARY = "multipart/form-data; boundary=b"


def settings(**service: float) -> Settings:
    return Settings.model_validate({"service": {"max_body_bytes": 300_000, "max_items": 8, **service}})


def client_of(application: Application) -> TestClient:
    inner = Starlette(routes=[Route("/other", lambda _: PlainTextResponse("inner"))])
    return TestClient(FastPath(inner, running=Running(application), spec=dict), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def application(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    live = tmp_path_factory.mktemp("live")
    app = Application(ServiceConfig(settings(), releases=shop.workspace.root, live=live))
    assert app.engine.refresh()
    yield app
    app.close()


@pytest.fixture(scope="module")
def client(application: Application) -> TestClient:
    return client_of(application)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def error_of(response: object, status: int) -> dict:
    assert response.status_code == status, response.text
    answer = ErrorAnswer.model_validate(response.json()).error
    assert answer.remedy
    return answer.model_dump()


def test_embed_one_and_several_agree_with_the_encoder(client: TestClient, shop: Shop) -> None:
    item = {"title": "Blue running shoe", "price": 40.0, "photos": [b64(shop.photo)], "product_id": "x"}
    one = EmbedAnswer.model_validate(client.post("/embed", json={"item": item}).json())
    assert one.release == shop.first.id
    assert one.result is not None
    assert one.result.product_id == "x"
    vector = np.array(one.result.vector)
    assert vector.shape == (shop.encoder.dim,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    expected = shop.encoder.embed([shop.product_input(title=item["title"], price=40.0, photos=(shop.photo,))])
    np.testing.assert_allclose(vector, expected[0], atol=1e-5)
    many = EmbedAnswer.model_validate(client.post("/embed", json={"items": [item, {"title": "Bag"}]}).json())
    assert many.results is not None
    np.testing.assert_allclose(many.results[0].vector, vector, atol=1e-5)
    assert many.results[0].vector != many.results[1].vector


def test_a_product_of_the_catalogue_finds_itself(client: TestClient, shop: Shop) -> None:
    items = [{**shop.items[n], "photos": [b64(shop.photos[n])]} for n in (1, 7)]
    vectors = client.post("/embed", json={"items": items}).json()["results"]
    for n, result in zip((1, 7), vectors, strict=True):
        np.testing.assert_allclose(result["vector"], shop.first.embeddings[n], atol=1e-5)


def test_classify(client: TestClient, shop: Shop) -> None:
    answer = client.post("/classify", json={"item": {"title": "blue running shoe"}}).json()
    result = ClassifyAnswer.model_validate(answer).result
    assert result is not None
    assert result.label in shop.encoder.labels
    scores = [entry.score for entry in result.labels]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) <= 1.001
    assert (result.label, result.score) == (result.labels[0].label, result.labels[0].score)


@pytest.mark.parametrize("k", [1, 5, 100])
def test_search_by_text_photo_and_sound(
    client: TestClient, application: Application, shop: Shop, k: int
) -> None:
    there = len(application.engine.require().view())  # other tests put products into the same workspace
    for query in ({"text": "shoe"}, {"photo": b64(shop.photo)}, {"sound": b64(shop.sound)}):
        result = SearchAnswer.model_validate(
            client.post("/search", json={"query": query, "k": k}).json()
        ).result
        assert result is not None
        assert len(result.hits) == min(k, there)
        scores = [hit.score for hit in result.hits]
        assert scores == sorted(scores, reverse=True)
        assert len({hit.product_id for hit in result.hits}) == len(result.hits)
    hit = next(hit for hit in result.hits if hit.product_id in shop.first.rows)
    row = shop.first.rows[hit.product_id]
    assert hit.title == shop.first.products["title"][row]


def test_an_answer_that_takes_too_long_says_so(shop: Shop) -> None:
    # Decoding eight photos takes longer than the half of a millisecond it is given.
    impatient = settings(answer_seconds=0.0005)
    application = Application(ServiceConfig(impatient, baked_release=shop.first.folder))
    assert application.engine.refresh()
    items = [{"photos": [b64(photo)]} for photo in shop.photos[:8]]
    response = client_of(application).post("/classify", json={"items": items})
    assert error_of(response, 504)["value"] == "'classify'"
    assert response.headers["retry-after"] == "5"
    assert application.admission.requests == 0
    application.close()


def test_search_several_equals_one_by_one(client: TestClient) -> None:
    queries = [{"text": "shoe"}, {"text": "leather bag"}]
    several = client.post("/search", json={"queries": queries, "k": 3}).json()["results"]
    single = [client.post("/search", json={"query": q, "k": 3}).json()["result"] for q in queries]
    assert [[h["product_id"] for h in r["hits"]] for r in several] == [
        [h["product_id"] for h in r["hits"]] for r in single
    ]


def test_similar_leaves_the_product_out(client: TestClient, shop: Shop) -> None:
    ids = list(shop.first.product_ids[:3])
    answer = SimilarAnswer.model_validate(client.post("/similar", json={"product_ids": ids, "k": 4}).json())
    assert answer.results is not None
    for product, result in zip(ids, answer.results, strict=True):
        assert result.product_id == product
        assert len(result.hits) == 4
        assert product not in {hit.product_id for hit in result.hits}
    one = client.post("/similar", json={"product_id": ids[1], "k": 4}).json()["result"]
    assert one == answer.model_dump()["results"][1]
    missing = error_of(client.post("/similar", json={"product_ids": [ids[0], "nope"]}), 404)
    assert missing["field"] == "product_ids[1]"
    assert "nope" in missing["value"]


def test_fields_may_come_as_json_and_without_a_file(client: TestClient) -> None:
    plain = client.post("/search", json={"query": {"text": "blue shoe"}, "k": 3, "filters": {"price_to": 40}})
    for given in ({"query": '{"text": "blue shoe"}'}, {"text": '"blue shoe"'}, {"text": "blue shoe"}):
        fields = {"k": "3", "filters": '{"price_to": 40}', **given}
        assert client.post("/search", data=fields).json() == plain.json()
        parts = {name: (None, value) for name, value in fields.items()}
        assert client.post("/search", files=parts).json() == plain.json()
    several = client.post("/search", data={"queries": '[{"text": "blue"}]', "k": "2"}).json()["results"]
    assert len(several[0]["hits"]) == 2
    assert error_of(client.post("/search", data={"query": "[", "k": "2"}), 422)["field"] == "query"
    assert (
        error_of(client.post("/search", data={"text": "a", "colour": "red"}), 422)["field"] == "query.colour"
    )
    assert client.post("/search", data={"text": '"blue'}).status_code == 200


def test_forms_search_by_photo_and_embed(client: TestClient, shop: Shop) -> None:
    by_json = client.post("/search", json={"query": {"photo": b64(shop.photo)}, "k": 3}).json()
    by_form = client.post("/search", files={"photo": ("a.jpg", shop.photo)}, data={"k": "3"}).json()
    assert by_form == by_json
    fields = {"title": "Shoe", "price": "40", "attributes": '{"colour": "blue"}'}
    form = client.post("/embed", files={"photo": ("a.jpg", shop.photo)}, data=fields).json()
    item = {"title": "Shoe", "price": 40, "attributes": {"colour": "blue"}, "photos": [b64(shop.photo)]}
    assert form == client.post("/embed", json={"item": item}).json()
    sound = client.post("/search", files={"sound": ("a.wav", shop.sound)})
    assert len(sound.json()["result"]["hits"]) == 10


@pytest.mark.parametrize(
    ("files", "data", "field"),
    [
        ({"photo": ("a.jpg", b"")}, {}, "query.photo"),
        ({"file": ("a.jpg", b"x")}, {}, "file"),
        ({"photo": ("a.jpg", b"x")}, {"k": "ten"}, "k"),
        ({"photo": ("a.jpg", b"x")}, {"k": "1000"}, "k"),
        ({"photo": ("a.jpg", b"x")}, {"unknown": "1"}, "query.unknown"),
        ({"other": ("", b"")}, {"photo": "abc"}, "photo"),
    ],
)
def test_bad_forms(client: TestClient, files: dict, data: dict, field: str) -> None:
    assert error_of(client.post("/search", files=files, data=data), 422)["field"] == field


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", BOUNDARY),
        (b"nothing of a form", BOUNDARY),
        (b"--b\r\n", "multipart/form-data"),
        (b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 200_000, BOUNDARY),
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"query": {"text": NaN}}', "application/json"),
        (b"\xff\xfe\x00", "application/json"),
    ],
)
def test_broken_bodies_are_400_or_422(client: TestClient, body: bytes, kind: str) -> None:
    response = client.post("/search", content=body, headers={"content-type": kind})
    assert response.status_code in {400, 422}, response.text
    ErrorAnswer.model_validate(response.json())


def test_media_that_does_not_decode_names_its_place(client: TestClient, shop: Shop) -> None:
    bad = {
        "truncated": shop.photo[: len(shop.photo) // 2],
        "html": b"<html>not a photo</html>",
        "gif": b"GIF89a" + b"\x00" * 50,
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "a sound": shop.sound,
    }
    for name, data in bad.items():
        items = [{"title": "a"}, {"title": "b", "photos": [b64(data)]}]
        error = error_of(client.post("/embed", json={"items": items}), 422)
        assert error["field"].startswith("items[1]."), (name, error)
    error = error_of(client.post("/search", json={"query": {"sound": b64(shop.photo)}}), 422)
    assert error["field"].startswith("query.")


@pytest.mark.parametrize("title", ["", "   ", "<p></p>", "\u200b", "\x00"])
def test_items_without_content_are_refused(client: TestClient, title: str) -> None:
    error = error_of(client.post("/embed", json={"items": [{"title": "a"}, {"title": title}]}), 422)
    assert error["field"] == "items[1]"


def test_odd_texts_are_answered(client: TestClient) -> None:
    for text in ("鞋子 蓝色", "🙂 shoe", "a" * 20_000, "shoe\n\t\r", "%s %d {0}", "'; drop table", "עברית"):
        response = client.post("/search", json={"query": {"text": text}, "k": 1})
        assert response.status_code == 200, (text[:20], response.text)


def test_methods_types_and_paths(client: TestClient) -> None:
    assert error_of(client.get("/search"), 405)["value"] == "'GET'"
    assert error_of(client.post("/embed", content=b"x", headers={"content-type": "text/csv"}), 415)
    pickle = {"content-type": "application/vnd.bentoml+pickle"}
    assert error_of(client.post("/embed", content=b"\x80", headers=pickle), 415)
    gzip = {"content-encoding": "gzip", "content-type": "application/json"}
    assert error_of(client.post("/embed", content=b"{}", headers=gzip), 415)
    assert client.get("/other").text == "inner"
    curl = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/search", content=b'{"query":{"text":"shoe"}}', headers=curl).status_code == 200


def test_release_tells_the_manifest(client: TestClient, shop: Shop) -> None:
    answer = client.get("/release").json()
    assert answer["release"] == shop.first.id
    assert answer["manifest"]["rows"] == len(shop.first.product_ids)
    assert answer["labels"] == list(shop.encoder.labels)


def test_a_body_declared_too_large_is_refused_before_it_is_read(application: Application) -> None:
    read = []

    async def receive() -> dict:
        read.append(1)
        return {"type": "http.request", "body": b"", "more_body": False}

    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    import asyncio

    headers = [(b"content-type", b"application/json"), (b"content-length", b"300001")]
    scope = {
        "type": "http",
        "path": "/embed",
        "method": "POST",
        "headers": headers,
        "server": ("127.0.0.1", 1),
    }
    app = FastPath(lambda *_: None, running=Running(application), spec=dict)
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 413
    assert not read


def test_a_body_that_grows_too_large_is_refused(client: TestClient, application: Application) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"item": {"title": "'
        for _ in range(100):
            yield b"a" * 10_000

    error_of(client.post("/embed", content=chunks(), headers={"content-type": "application/json"}), 413)
    assert (application.admission.requests, application.admission.bytes) == (0, 0)


def test_overload_is_429_with_retry_after(shop: Shop) -> None:
    app = Application(ServiceConfig(settings(max_concurrency=2), releases=shop.workspace.root))
    app.engine.refresh()
    client = client_of(app)
    with app.admission.request(), app.admission.request():
        response = client.post("/search", json={"query": {"text": "shoe"}})
        error_of(response, 429)
        assert int(response.headers["retry-after"]) >= 1
    assert client.post("/search", json={"query": {"text": "shoe"}}).status_code == 200
    app.close()


def test_no_release_is_503_until_there_is_one(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    config = ServiceConfig(settings(), releases=empty)
    app = Application(config)
    client = client_of(app)
    assert not app.ready
    assert not app.engine.refresh()
    response = client.post("/search", json={"query": {"text": "shoe"}})
    error_of(response, 503)
    assert "retry-after" in response.headers
    error_of(client.get("/release"), 503)
    app.engine._config = replace(config, baked_release=shop.first.folder)
    assert app.engine.refresh()
    assert client.post("/search", json={"query": {"text": "shoe"}}).status_code == 200
    app.close()


def test_many_threads_get_their_own_answers(application: Application, shop: Shop) -> None:
    expected = {}
    client = client_of(application)
    titles = [f"{word} {n}" for n in range(4) for word in ("shoe", "bag", "lamp")]
    for title in titles:
        expected[title] = client.post("/embed", json={"item": {"title": title}}).json()["result"]["vector"]
    wrong: list[str] = []

    def ask(title: str) -> None:
        with client_of(application) as own:
            for _ in range(5):
                got = own.post("/embed", json={"item": {"title": title}}).json()["result"]["vector"]
                if not np.allclose(got, expected[title], atol=1e-5):
                    wrong.append(title)

    threads = [threading.Thread(target=ask, args=(title,)) for title in titles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_every_request_is_logged_without_its_text(
    shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    live = tmp_path_factory.mktemp("live")
    app = Application(ServiceConfig(settings(), releases=shop.workspace.root, live=live))
    app.engine.refresh()
    client = client_of(app)
    client.post("/search", json={"query": {"text": "secretword shoe"}, "k": 2})
    client.post("/embed", json={"items": [{"title": "a", "price": 3}, {"photos": [b64(shop.photo)]}]})
    client.post("/classify", json={"item": {"title": "shoe"}})
    client.post("/similar", json={"product_id": shop.first.product_ids[0]})
    client.post("/search", json={"query": {"text": 5}})
    client.post("/search", content=b"{", headers={"content-type": "application/json"})
    app.close()
    assert all(b"secretword" not in path.read_bytes() for path in live.iterdir() if path.is_file())
    rows = logged(live)
    assert [(r["endpoint"], r["status"]) for r in rows] == [
        ("search", 200),
        ("embed", 200),
        ("embed", 200),
        ("classify", 200),
        ("similar", 200),
        ("search", 422),
        ("search", 400),
    ]
    assert {len(r["vector"]) for r in rows[:5]} == {shop.encoder.dim}
    assert rows[0]["text_length"] == len("secretword shoe")
    assert (rows[1]["price"], rows[2]["has_photo"], rows[2]["has_text"]) == (3.0, True, False)
    assert rows[3]["top_label"] in shop.encoder.labels
    assert rows[5]["vector"] is None
    assert rows[5]["error"] == "query.text"
    assert len({frozenset(r) - {"error", "hits"} for r in rows}) == 1
