"""The storefront's files and media over HTTP: `/`, `/product/<id>`, `/about`, `/static/*`, `/media/*`.

Every static file is read once at start and looked up by its exact name, so that no part of a
request ever becomes a path on the disk. The page names its scripts with the hash of all files in
their path: they may be cached for good, and an upgrade is seen at once.
"""

import gzip
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs

import anyio
import anyio.to_thread
import orjson
from starlette.types import Scope, Send

from bentos.endpoints import FACTS, PEOPLE
from bentos.endpoints.people import DATA, answer_csv, answer_sheet
from bentos.endpoints.release_overview import SHADOW, shadow_page
from bentos.errors import RequestError
from bentos.http.security_headers import PAGE_POLICY
from bentos.http.served import Running
from bentos.serving.backend import Backend
from bentos.serving.media import MediaShelf
from shelfspace.hashing import content_hash

__all__ = ["PAGES", "Pages", "StaticFile", "read_static"]

logger = logging.getLogger("shelfspace.pages")

Made = TypeVar("Made")
STATIC = Path(__file__).resolve().parent.parent / "static"
PAGE, DOCS = "index.html", "docs.html"
PAGES = frozenset({"/", "/about", "/cart", *(f"/{name}" for name in PEOPLE)})
"""Paths that are answered with the storefront's page, which holds nothing of the catalogue."""
VERSION = b"{version}"
"""In the page's text, where the hash of all files goes."""
DOCS_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""The API page is Swagger UI, which styles its elements inline; its scripts are files like all others."""
SHADOW_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""Its photos stand in it, and it runs nothing."""
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
OPENERS = 2
"""Threads that read, decode and scale media; each may hold one decoded photo of the largest size."""


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent.

    Attributes:
        body, zipped: its bytes, plain and by gzip.
        kind: media type.
        etag: quoted hash of the bytes.
        cache: Cache-Control.
    """

    body: bytes
    zipped: bytes
    kind: str
    etag: str
    cache: str

    @classmethod
    def of(cls, body: bytes, suffix: str, cache: str) -> "StaticFile":
        return cls(
            body, gzip.compress(body, 9, mtime=0), KINDS[suffix], f'"{content_hash(body)[:16]}"', cache
        )


def read_static(folder: Path = STATIC) -> tuple[dict[str, StaticFile], dict[str, StaticFile]]:
    """The pages by file name, and all other files by path.

    `/static/<hash>/<name>` may be kept for good, `/static/<name>` is asked for again.
    """
    bodies = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*"))
              if p.suffix in KINDS and p.is_file()}  # fmt: skip
    version = content_hash(b"".join(name.encode() + b"\0" + body for name, body in bodies.items()))[:12]
    files: dict[str, StaticFile] = {}
    for name, body in bodies.items():
        suffix = Path(name).suffix
        if suffix != ".html":
            files[f"/static/{version}/{name}"] = StaticFile.of(body, suffix, FOR_GOOD)
            files[f"/static/{name}"] = StaticFile.of(body, suffix, ASK_AGAIN)
    pages = {name: StaticFile.of(bodies[name].replace(VERSION, version.encode()), ".html", ASK_AGAIN)
             for name in (PAGE, DOCS)}  # fmt: skip
    return pages, files


class Pages:
    """Answers page routes; everything else is somebody else's.

    Args:
        application: gives the process's application (None before the service exists).
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._pages, self._files = read_static()
        self._openers: anyio.CapacityLimiter | None = None

    async def answer(self, scope: Scope, send: Send) -> bool:
        """Answer a page route; False for any other path.

        Raises:
            RequestError: 404 for a file or media key that is not there, 405 for another method, 503
                before a release is loaded where one is needed.
        """
        path: str = scope["path"]
        if path in PAGES or path.startswith("/product/"):
            only_get(scope)
            await send_file(scope, send, self._pages[PAGE])
        elif path == "/docs":
            only_get(scope)
            await send_file(scope, send, self._pages[DOCS], DOCS_POLICY)
        elif path.startswith("/static/") or path == "/favicon.ico":
            only_get(scope)
            file = self._files.get("/static/icon.svg" if path == "/favicon.ico" else path)
            if file is None:
                raise RequestError(404, "path", path[:200], "there is no such file")
            await send_file(scope, send, file)
        elif path.startswith("/media/"):
            only_get(scope)
            await self._media(path.removeprefix("/media/"), scope, send)
        elif path in FACTS:
            only_get(scope)
            facts = await self._read(path, FACTS[path].read)
            await send_bytes(scope, send, orjson.dumps(facts), b"application/json", "no-store")
        elif path == SHADOW:
            only_get(scope)
            body = await self._read(path, shadow_page)
            policy = [(b"content-security-policy", SHADOW_POLICY)]
            await send_bytes(scope, send, body, KINDS[".html"].encode(), "no-store", extra=policy)
        elif path.startswith(f"{DATA}/"):
            only_get(scope)
            await self._for_people(path.removeprefix(f"{DATA}/"), scope, send)
        else:
            return False
        return True

    async def _read(self, path: str, read: Callable[[Backend], Made]) -> Made:
        """What a function of the backend gives, in a thread.

        Raises:
            RequestError: 500 where it fails, told without its trace, as the fast path does.
        """
        backend = self._running.started().backend
        try:
            return await anyio.to_thread.run_sync(read, backend, limiter=self._limiter())
        except RequestError:
            raise
        except Exception:  # also of files that other programs wrote
            logger.exception("%s failed", path)
            raise RequestError(500, "service", path, "the service's log says what failed") from None

    async def _for_people(self, asked: str, scope: Scope, send: Send) -> None:
        name, _, table = asked.partition("/")
        page = PEOPLE.get(name)
        if page is None or (table and not table.endswith(".csv")):
            raise RequestError(404, "path", scope["path"][:200], f"GET {DATA} names the pages there are")
        if not table:
            sheet = await self._read(scope["path"], partial(answer_sheet, page))
            await send_bytes(scope, send, orjson.dumps(sheet), b"application/json", "no-store")
            return
        language = parse_qs(scope["query_string"].decode("latin-1")).get("language", ["en"])[-1]
        made = partial(answer_csv, page, table.removesuffix(".csv"), language)
        named = f'attachment; filename="{name}-{table}"'.encode("latin-1")
        body = await self._read(scope["path"], made)
        extra = [(b"content-disposition", named)]
        await send_bytes(scope, send, body, b"text/csv; charset=utf-8", "no-store", extra=extra)

    async def _media(self, key: str, scope: Scope, send: Send) -> None:
        backend = self._running.started().backend
        size = asked_size(scope)
        loaded = backend.engine.require()
        etag = backend.media.etag(loaded, key, size)
        cache = "private, max-age=300"
        if etag in known_tags(scope):
            await send_unchanged(send, etag, cache)
            return
        kind, body = await anyio.to_thread.run_sync(
            backend.media.read, loaded, key, size, limiter=self._limiter()
        )
        await send_bytes(scope, send, body, kind, cache, etag, ranges=True)

    def _limiter(self) -> anyio.CapacityLimiter:
        if self._openers is None:  # belongs to an event loop, which is not there yet at start
            self._openers = anyio.CapacityLimiter(OPENERS)
        return self._openers


