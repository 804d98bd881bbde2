"""A load generator over raw loopback sockets: a few connections that each ask again when answered.

A general HTTP client costs more per request than the service; this one costs some 30 us, and runs
in a process of its own, so that it shares no interpreter with what it measures.
"""

import asyncio
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import orjson

__all__ = ["Load", "Request", "request", "run", "run_apart"]


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent.

    Attributes:
        data: its bytes.
        kind: what it is counted as.
        key: what the caller checks the answer with.
    """

    data: bytes
    kind: str = ""
    key: object = None


@dataclass
class Load:
    """What a load saw.

    Attributes:
        seconds: of each answer, by kind of request.
        broken: connections that were closed without a whole answer.
        wrong: answers that the check found wrong, the first of them in words.
        retry: answers of 429 and 503 that said when to come again.
    """

    statuses: Counter = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    broken: int = 0
    retry: int = 0
    wrong: list[str] = field(default_factory=list)
    checked: int = 0
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(map(len, self.seconds.values())) / self.elapsed

    def milliseconds(self, share: float, kind: str | None = None) -> float:
        """A percentile of the answers' time."""
        parts = self.seconds.values() if kind is None else [self.seconds[kind]]
        return float(np.quantile(np.concatenate([np.array(p) for p in parts]), share)) * 1000


Check = Callable[[Request, int, bytes], str]
"""Says what is wrong with an answer; "" for nothing."""


def request(path: str, body: bytes, kind: str = "", key: object = None) -> Request:
    """A POST of JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return Request(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body, kind or path, key)


class Connection(asyncio.Protocol):
    """One keep-alive connection that sends the next request once the last is answered."""

    def __init__(self, requests: Iterator[Request], load: Load, check: Check | None, end: float) -> None:
        self.requests, self.load, self.check, self.end = requests, load, check, end
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.wanted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send()

    def send(self) -> None:
        one = next(self.requests, None) if time.perf_counter() < self.end else None
        if one is None:
            self.finish()
            return
        self.asked, self.wanted, self.begin = one, 0, time.perf_counter()
        self.transport.write(one.data)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.wanted:
            split = self.buffer.find(b"\r\n\r\n")
            if split < 0:
                return
            self.head = self.buffer[:split].lower()
            at = self.head.find(b"content-length:")
            self.body = split + 4
            self.wanted = self.body + int(self.head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self.buffer) < self.wanted:
            return
        self.load.seconds.setdefault(self.asked.kind, []).append(time.perf_counter() - self.begin)
        status = int(self.head[9:12])
        self.load.statuses[status] += 1
        self.load.retry += status in {429, 503} and b"retry-after:" in self.head
        if self.check is not None:
            self.load.checked += 1
            wrong = self.check(self.asked, status, self.buffer[self.body : self.wanted])
            if wrong:
                self.load.wrong.append(wrong)
        closing = b"connection: close" in self.head
        self.buffer = self.buffer[self.wanted :]
        if closing:
            self.finish()
        else:
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.load.broken += 1
            self.done.set_result(None)

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self.transport.close()


async def run(
    port: int,
    requests: Callable[[int], Iterator[Request]],
    concurrency: int,
    seconds: float,
    check: Check | None = None,
) -> Load:
    """Ask from `concurrency` connections at once for `seconds`, or until the requests are used up.

    Args:
        requests: gives the requests of connection number n.
    """
    load, loop = Load(), asyncio.get_running_loop()
    begin = time.perf_counter()
    made = []
    for number in range(concurrency):
        lines = requests(number)
        _, connection = await loop.create_connection(
            lambda lines=lines: Connection(lines, load, check, begin + seconds), "127.0.0.1", port
        )
        made.append(connection)
    await asyncio.wait_for(asyncio.gather(*(c.done for c in made)), seconds + 60)
    load.elapsed = time.perf_counter() - begin
    return load


def run_apart(port: int, bodies: list[Request], concurrency: int, seconds: float) -> Load:
    """The same in a process of its own, each connection going round the requests."""
    told = {
        "port": port, "concurrency": concurrency, "seconds": seconds,
        "requests": [[one.data.decode(), one.kind] for one in bodies],
    }  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.serving.client"]
    done = subprocess.run(
        command, input=orjson.dumps(told), capture_output=True, check=True, timeout=seconds + 90
    )
    seen = orjson.loads(done.stdout)
    statuses = Counter({int(status): count for status, count in seen.pop("statuses").items()})
    return Load(statuses=statuses, **seen)


def main() -> None:
    """Run in the process of `run_apart`."""
    told = orjson.loads(sys.stdin.buffer.read())
    bodies = [Request(data.encode(), kind) for data, kind in told["requests"]]
    width = told["concurrency"]

    def requests(number: int) -> Iterator[Request]:
        at = number * len(bodies) // width
        while True:
            yield bodies[at % len(bodies)]
            at += 1

    load = asyncio.run(run(told["port"], requests, width, told["seconds"]))
    seen = {
        "statuses": {str(status): count for status, count in load.statuses.items()},
        "seconds": load.seconds, "broken": load.broken, "retry": load.retry, "elapsed": load.elapsed,
    }  # fmt: skip
    sys.stdout.buffer.write(orjson.dumps(seen))


if __name__ == "__main__":
    main()
