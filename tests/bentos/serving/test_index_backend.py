"""A service whose releases PostgreSQL searches: put, search, delete, a swap, the server away and back."""

import asyncio
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bentos.application import Application
from bentos.build import build_bento
from bentos.config import ServiceConfig, read_config
from bentos.http.fast_path import FastPath
from bentos.http.served import Running
from bentos.serve import main
from bentos.serving.index_backend import IndexChoice, close_remote
from bentos.serving.loaded_release import LoadedRelease
from bentos.telemetry.metrics import METRICS
from releases import promote
from retrieval.vectors import ExactIndex
from shelfspace.errors import SettingsError
from shelfspace.files import write_json
from tests.bentos.loopback import run_load
from tests.bentos.served import OFFLINE, Server
from tests.bentos.shop import Shop
from tests.postgres import Database, database
from tests.waiting import wait_for

SECRET = "geheim-4711"
SEARCH = b'{"query": {"text": "blue shoe"}, "k": 5}'


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with database() as running:
        yield running


@pytest.fixture
def address(server: Database) -> str:
    """With a password, which this server does not ask for."""
    return server.address.replace("postgres:@", f"postgres:{SECRET}@")


@pytest.fixture
def application(shop: Shop, address: str, tmp_path: Path) -> Iterator[Application]:
    (tmp_path / "releases").symlink_to(shop.workspace.releases)
    promote(shop.workspace.root, shop.first.id)
    service = shop.settings.service.model_copy(update={"index": "postgresql", "index_seconds": 2.0})
    settings = shop.settings.model_copy(update={"service": service})
    config = ServiceConfig(
        settings, releases=tmp_path, live=tmp_path / "live", poll_seconds=0.1, database=address
    )
    made = Application(config)
    made.start()
    wait_for(lambda: made.ready, 60, pause=0.05)
    yield made
    made.close()


async def nothing(scope: dict, receive: object, send: object) -> None:
    raise AssertionError("no other route is asked")


def ask(application: Application, path: str, body: dict | None = None) -> Any:
    app = FastPath(nothing, running=Running(application), spec=dict)

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request("GET" if body is None else "POST", path, json=body)

    answer = asyncio.run(run())
    assert answer.status_code == 200, answer.text
    return answer.json()


def hits(application: Application, **body: Any) -> list[str]:
    found = ask(application, "/search", {"k": 5, **body})
    return [hit["product_id"] for hit in found["result"]["hits"]]


def answers(application: Application) -> str:
    return ask(application, "/release")["index"]["answers"]


def test_put_search_delete_and_swap(application: Application, shop: Shop, server: Database) -> None:
    loaded = application.engine.require()
    assert ask(application, "/release")["index"] == {
        "asked_for": "postgresql", "answers": "postgresql", "problem": "",
    }  # fmt: skip
    assert loaded.index.describe()["kind"] == "postgresql"
    title = shop.items[3]["title"]
    assert hits(application, query={"text": title})[0] == "P003"
    put = {"item": {"product_id": "new", "title": "violet umbrella", "price": 3}}
    ask(application, "/products/put", put)
    assert hits(application, query={"text": "violet umbrella"})[0] == "new"
    near = ask(application, "/similar", {"product_id": "P003", "k": 5})["result"]["hits"]
    own = loaded.index.own.search(loaded.vectors[3:4], 6)[1][0].tolist()  # type: ignore[attr-defined]
    known = [hit["product_id"] for hit in near if hit["product_id"] != "new"]
    assert known == [f"P{row:03d}" for row in own if row != 3][: len(known)]
    ask(application, "/products/delete", {"product_id": "P003"})
    ask(application, "/products/delete", {"product_id": "new"})
    assert not {"P003", "new"} & {*hits(application, query={"text": title})}
    assert loaded.index.fallbacks == 0  # type: ignore[attr-defined]

    promote(shop.workspace.root, shop.second.id)
    wait_for(lambda: application.engine.require().id == shop.second.id, 30, pause=0.05)
    assert answers(application) == "postgresql"
    # Who still holds the old release is answered by its own index, though its connection is closed.
    assert loaded.index.search(loaded.vectors[:1], 1)[1][0, 0] == 0


