"""Logging in from a page: the key goes into a cookie that no script can read.

POST   /session {"key": "..."}   sets the cookie; 401 for a wrong key
GET    /session                  whether a key is needed, and what the one that was sent may do
DELETE /session                  takes the cookie away
"""

from typing import Any

import orjson
from starlette.types import Receive, Scope

from bentos.api.parsing import parse_json
from bentos.auth.access import ANYONE, COOKIE, Door, token_of
from bentos.auth.keys import SCOPES, Key
from bentos.errors import RequestError
from bentos.http.bodies import read_body

__all__ = ["SESSION", "answer_session", "session_paths"]

SESSION = "/session"
MAX_BODY = 4096


async def answer_session(
    door: Door, scope: Scope, receive: Receive, address: str, seconds: float
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Body and headers of the answer.

    Args:
        door: checks the key.
        scope, receive: the request.
        address: of the client, for counting wrong keys.
        seconds: what the body may take.

    Raises:
        RequestError: 400, 401, 405, 408, 413, 422 or 429.
    """
    method = scope["method"]
    if method == "DELETE":
        return state(door, None), [(b"set-cookie", cookie("", scope, "Max-Age=0"))]
    if method in {"GET", "HEAD"}:
        token, _ = token_of(dict(scope["headers"]))
        return state(door, door.verify(token, address) if token and door.ring.required else None), []
    if method != "POST":
        raise RequestError(405, "method", method, f"use GET, POST or DELETE {SESSION}")
    body = parse_json(await read_body(receive, seconds, hold))
    if not isinstance(body, dict) or set(body) != {"key"} or not isinstance(body["key"], str):
        raise RequestError(422, "key", "missing", 'send {"key": "..."} and nothing else')
    if not door.ring.required:
        return state(door, None), []
    token = body["key"].strip()
    if not token.isascii():
        raise RequestError(422, "key", "not ASCII", "send the key as it was printed")
    return state(door, door.verify(token, address)), [(b"set-cookie", cookie(token, scope))]


def state(door: Door, key: Key | None) -> bytes:
    """Whether a key is needed, and the scopes there are without one, or of this one."""
    if not door.ring.required:
        return orjson.dumps(
            {"required": False, "key": "", "scopes": [one for one in SCOPES if one in ANYONE.scopes]}
        )
    answer: dict[str, Any] = {"required": True, "key": "", "scopes": []}
    if key is not None:
        answer |= {"key": key.id, "scopes": list(key.scopes)}
    return orjson.dumps(answer)


def cookie(value: str, scope: Scope, *more: str) -> bytes:
    """The cookie: ends with the browser, goes to this host alone, never with a foreign page's request."""
    parts = [f"{COOKIE}={value}", "Path=/", "HttpOnly", "SameSite=Strict", *more]
    if scope.get("scheme") == "https":
        parts.append("Secure")
    return "; ".join(parts).encode("ascii")


def hold(size: int) -> None:
    """Refuse a body that is larger than many keys (413)."""
    if size > MAX_BODY:
        raise RequestError(413, "body", f"{size} bytes", f"send at most {MAX_BODY} bytes")


def session_paths() -> dict[str, Any]:
    """What the OpenAPI document says of /session."""
    answer = {
        "type": "object",
        "properties": {
            "required": {"type": "boolean", "description": "Whether the service asks for a key."},
            "key": {"type": "string", "description": "Id of the key that was sent."},
            "scopes": {"type": "array", "items": {"type": "string", "enum": list(SCOPES)}},
        },
        "required": ["required", "key", "scopes"],
    }
    found = {"200": {"description": "The state.", "content": {"application/json": {"schema": answer}}}}
    key = {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]}
    sent = {"content": {"application/json": {"schema": {**key, "additionalProperties": False}}}}
    return {
        "get": {"operationId": "session", "summary": "Whether a key is needed", "responses": found},
        "post": {
            "operationId": "log_in",
            "summary": "Put a key into a cookie",
            "requestBody": {**sent, "required": True},
            "responses": found,
        },
        "delete": {"operationId": "log_out", "summary": "Take the cookie away", "responses": found},
    }
