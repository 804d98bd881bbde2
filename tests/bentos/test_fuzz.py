"""A small, seeded part of `make fuzz` against a real server; tests/fuzz holds the generators."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.bentos.bare import uvicorn_serving
from tests.bentos.served import Server
from tests.bentos.shop import Shop
from tests.fuzz.campaign import KINDS, Campaign, inputs, judged, resident
from tests.fuzz.schema import check_document
from tests.fuzz.served import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NUMBER = 60


@pytest.fixture(scope="module")
def server(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(shop, tmp_path_factory.mktemp("fuzz")) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_inputs_get_a_4xx_that_says_why(server: Server, tmp_path: Path, kind: str) -> None:
    campaign = Campaign(server.port, tmp_path)
    campaign.run(kind, NUMBER, seed=1)
    before = resident(server.process.pid)
    campaign.run(kind, NUMBER, seed=1)  # the same again: what grows now, grows for ever
    assert not campaign.failures, campaign.failures[:5]
    refused = sum(count for status, count in campaign.statuses[kind].items() if status >= 400)
    assert refused > NUMBER / 2  # the inputs are hostile, not merely odd
    assert resident(server.process.pid) - before < 150_000_000


def test_the_openapi_document_holds(server: Server) -> None:
    assert check_document(server.port, 4, 1) == 0


def test_a_document_that_lies_is_found_out() -> None:
    described = {"get": {"responses": {"200": {"description": "fine"}}}}
    document = {"openapi": "3.0.2", "info": {"title": "t", "version": "1"}, "paths": {"/a": described}}

    async def lying(scope: Scope, receive: Receive, send: Send) -> None:
        answer = JSONResponse(document) if scope["path"] == "/docs.json" else JSONResponse({}, 409)
        await answer(scope, receive, send)

    with uvicorn_serving(lying) as port:
        assert check_document(port, 2) == 1


def test_the_server_came_through(server: Server) -> None:
    """Last: it neither crashed nor logged a trace."""
    log = server.log.read_text(errors="replace")
    assert "Traceback" not in log
    assert log.count("initialized") == 1
    assert server.stop() == 0


def test_inputs_are_seeded() -> None:
    for kind in KINDS:
        assert inputs(kind, 40, 5) == inputs(kind, 40, 5)
        assert inputs(kind, 90, 5) != inputs(kind, 90, 6)
        assert len(inputs(kind, 90)) == 90


def test_the_judge_sees_what_is_wrong() -> None:
    from tests.bentos.loopback import Reply

    good = b'{"error": {"field": "a", "value": "b", "remedy": "c", "message": "d"}}'
    assert judged(Reply(422, {}, good)) == ""
    assert "500" in judged(Reply(500, {}, good))
    assert "holds" in judged(Reply(422, {}, good.replace(b'"d"', b'"Traceback"')))
    assert judged(Reply(422, {}, b"plain words"))
    assert judged(Reply(422, {}, good.replace(b'"c"', b'""')))
    assert judged(Reply(200, {}, b"{}"))
