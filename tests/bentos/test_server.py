"""A really built Bento, really served, with a dead network: answers, hostile input, swap, SIGTERM."""

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bentos.build import bento_folder, build_bento
from releases import promote
from shelfspace.files import write_json
from tests.bentos.loopback import Connection, run_load
from tests.bentos.served import OFFLINE, Server
from tests.bentos.shop import Shop
from tests.bentos.telemetry.test_metrics import missing, samples
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HEAD = b"POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s\r\n\r\n"
SEARCH = b'{"query": {"text": "blue shoe"}, "k": 5}'


@pytest.fixture(scope="module")
def bento(shop: Shop) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in OFFLINE.items():
            patch.setenv(name, value)
        promote(shop.workspace.root, shop.first.id)
        tag = build_bento(shop.workspace, shop.first, shop.settings)
        again = build_bento(shop.workspace, shop.first, shop.settings)
    assert tag == again
    write_json(shop.workspace.root / "bento" / "bento.json", {"bento": tag})
    return tag


@pytest.fixture(scope="module")
def server(shop: Shop, bento: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(shop, tmp_path_factory.mktemp("server"))
    try:
        yield running.wait()
    finally:
        running.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=60) as c:
        yield c


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_the_bento_is_whole(shop: Shop, bento: str) -> None:
    source = bento_folder(shop.workspace, bento) / "src"
    assert shop.first.id in bento
    for name in ("catalog", "models", "bentos"):
        assert (source / name / "__init__.py").is_file()
    assert json.loads((source / "bentos/baked/release/release.json").read_text())["id"] == shop.first.id
    pins = (source.parent / "env/python/requirements.txt").read_text().splitlines()
    assert all("==" in pin for pin in pins if pin)
    assert not any("+" in pin or "://" in pin for pin in pins)
    assert not (shop.workspace.state / "bento-build").exists()


def test_every_endpoint_single_and_list(client: httpx.Client, shop: Shop) -> None:
    item = {
        "title": "blue running shoe",
        "price": 20,
        "photos": [b64(shop.photo)],
        "sounds": [b64(shop.sound)],
    }
    first, second = shop.first.product_ids[:2]
    calls = [
        ("/embed", {"item": item}, {"items": [item, {"title": "bag"}]}),
        ("/classify", {"item": item}, {"items": [item, {"title": "bag"}]}),
        (
            "/search",
            {"query": {"photo": b64(shop.photo)}, "k": 3},
            {"queries": [{"text": "shoe"}, {"text": "bag"}]},
        ),
        ("/similar", {"product_id": first, "k": 3}, {"product_ids": [first, second]}),
    ]
    for path, single, several in calls:
        one, many = client.post(path, json=single), client.post(path, json=several)
        assert (one.status_code, many.status_code) == (200, 200), (path, one.text, many.text)
        assert one.json()["release"] == shop.first.id
        searched = {"sequence"} if path in {"/search", "/similar"} else set()
        assert set(one.json()) == {"release", "result", *searched}
        assert len(many.json()["results"]) == 2
    form = client.post("/search", files={"photo": ("shoe.jpg", shop.photo)}, data={"k": "2"})
    assert len(form.json()["result"]["hits"]) == 2


def test_health_release_schema_and_metrics(client: httpx.Client, shop: Shop) -> None:
    for path in ("/livez", "/readyz", "/healthz", "/metrics", "/", "/schema.json"):
        assert client.get(path).status_code == 200, path
    assert client.get("/release").json()["release"] == shop.first.id
    document = client.get("/docs.json").json()
    for path in ("/embed", "/classify", "/search", "/similar", "/products/get"):
        operation = document["paths"][path]["post"]
        assert {"422", "413", "429", "503"} <= set(operation["responses"])
        assert "multipart/form-data" in operation["requestBody"]["content"]
        for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
            status = client.post(path, json=example["value"]).status_code
            # The examples name a product that this shop lacks; a history may hold what is no longer sold.
            asked = {name: value for name, value in example["value"].items() if name != "events"}
            assert status == (404 if "p00017" in str(asked) else 200), (path, example)
    for path in ("/products/put", "/products/change", "/products/delete"):
        operation = document["paths"][path]["post"]
        assert {"409", "413", "422", "507"} <= set(operation["responses"])
        for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
            status = client.post(path, json=example["value"]).status_code
            assert status == (200 if path == "/products/put" else 404), (path, example)
    gone = client.post("/products/delete", json={"product_id": "P90001"})  # of the example
    assert gone.status_code == 200
    assert "get" in document["paths"]["/release"]
    text = json.dumps(document)
    wanted = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert wanted <= set(document["components"]["schemas"])


