"""The ASGI layer that answers the API's routes before BentoML's own routing.

Declared routes cost about 1.3 ms a request in BentoML; here a route is a dict lookup, orjson and
the batcher. It also sees the body before anything has read it, so size and concurrency are
checked first, and every error has the same body. All other paths go on to BentoML.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio.to_thread
import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bentos.api.forms import read_form, read_query
from bentos.api.limits import IN_FLIGHT, Place
from bentos.api.parsing import Files, parse_json
from bentos.auth.access import ANYONE, VISITOR, Visitor
from bentos.endpoints import ENDPOINTS
from bentos.endpoints.endpoint import Endpoint
from bentos.errors import RequestError
from bentos.http.bodies import Disconnected, read_body, refuse, respond
from bentos.http.openapi import openapi
from bentos.http.served import Running, Served
from bentos.http.storefront import Pages
from bentos.telemetry.metrics import METRICS

__all__ = ["FastPath"]

logger = logging.getLogger("shelfspace.hot")

LARGE_BODY = 262_144
"""Bytes from which a body is parsed in a thread, so that other requests are not held up."""
PAUSE_SECONDS = 0.25
"""Before a request that finds all places taken is told so."""
FORM = "multipart/form-data"
FIELDS = "application/x-www-form-urlencoded"
FIELD = re.compile(rb"[A-Za-z_]+=")
"""How fields begin, which BentoML's client sends where no file is among them."""
JSON_TYPES = frozenset({"", "application/json", FIELDS})
"""curl -d sends JSON under the form type unless told otherwise; it is read as what it is."""


