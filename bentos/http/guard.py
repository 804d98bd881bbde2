"""The outermost ASGI layer: no request reaches another one before it has passed here.

In this order: the path, the address and name it was asked by, the page it came from, its key.
Every answer, BentoML's own too, leaves with security headers and a request id, and as one line
in the access log.
"""

import itertools
import re
import secrets
import time
from typing import Any, cast

from bentoml._internal.server.http import instruments
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bentos.auth.access import (
    ANYONE,
    VISITOR,
    Visitor,
    check_host,
    check_path,
    check_site,
    refuse_public,
    token_of,
)
from bentos.auth.keys import ScopeName
from bentos.endpoints import ENDPOINTS, FACTS
from bentos.endpoints.people import DATA
from bentos.errors import RequestError
from bentos.http.bodies import refuse, respond
from bentos.http.security_headers import lacking, unshared
from bentos.http.served import Running, Served
from bentos.http.session import SESSION, answer_session
from bentos.http.storefront import PAGES
from bentos.telemetry.metrics import METRICS

__all__ = ["Guard", "RouteMetrics", "count_by_route", "route_of"]

HEALTH = frozenset({"/livez", "/readyz", "/healthz"})
OPEN = frozenset({*HEALTH, *PAGES, SESSION, "/favicon.ico"})
OPEN_FOLDERS = ("/static/", "/product/")
"""What asks for no key: health, and pages, which hold nothing of the catalogue themselves."""
SCOPES = {endpoint.path: endpoint.scope for endpoint in ENDPOINTS.values()} | {
    page.path: page.scope for page in FACTS.values()
}
OF_ANYONE = frozenset(endpoint.path for endpoint in ENDPOINTS.values() if endpoint.open)
"""Routes that are asked without a key too, and say themselves what is taken then."""
LISTED = frozenset({*OPEN, *SCOPES, "/docs", "/docs.json", "/schema.json", "/metrics"})
FOLDERS = (*OPEN_FOLDERS, f"{DATA}/", "/media/", "/static_content/")
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
START, NUMBERS = secrets.token_hex(8).encode(), itertools.count()
"""Of the request ids of this process; they tell requests apart, and are no secret."""
ASKED = "shelfspace.asked"
"""Key of a request's own scope within the one that BentoML counts."""
ROUTE = "shelfspace.route"


class Guard:
    """ASGI middleware.

    Args:
        app: the layers within, `bentos.http.fast_path.FastPath` first.
        running: holds the process's `Application`.
    """

    def __init__(self, app: ASGIApp, running: Running) -> None:
        self.app = app
        self._running = running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        scope = scope.get(ASKED, scope)
        if scope["type"] == "websocket":  # nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        application = self._running.application
        visit = Visit(scope, receive, send)
        try:
            if application is not None:
                self._check(application, visit)
            elif scope["path"] not in HEALTH:
                self._running.started()
            if application is not None and scope["path"] == SESSION:
                seconds, source = application.limits.body_seconds, visit.receive
                body, extra = await answer_session(application.door, scope, source, visit.address, seconds)
                visit.private = True
                await respond(visit.send, 200, body, tuple(extra))
            else:
                await self.app(scope, visit.receive, visit.send)
        except RequestError as refusal:
            METRICS.refused(refusal.status, refusal.field)
            await refuse(visit.send, refusal)
        finally:
            if application is not None and application.access.on:
                application.access.add([visit.row()])

    def _check(self, application: Served, visit: "Visit") -> None:
        scope, headers = visit.scope, visit.headers
        path = scope["path"]
        door = application.door
        ring = door.ring
        if ring.clock() >= ring.due:
            ring.refresh()
        check_path(path)
        required = ring.required
        if not required:
            refuse_public(scope)
        if path in HEALTH:
            return
        check_host(scope, application.host_names)
        if not (required and token_of(headers)[1]):
            check_site(scope, headers)
        scopes = ANYONE.scopes
        if path in OF_ANYONE and not (required and token_of(headers)[0]):
            door.stranger(visit.address)
        if required and not is_open(path):
            visit.private = True
            scopes = frozenset()
            if path not in OF_ANYONE:
                key = door.enter(headers, visit.address, needed(path))
            elif token_of(headers)[0]:
                key = door.enter(headers, visit.address, None)
            else:
                key = None
            if key is not None:
                visit.key, scopes = key.id, frozenset(key.scopes)
        scope[VISITOR] = Visitor(scopes, visit.address)


