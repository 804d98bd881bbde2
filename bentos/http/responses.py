"""Whole answers over ASGI: a body, an error."""

import orjson
from starlette.types import Message, Send

from bentos.errors import RequestError

__all__ = ["refuse", "respond"]


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