class FastPath:
    """ASGI middleware.

    Args:
        app: BentoML's application.
        running: holds the process's `Application`.
        spec: gives BentoML's own OpenAPI document, which is completed here.
    """

    def __init__(
        self,
        app: ASGIApp,
        running: Running,
        spec: Callable[[], dict[str, Any]],
    ) -> None:
        self.app = app
        self._running = running
        self._spec = spec
        self._document: bytes | None = None
        self._routes = {endpoint.path: endpoint for endpoint in ENDPOINTS.values()}
        self._pages = Pages(running)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a hot route, or hand on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin = time.perf_counter()
        path = scope["path"]
        endpoint = self._routes.get(path)
        name = endpoint.name if endpoint else "other"
        try:
            if endpoint is not None:
                if not (endpoint.by_get and scope["method"] in {"GET", "HEAD"}):
                    allow(scope, "POST")
                await self._answer(endpoint, scope, receive, send)
                METRICS.answered(name, 200, time.perf_counter() - begin)
            elif path == "/metrics":
                allow(scope, "GET")
                await metrics(self.app, scope, receive, send)
            elif path == "/docs.json":
                allow(scope, "GET")
                self._document = self._document or orjson.dumps(openapi(self._spec()))
                await respond(send, 200, self._document)
            elif not await self._pages.answer(scope, send):
                only_read(scope)
                await self.app(scope, receive, send)
        except Disconnected as refusal:
            await refuse(send, refusal)  # BentoML's timeout waits minutes for a first message
        except RequestError as refusal:
            if refusal.field == IN_FLIGHT:
                # Clients that ask again at once would keep the interpreter from those that are served.
                await asyncio.sleep(PAUSE_SECONDS)
            METRICS.answered(
                endpoint.name if endpoint else "other", refusal.status, time.perf_counter() - begin
            )
            METRICS.refused(refusal.status, refusal.field)
            await refuse(send, refusal)

    async def _answer(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        application = self._running.application or self._running.started()
        headers = dict(scope["headers"])
        try:
            with application.admission.request() as place:
                try:
                    if scope["method"] == "POST":
                        kind = content_type(headers)
                        begin = time.perf_counter()
                        try:
                            data = await whole_body(application, headers, receive, place, endpoint.most_bytes)
                        finally:
                            METRICS.seconds.append(("read", time.perf_counter() - begin))
                        body, files = await parse(endpoint, kind, headers, data)
                        del data
                    else:
                        body, files = read_query(endpoint, scope["query_string"]), None
                except Disconnected:
                    raise
                except RequestError as refusal:
                    application.refused(endpoint.name, refusal, 0.0)
                    raise
                visitor = scope.get(VISITOR, ANYONE)
                answer = await in_time(application, endpoint, body, files, visitor)
        except RequestError:
            raise
        except Exception:
            # The one place where a bug becomes a 500: logged with its trace, told without it.
            logger.exception("%s failed", endpoint.path)
            problem = RequestError(500, "service", endpoint.name, "retry; the service's log says what failed")
            application.refused(endpoint.name, problem, 0.0)
            raise problem from None
        scope["shelfspace.release"] = answer["release"]  # for the access log
        begin = time.perf_counter()
        body = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        METRICS.seconds.append(("serialise", time.perf_counter() - begin))
        await respond(send, 200, body)


async def in_time(
    application: Served, endpoint: Endpoint, body: Any, files: Files | None, visitor: Visitor
) -> dict[str, Any]:
    """The answer of the application.

    Raises:
        RequestError: what the application refuses; 504 where it takes too long. Work in a thread is not
            cut off by that: a write may be done all the same.
    """
    seconds = application.limits.answer_seconds
    try:
        async with asyncio.timeout(seconds) as clock:
            return await application.answer(endpoint.name, body, files, visitor)
    except TimeoutError:
        if not clock.expired():
            raise
        remedy = f"send fewer or smaller items, or raise service.answer_seconds ({seconds:g} s)"
        if endpoint.writes:
            remedy += "; the change may be there all the same, and sending it again does no harm"
        raise RequestError(504, "service", endpoint.name, remedy, retry_after=5) from None


def only_read(scope: Scope) -> None:
    """Keep all but GET and HEAD from BentoML's own routes (404).

    They answer calls too, under more spellings of a path than these here, and know none of our limits.
    """
    if scope["method"] not in {"GET", "HEAD"}:
        raise RequestError(404, "path", scope["path"], "no such route; /docs.json names those there are")


def allow(scope: Scope, method: str) -> None:
    """Refuse another method (405); HEAD counts as GET."""
    if scope["method"] not in ({"GET", "HEAD"} if method == "GET" else {method}):
        raise RequestError(405, "method", scope["method"], f"use {method} {scope['path']}")


def content_type(headers: dict[bytes, bytes]) -> str:
    """The media type of the body.

    Raises:
        RequestError: 415 for a type or an encoding that is not read.
    """
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES and kind != FORM:
        raise RequestError(415, "Content-Type", kind, f"send application/json or {FORM}")
    encoding = headers.get(b"content-encoding", b"identity").decode("latin-1")
    if encoding.lower() != "identity":
        raise RequestError(415, "Content-Encoding", encoding, "send the body uncompressed")
    return kind


async def whole_body(
    application: Served, headers: dict[bytes, bytes], receive: Receive, place: Place, most: int = 0
) -> bytes:
    """The body, within the bounds of one and of all in flight.

    Raises:
        RequestError: 413 before reading where the length is declared, else while reading; 408 where
            it takes too long; 503 where the bodies in flight leave no room.
    """
    limits = application.limits

    def hold(size: int) -> None:
        if size > place.held:
            limits.check_body(size, most)
            place.hold(size)

    declared = headers.get(b"content-length", b"")
    if declared.isdigit():
        hold(int(declared))
    return await read_body(receive, limits.body_seconds, hold)


async def parse(
    endpoint: Endpoint, kind: str, headers: dict[bytes, bytes], data: bytes
) -> tuple[Any, Files | None]:
    """The body as plain values, and the files of a form.

    Raises:
        RequestError: 400 for bytes that are no JSON or no form.
    """
    if kind == FORM:
        return await read_form(endpoint, headers[b"content-type"].decode("latin-1"), data)
    read: Callable[[bytes], Any] = parse_json
    if kind == FIELDS and FIELD.match(data):
        read = partial(read_query, endpoint)
    if len(data) > LARGE_BODY:
        return await anyio.to_thread.run_sync(read, data), None
    return read(data), None


async def metrics(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """What BentoML counts and what this service counts, as one answer in Prometheus's text format."""
    parts: list[bytes] = []
    status = 404

    async def keep(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    theirs = b"".join(parts) if status == 200 else b""  # 404 where its metrics are switched off
    await respond(send, 200, theirs + METRICS.text(), kind=b"text/plain; version=0.0.4; charset=utf-8")
