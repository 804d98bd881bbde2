"""One HTTP request after the other over one connection, byte for byte as it is meant."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BOUNDARY", "HEADERS_LEFT_OUT", "JSON", "Answer", "Client", "Raw", "form"]

JSON = {"content-type": "application/json"}
BOUNDARY = "comparison-7d1c"
HEADERS_LEFT_OUT = frozenset({"date", "x-request-id", "content-length", "etag", "last-modified"})
"""Headers of an answer that differ from one answer to the next, or follow from its body."""
SECONDS = 120


@dataclass(frozen=True)
class Raw:
    """One request as it is sent.

    Attributes:
        name: unique; its part before the last slash is the kind that differences are grouped by.
        headers: in addition to Host and Content-Length, which can be set here too.
    """

    name: str
    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Status, headers (lower case) and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def plain(self) -> Any:
        """The body as plain values; its text where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body.decode("utf-8", "replace")

    def shown_headers(self) -> dict[str, str]:
        """The headers that are compared."""
        return {k: v for k, v in sorted(self.headers.items()) if k not in HEADERS_LEFT_OUT}


class Client:
    """A connection to the service that is made anew where the service has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request and read the whole answer.

        Raises:
            OSError: nobody listens, or the connection broke twice.
        """
        sent = dict(headers or {})
        host = sent.pop("host", self.address)
        for again in (True, False):
            connection = self._connection or http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=SECONDS
            )
            self._connection = connection
            try:
                connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
                connection.putheader("host", host)
                for name, value in sent.items():
                    connection.putheader(name, value)
                if body is not None and "content-length" not in sent:
                    connection.putheader("content-length", str(len(body)))
                connection.endheaders(body)
                reply = connection.getresponse()
                read = reply.read()
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if again and not isinstance(error, ConnectionRefusedError):
                    continue
                raise OSError(f"{method} {path}: {error!r}") from error
            if reply.will_close:
                self.close()
            return Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, read)
        raise AssertionError("not reached")

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def form(fields: list[tuple[str, str, bytes]]) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a form; a field is its name, its file's name ("" for text) and its bytes."""
    parts = []
    for name, file, data in fields:
        extra = f'; filename="{file}"' if file else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    whole = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return whole, {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