def test_the_server_away_and_back(
    application: Application, server: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    application.tell_metrics()
    wanted = hits(application, query={"text": "leather bag"})
    assert b"shelfspace_index_answering 1.0" in METRICS.text()
    server.kill()
    try:
        assert hits(application, query={"text": "leather bag"}) == wanted
        index = ask(application, "/release")["index"]
        assert index["answers"] == "release"
        assert "PostgreSQL does not answer" in index["problem"]
        text = METRICS.text()
        assert b"shelfspace_index_answering 0.0" in text
        assert re.search(rb"shelfspace_index_fallbacks_total [1-9]", text)
        assert application.ready
    finally:
        server.start()
    wait_for(lambda: answers(application) == "postgresql", 30, pause=0.1)
    assert hits(application, query={"text": "leather bag"}) == wanted
    assert SECRET not in caplog.text + str(ask(application, "/release")) + repr(application.config)


def test_away_at_the_start_it_answers_and_fills_later(
    shop: Shop, address: str, server: Database, tmp_path: Path
) -> None:
    (tmp_path / "releases").symlink_to(shop.workspace.releases)
    service = shop.settings.service.model_copy(update={"index": "postgresql"})
    settings = shop.settings.model_copy(update={"service": service})
    config = ServiceConfig(settings, releases=tmp_path, poll_seconds=0.1, database=address)
    made = Application(config)
    server.kill()
    try:
        made.start()
        wait_for(lambda: made.ready, 60, pause=0.05)
        assert hits(made, query={"text": "leather bag"})
        assert answers(made) == "release"
    finally:
        server.start()
    wait_for(lambda: answers(made) == "postgresql", 30, pause=0.1)
    made.close()


def test_a_wrong_choice_is_refused(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("service: {index: postgresql}")
    env = {"SHELFSPACE_SETTINGS": str(params)}
    with pytest.raises(SettingsError, match="SHELFSPACE_DATABASE"):
        read_config(env, baked=tmp_path)
    with pytest.raises(SettingsError, match="not shown") as caught:
        read_config({**env, "SHELFSPACE_DATABASE": f"pasword={SECRET}"}, baked=tmp_path)
    assert SECRET not in str(caught.value)
    config = read_config({**env, "SHELFSPACE_DATABASE": f"postgresql://u:{SECRET}@h/d"}, baked=tmp_path)
    assert SECRET in config.database
    assert SECRET not in repr(config)
    params.write_text("service: {index: release}")
    assert read_config({**env, "SHELFSPACE_DATABASE": "postgresql://u@h/d"}, baked=tmp_path).database == ""


def test_refined_vectors_have_a_table_of_their_own(application: Application, shop: Shop) -> None:
    loaded = LoadedRelease.load(shop.first, shop.settings.media)
    refined = np.ascontiguousarray(loaded.vectors[::-1])
    files = {**loaded.manifest["files"], "graph_embeddings.npy": "refined"}
    loaded = replace(
        loaded,
        manifest={**loaded.manifest, "files": files},
        similar_index=ExactIndex(refined),
        similar_vectors=refined,
    )
    choice = IndexChoice(application.config)
    with_server = choice.indexed(loaded, lambda: False)
    try:
        assert [index.answering for index in with_server.remote] == [True, True]
        last = len(refined) - 1
        assert with_server.index.search(refined[:1], 1)[1].tolist() == [[last]]
        assert with_server.similar_index.search(refined[:1], 1)[1].tolist() == [[0]]
        choice.tend(with_server, lambda: False)  # keeps both
        assert with_server.similar_index.search(refined[:1], 1)[1].tolist() == [[0]]
        assert [index.fallbacks for index in with_server.remote] == [0, 0]
    finally:
        close_remote(with_server.remote)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_real_service_through_a_restart_of_postgresql_under_load(
    shop: Shop, address: str, server: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in OFFLINE.items():
        monkeypatch.setenv(name, value)
    promote(shop.workspace.root, shop.first.id)
    tag = build_bento(shop.workspace, shop.first, shop.settings)
    write_json(shop.workspace.root / "bento" / "bento.json", {"bento": tag})
    params = tmp_path / "params.yaml"
    params.write_text("service: {index: postgresql}")
    told = {"SHELFSPACE_SETTINGS": str(params), "SHELFSPACE_DATABASE": address}
    service = Server(shop, tmp_path, **told).wait()

    def state() -> str:
        return service.get("/release").json()["index"]["answers"]

    def answered_by(name: str) -> None:
        found = lambda: service.get("/release").json()["index"]["answers"] == name  # noqa: E731
        wait_for(found, 60, service.process, service.log, pause=0.1)

    restarted = threading.Event()

    def restart() -> None:
        try:
            for name, step in (("postgresql", server.kill), ("release", server.start)):
                answered_by(name)
                step()
            answered_by("postgresql")
        finally:
            restarted.set()

    restarting = threading.Thread(target=restart)
    restarting.start()
    try:
        load = run_load(service.port, "/search", SEARCH, concurrency=2, seconds=150, until=restarted.is_set)
        restarting.join()
        answered_by("postgresql")
        assert set(load.statuses) == {200}
        assert (load.closed, load.cut) == (0, 0)
        assert service.stop() == 0
    finally:
        service.stop()
    log = service.log.read_text()
    assert "Traceback" not in log
    assert log.count(f"PostgreSQL answers for release {shop.first.id}") == 2
    assert "its own index answers, not PostgreSQL" in log
    assert SECRET not in log


def test_serve_says_what_is_missing(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shop.workspace.state / "bentoml" / "bentos" / "shelfspace" / "none"
    folder.mkdir(parents=True, exist_ok=True)
    params = tmp_path / "params.yaml"
    params.write_text("service: {index: postgresql}")
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(shop.workspace.root.parent))
    monkeypatch.setenv("SHELFSPACE_SETTINGS", str(params))
    monkeypatch.delenv("SHELFSPACE_DATABASE", raising=False)
    try:
        assert main(["--catalog", shop.workspace.catalog, "--bento", "shelfspace:none"]) == 2
    finally:
        folder.rmdir()
    assert "SHELFSPACE_DATABASE" in capsys.readouterr().err
