"""What one connection may do before its request reaches the service: uvicorn's protocol with bounds.

uvicorn waits for ever for the head of a request, reads a head of any length, and goes on reading a
body whose answer is given. Here each has a limit, so that a client that dribbles (Slowloris) or
floods is cut off, and is told why in the body every error has. Where connections run out, the one
that has been without a request for longest makes room: half-open ones keep nobody out.
"""

import asyncio
import resource
from typing import TYPE_CHECKING, ClassVar

import orjson
import uvicorn.config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from bentos.errors import RequestError

if TYPE_CHECKING:
    from asyncio import TimerHandle

__all__ = ["GuardedProtocol", "use_guarded_connections"]

HEAD_SECONDS = 10.0
"""From the opening of a connection, or the first byte of a later request, to the end of its head."""
HEAD_BYTES = 32_768
HEAD_FIELDS = 100
LINGER_SECONDS = 5.0
"""How long the rest of a body may come in after its request was answered."""
UNREAD_SECONDS = 1.0
"""How long a refused connection is read from, and all of it thrown away, so that its answer arrives."""
STALLED_SECONDS = 60.0
"""How long a client may leave an answer unread."""
CONNECTIONS = 1000
FILES = 4 * CONNECTIONS
"""Open files that a process asks for: a connection is one, and where none is left nothing is accepted."""

TOO_LONG = RequestError(
    431, "head", "too long", f"send at most {HEAD_FIELDS} header fields, {HEAD_BYTES} bytes"
)
LATE = RequestError(408, "head", "incomplete", f"send the head of a request within {HEAD_SECONDS:g} s")
INVALID = RequestError(400, "request", "not HTTP", "send a valid HTTP/1.1 request")
FULL = RequestError(
    503, "connections", CONNECTIONS, "retry in a second, over fewer connections", retry_after=1
)


class HeadTooLongError(ValueError):
    """Raised inside the parser, which then stops."""


class GuardedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with limits on heads, left-over bodies, unread answers and connections."""

    waiting: ClassVar[dict["GuardedProtocol", None]] = {}
    """Connections without a request, those that have waited longest first."""

    _timer: "TimerHandle | None" = None
    _linger: "TimerHandle | None" = None
    _stalled: "TimerHandle | None" = None
    _in_head = True
    _in_body = False
    _head_size = 0
    _head_fields = 0
    _refusal: RequestError = INVALID
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS and not self._make_room():
            self._refuse(FULL)
            return
        self.waiting[self] = None
        self._timer = self.loop.call_later(HEAD_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._timer, self._linger, self._stalled):
            if timer is not None:
                timer.cancel()
        self.waiting.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused or self.transport.is_closing():
            return
        if not self._in_body and not self._in_head:
            # Empty lines before a request begin none, yet end uvicorn's wait for one.
            self._begin_head()
        super().data_received(data)
        if self._in_head:
            # Counted only while a head is open, so a body in the same piece does not count.
            self._head_size += len(data)
            if self._head_size > HEAD_BYTES:
                self._refuse(TOO_LONG)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_fields += 1
        # In bytes of this field alone: what came before it is counted where it is received.
        if self._head_fields > HEAD_FIELDS or len(name) + len(value) > HEAD_BYTES:
            self._refusal = TOO_LONG
            raise HeadTooLongError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        self.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self.waiting[self] = None
        if self._in_body and self._linger is None and not self.transport.is_closing():
            self._linger = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def send_400_response(self, msg: str) -> None:
        del msg  # uvicorn's words for what the parser refused
        self._refuse(self._refusal)

    def _begin_head(self) -> None:
        self._in_head = True
        self._head_size = self._head_fields = 0
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._late)

    def _make_room(self) -> bool:
        """End the connection that has been without a request for longest; whether there was one."""
        longest = next(iter(self.waiting), None)
        if longest is None:
            return False
        del self.waiting[longest]
        if longest._in_head:
            longest._refuse(FULL)
        else:  # kept for a further request: it ends as it does when none comes
            longest.transport.close()
        return True

    def _late(self) -> None:
        self._timer = None
        if self._in_head:
            self._refuse(LATE)

    def _refuse(self, refusal: RequestError) -> None:
        """Write the answer and close; an answer under way is not written into."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self.cycle is None or self.cycle.response_complete:
            body = orjson.dumps(refusal.body())
            again = b"retry-after: %d\r\n" % refusal.retry_after if refusal.retry_after else b""
            head = b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
            safe = b"x-content-type-options: nosniff\r\nconnection: close\r\n"
            self.transport.write(STATUS_LINE[refusal.status] + head + again + safe + b"\r\n" + body)
            if self.transport.can_write_eof() and refusal is not FULL:
                # Closed at once, what is still coming in would make the kernel take the answer back.
                self.transport.write_eof()
                self._linger = self.loop.call_later(UNREAD_SECONDS, self.transport.close)
                return
        self.transport.close()


def use_guarded_connections() -> None:
    """Make this the protocol of uvicorn servers of this process that name none, as BentoML's does.

    The process may then have as many files open as its connections and all else need.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{GuardedProtocol.__name__}"