def only_get(scope: Scope) -> None:
    """Refuse another method than GET and HEAD (405)."""
    if scope["method"] not in {"GET", "HEAD"}:
        raise RequestError(405, "method", scope["method"], f"use GET {scope['path'][:200]}")


def asked_size(scope: Scope) -> int | None:
    """`size` of the query string, pixels; None where it is not given.

    Raises:
        RequestError: 422 for anything but one of the fixed sizes.
    """
    given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("size")
    if not given:
        return None
    if given[-1] not in MediaShelf.SIZES:
        raise RequestError(422, "size", given[-1][:40], f"ask for one of {', '.join(MediaShelf.SIZES)}")
    return MediaShelf.SIZES[given[-1]]


def header(scope: Scope, name: bytes) -> str:
    """A request header; "" where it is not sent."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def known_tags(scope: Scope) -> frozenset[str]:
    """The entity tags that the client holds already."""
    return frozenset(
        tag.strip().removeprefix("W/") for tag in header(scope, b"if-none-match").split(",") if tag
    )


async def send_unchanged(send: Send, etag: str, cache: str) -> None:
    """Tell the client that what it holds is still right (304)."""
    headers = [(b"etag", etag.encode()), (b"cache-control", cache.encode())]
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def send_file(scope: Scope, send: Send, file: StaticFile, policy: str = "") -> None:
    """Send a static file, compressed where the client takes that.

    Args:
        policy: a content policy of its own; without one the guard gives the page its usual one.
    """
    if file.etag in known_tags(scope):
        await send_unchanged(send, file.etag, file.cache)
        return
    zipped = "gzip" in header(scope, b"accept-encoding")
    extra = [(b"vary", b"accept-encoding")]
    if policy:
        extra.append((b"content-security-policy", policy.encode()))
    if zipped:
        extra.append((b"content-encoding", b"gzip"))
    body = file.zipped if zipped else file.body
    await send_bytes(scope, send, body, file.kind.encode(), file.cache, file.etag, extra)


async def send_bytes(
    scope: Scope,
    send: Send,
    body: bytes,
    kind: bytes,
    cache: str,
    etag: str = "",
    extra: Iterable[tuple[bytes, bytes]] = (),
    ranges: bool = False,
) -> None:
    """Send an answer; with `ranges`, one range of it where the client asks for that (RFC 9110, 14)."""
    status, part = 200, body
    headers = [(b"content-type", kind), (b"cache-control", cache.encode()), *extra]
    if etag:
        headers.append((b"etag", etag.encode()))
    if ranges:
        headers.append((b"accept-ranges", b"bytes"))
        span = asked_range(header(scope, b"range"), len(body))
        if span is not None:
            status, part = 206, body[span[0] : span[1] + 1]
            headers.append((b"content-range", f"bytes {span[0]}-{span[1]}/{len(body)}".encode()))
    headers.append((b"content-length", str(len(part)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else part})


def asked_range(value: str, length: int) -> tuple[int, int] | None:
    """First and last byte of a single range within `length` bytes; None to send everything."""
    found = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", value.strip())
    if not found or not any(found.groups()) or not length:
        return None
    first, last = found.groups()
    if not first:
        return max(0, length - int(last)), length - 1
    begin, end = int(first), min(int(last) if last else length - 1, length - 1)
    return (begin, end) if begin <= end else None