class Visit:
    """One request: what is counted of it, and the way its answer leaves."""

    __slots__ = ("_begin", "_id", "_receive", "_replaced", "_send", "_size", "address", "bytes_in",
                 "headers", "key", "private", "scope", "status")  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        client = scope.get("client")
        self.address: str = client[0] if client else ""
        self.key = ""
        self.private = False
        self.status = 0
        self.bytes_in = self._size = 0
        self._receive, self._send = receive, send
        self._replaced = False
        self._begin = time.perf_counter()
        given = self.headers.get(b"x-request-id", b"")
        self._id = given if given and REQUEST_ID.fullmatch(given) else b"%s%016x" % (START, next(NUMBERS))

    async def receive(self) -> Message:
        """The next message of the request."""
        message = await self._receive()
        self.bytes_in += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the answer, with the headers every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message["headers"])
            if self.status in {404, 405} and (b"content-type", b"text/plain; charset=utf-8") in headers:
                self._replaced = True  # the bare words of the router below
                remedy = "no such route; /docs.json names those there are"
                await refuse(self.send, RequestError(self.status, "path", self.scope["path"], remedy))
                return
            own = dict(headers)
            more = lacking(tuple(own), own.get(b"content-type", b""), self.status == 304)
            headers = [*headers, *more, (b"x-request-id", self._id)]
            if self.status == 401:
                headers.append((b"www-authenticate", b'Bearer realm="shelfspace"'))
            message = {**message, "headers": unshared(headers) if self.private else headers}
        elif self._replaced and self._size:
            return
        self._size += len(message.get("body", b""))
        await self._send(message)

    def row(self) -> dict[str, object]:
        """The row of the access log, which hashes the address before it writes it."""
        return {
            "time": time.time(),
            "request": self._id.decode(),
            "method": self.scope["method"][:16],
            "route": self.scope.get(ROUTE) or route_of(self.scope["path"]),
            "status": self.status,
            "seconds": round(time.perf_counter() - self._begin, 6),
            "bytes_in": self.bytes_in,
            "bytes_out": self._size,
            "release": self.scope.get("shelfspace.release", ""),
            "key": self.key,
            "client": self.address,
        }


def is_open(path: str) -> bool:
    """Whether a path asks for no key."""
    return path in OPEN or path.startswith(OPEN_FOLDERS)


def needed(path: str) -> ScopeName:
    """The scope a path asks for; what is no route below /products/ counts as writing."""
    if path.startswith(f"{DATA}/"):
        return "insights"
    return SCOPES.get(path, "write" if path.startswith("/products/") else "read")


def route_of(path: str) -> str:
    """The route a path belongs to, without what it names."""
    if path in LISTED:
        return path
    for folder in FOLDERS:
        if path.startswith(folder):
            return f"{folder}*"
    return "other"


class RouteMetrics(instruments.RunnerTrafficMetricsMiddleware):
    """BentoML's layer around the guard: it counts by route; the guard takes the request as it came from it.

    By itself it makes a series of each path that anybody asks for: a photo's address holds a product's id,
    and a stranger invents paths without end. Each would take memory and a place in the files of counts.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request by its route; what has no path, such as the start of the server, is passed on."""
        if "path" in scope:
            scope[ROUTE] = route_of(scope["path"])
            scope = {**scope, "path": scope[ROUTE], ASKED: scope}
        await super().__call__(scope, receive, send)


def count_by_route() -> None:
    """Have BentoML's applications that are made from now on count by route."""
    cast(Any, instruments).RunnerTrafficMetricsMiddleware = RouteMetrics