def test_metrics_of_dashboard_alerts_and_bentoml(client: httpx.Client) -> None:
    for body in ({"query": {"text": "blue shoe"}}, {"query": {"text": ""}}):
        client.post("/search", json=body)
    text = client.get("/metrics").text
    assert missing(text) == {}
    assert "bentoml_service_request_total" in text, "what BentoML counts stands beside it"


MOST_LINES = 100
"""What 1,000 paths that were never asked for may add to /metrics: three kinds of answers, 20 lines a kind."""


def test_paths_that_are_asked_for_make_no_series(client: httpx.Client, shop: Shop) -> None:
    ids = shop.first.product_ids
    before = client.get("/metrics").text
    for n in range(500):
        client.get(f"/media/photos/{ids[n % len(ids)]}-{n}.jpg")
        client.get(f"/invented-{n}/by/a/stranger")
    for one in ids[:20]:
        assert client.get(f"/product/{one}").status_code == 200
    after = client.get("/metrics").text
    assert len(after.splitlines()) - len(before.splitlines()) <= MOST_LINES
    held = re.compile("|".join(map(re.escape, ids)))
    assert not held.search(after)
    assert "invented" not in after
    risen = {
        route: sum(
            sign * number
            for text, sign in ((after, 1), (before, -1))
            for (name, labels), number in samples(text).items()
            if name == "bentoml_service_request_total" and ("endpoint", route) in labels
        )
        for route in ("/media/*", "/product/*", "other")
    }
    assert risen == {"/media/*": 500, "/product/*": 20, "other": 500}
    counts = sorted((shop.workspace.state / "bentoml" / "prometheus_multiproc_dir").iterdir())
    assert {file.name.split("_")[0] for file in counts} == {"counter", "gauge", "histogram"}
    assert not any(held.search(file.read_bytes().decode("latin-1")) for file in counts)


def test_bentoml_s_own_client_sends_files_and_fields(server: Server, shop: Shop, tmp_path: Path) -> None:
    import bentoml

    def said(answer: Any) -> dict:
        return answer if isinstance(answer, dict) else answer.model_dump()

    path = tmp_path / "photo.jpg"
    path.write_bytes(shop.photos[2])
    encoded = base64.b64encode(shop.photos[2]).decode()
    with bentoml.SyncHTTPClient(f"http://127.0.0.1:{server.port}") as client:
        by_photo = said(client.search(query={"photo": encoded}, k=3))["result"]
        assert said(client.search(photo=path, k=3))["result"] == by_photo
        mixed = said(client.search(query={"photo": encoded, "text": "red"}, k=3))["result"]
        assert said(client.search(photo=path, text="red", k=3))["result"] == mixed
        assert said(client.search(photo=path, query={"text": "red"}, k=3))["result"] == mixed
        words = said(client.search(query={"text": "blue shoe"}, filters={"price_to": 40}, k=3))["result"]
        assert said(client.search(text="blue shoe", filters={"price_to": 40}, k=3))["result"] == words
        assert max(hit["price"] for hit in words["hits"]) <= 40
        assert said(client.classify(photo=path))["result"]["label"]
        assert said(client.classify(photo=path, title="blue shoe", price=12.5))["result"]["label"]
        assert said(client.suggest(prefix="sho"))["result"]["suggestions"]


