"""Whole bodies over ASGI: that of a request read within bounds, that of an answer or an error sent."""

import asyncio
from collections.abc import Callable

import orjson
from starlette.types import Message, Receive, Send

from bentos.errors import RequestError

__all__ = ["Disconnected", "read_body", "refuse", "respond"]


class Disconnected(RequestError):  # noqa: N818 - an event more than an error
    """The client went away before its body was complete; nobody reads the answer."""

    def __init__(self) -> None:
        super().__init__(400, "body", "incomplete", "send the whole body")


async def read_body(receive: Receive, seconds: float, hold: Callable[[int], None]) -> bytes:
    """The whole body, refused as soon as it is known to be too large.

    Args:
        seconds: what it may take to arrive.
        hold: called with the bytes there are so far; raises `RequestError` for too many.

    Raises:
        RequestError: 400 where the client goes away, 408 where it takes too long.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                chunk = message.get("body", b"")
                if chunk:
                    size += len(chunk)
                    hold(size)
                    chunks.append(chunk)
                if not message.get("more_body", False):
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except TimeoutError:
        remedy = f"send the whole body within {seconds:g} s"
        raise RequestError(408, "body", "incomplete", remedy) from None


async def respond(
    send: Send,
    status: int,
    body: bytes,
    extra: tuple[tuple[bytes, bytes], ...] = (),
    kind: bytes = b"application/json",
) -> None:
    """Send a whole answer."""
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *extra,
    ]
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, refusal: RequestError) -> None:
    """Send an error; one that is worth repeating says when."""
    extra = ((b"retry-after", str(refusal.retry_after).encode()),) if refusal.retry_after else ()
    if refusal.status == 408:
        extra = (*extra, (b"connection", b"close"))  # the rest of the body may never come
    await respond(send, refusal.status, orjson.dumps(refusal.body()), extra)