def test_bentoml_s_own_client(server: Server, shop: Shop) -> None:
    import bentoml

    with bentoml.SyncHTTPClient(f"http://127.0.0.1:{server.port}") as client:
        answer = client.search(query={"text": "blue shoe"}, k=2)
        got = answer if isinstance(answer, dict) else answer.model_dump()
        assert len(got["result"]["hits"]) == 2
        embedded = client.embed(items=[{"title": "shoe"}, {"title": "bag"}])
        got = embedded if isinstance(embedded, dict) else embedded.model_dump()
        assert len(got["results"]) == 2
        written = client.put_products(item={"product_id": "by-client", "title": "violet umbrella"})
        got = written if isinstance(written, dict) else written.model_dump()
        assert got["product_ids"] == ["by-client"]
        client.delete_products(product_id="by-client")


BAD = [
    ("/search", b"", "application/json"),
    ("/search", b"{", "application/json"),
    ("/search", b"null", "application/json"),
    ("/search", b"[" * 200_000 + b"]" * 200_000, "application/json"),
    ("/search", b'{"query":' * 50_000, "application/json"),
    ("/search", b'{"query": {"text": "a"}, "k": NaN}', "application/json"),
    ("/search", b'{"query": {"text": "a"}, "k": 1e400}', "application/json"),
    ("/search", b'{"query": {"text": "a"}, "k": 100000000000000000000000}', "application/json"),
    ("/search", b'{"query": {"text": "\\ud800"}}', "application/json"),
    ("/search", b"\x80\x04\x95", "application/vnd.bentoml+pickle"),
    ("/search", b"--x", "multipart/form-data; boundary=x"),
    ("/search", b"x", "multipart/form-data"),
    ("/embed", b'{"items": [' + b'{"title":"a"},' * 5000 + b'{"title":"a"}]}', "application/json"),
    ("/embed", b'{"item": {"title": "' + b"a" * 1_000_000 + b'"}}', "application/json"),
    ("/embed", b'{"item": {"photos": ["' + b"/9j/" * 50_000 + b'"]}}', "application/json"),
    (
        "/embed",
        b'{"item": {"attributes": {' + b",".join(b'"%d": 1' % n for n in range(99_999)) + b"}}}",
        "application/json",
    ),
    ("/embed", b'{"item": {' + b",".join(b'"%d": 1' % n for n in range(99_999)) + b"}}", "application/json"),
    ("/classify", b'{"item": {"title": ["a"]}}', "application/json"),
    ("/classify", b'{"item": {}}', "application/json"),
    ("/similar", b'{"product_id": "\\u0000"}', "application/json"),
    ("/similar", b'{"product_id": {"$ne": 1}}', "application/json"),
]


@pytest.mark.parametrize(("path", "body", "kind"), BAD)
def test_bad_input_is_4xx_quickly_and_the_service_lives_on(
    server: Server, path: str, body: bytes, kind: str
) -> None:
    begin = time.monotonic()
    reply = Connection(server.port).post(path, body, kind)
    assert 400 <= reply.status < 500, reply.body[:300]
    assert {"field", "value", "remedy", "message"} <= set(reply.json()["error"])
    assert len(reply.body) < 2000
    assert time.monotonic() - begin < 5
    assert Connection(server.port).post("/search", SEARCH).status == 200


def test_a_truncated_photo_is_refused_with_its_place(client: httpx.Client, shop: Shop) -> None:
    reply = client.post("/search", json={"query": {"photo": b64(shop.photo[:-200])}})
    assert reply.status_code == 422
    assert reply.json()["error"]["field"].startswith("query.")


def test_an_oversized_body_is_413_declared_or_not(server: Server, shop: Shop) -> None:
    most = shop.settings.service.max_body_bytes
    declared = Connection(server.port)
    declared.socket.sendall(HEAD.replace(b"/search", b"/embed") % (b"Content-Length: %d" % (most + 1)))
    assert declared.read().status == 413  # nothing of the body was sent
    chunked = Connection(server.port)
    chunked.socket.sendall(HEAD % b"Transfer-Encoding: chunked")
    block = b"%x\r\n" % 65536 + b"a" * 65536 + b"\r\n"
    try:
        for _ in range(most // 65536 + 2):
            chunked.socket.sendall(block)
    except ConnectionError:
        pass  # the server may answer and close before all is sent
    assert chunked.read().status == 413
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        assert client.post("/embed", content=b"a" * (most + 1)).status_code == 413


def test_a_client_that_goes_away_disturbs_nobody(server: Server) -> None:
    for _ in range(20):
        half = Connection(server.port)
        half.socket.sendall(HEAD % b"Content-Length: 500" + b"{")
        half.close()
        gone = Connection(server.port)
        gone.socket.sendall(HEAD % (b"Content-Length: %d" % len(SEARCH)) + SEARCH)
        gone.close()
    assert Connection(server.port).post("/search", SEARCH).status == 200
    assert "Traceback" not in server.log.read_text()


def test_a_release_is_swapped_under_load_without_an_error(server: Server, shop: Shop) -> None:
    done = threading.Event()

    def swap() -> None:
        time.sleep(0.5)
        for release in (shop.second, shop.first, shop.second):
            promote(shop.workspace.root, release.id)
            wait_for(lambda r=release: server.get("/release").json()["release"] == r.id, 30, pause=0.1)
        time.sleep(0.3)
        done.set()

    mover = threading.Thread(target=swap)
    mover.start()
    load = run_load(server.port, "/search", SEARCH, concurrency=6, seconds=60, until=done.is_set)
    mover.join()
    assert done.is_set()
    assert set(load.statuses) == {200}
    assert (load.closed, load.cut) == (0, 0)
    assert set(load.releases) == {shop.first.id.encode(), shop.second.id.encode()}
    hits = server.get("/release").json()["manifest"]["rows"]
    assert hits == len(shop.second.product_ids)


def test_a_damaged_release_is_not_swapped_in(server: Server, shop: Shop) -> None:
    promote(shop.workspace.root, shop.first.id)
    wait_for(lambda: server.get("/release").json()["release"] == shop.first.id, 30, pause=0.1)
    pointer = shop.workspace.releases / "current"
    pointer.write_text("000099-deadbeef")
    wait_for(lambda: "000099" in server.get("/release").json()["problem"], 30, pause=0.1)
    assert server.get("/release").json()["release"] == shop.first.id
    assert Connection(server.port).post("/search", SEARCH).status == 200
    pointer.write_text(shop.first.id)
    wait_for(lambda: server.get("/release").json()["problem"] == "", 30, pause=0.1)


def test_sigterm_under_load_loses_no_accepted_request(shop: Shop, bento: str, tmp_path: Path) -> None:
    promote(shop.workspace.root, shop.first.id)
    server = Server(shop, tmp_path).wait()
    try:

        def terminate_once_it_is_busy() -> None:
            wait_for(lambda: len(server.rows()) > 20, 60, server.process, server.log, pause=0.1)
            server.process.terminate()

        stopper = threading.Thread(target=terminate_once_it_is_busy)
        stopper.start()
        load = run_load(server.port, "/search", SEARCH, concurrency=8, seconds=90)
        stopper.join()
        assert load.closed > 0, "the end came while requests were under way"
        assert server.stop() == 0
    finally:
        server.stop()
    answered = sum(load.statuses.values())
    assert answered > 20
    assert set(load.statuses) <= {200, 503}
    assert load.cut == 0
    # Every request the service took up was answered, and every answer is in the log.
    assert len([row for row in server.rows() if row["status"] == 200]) == load.statuses[200]
    assert "Traceback" not in server.log.read_text()


def test_overload_answers_429_and_aborted_uploads_do_not_hold_up_the_end(
    shop: Shop, bento: str, tmp_path: Path
) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("service: {max_concurrency: 2}")
    server = Server(shop, tmp_path, SHELFSPACE_SETTINGS=str(params)).wait()
    try:
        load = run_load(server.port, "/search", SEARCH, concurrency=12, seconds=1.5)
        assert set(load.statuses) == {200, 429}
        assert load.closed == 0
        assert Connection(server.port).post("/search", SEARCH).status == 200
        for _ in range(2):
            half = Connection(server.port)
            half.socket.sendall(HEAD % b"Content-Length: 500" + b"{")
            half.close()
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 15
    finally:
        server.stop()
