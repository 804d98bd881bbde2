"""A small keep-alive HTTP client over a raw socket, and a bounded load made of it.

A general client costs more per request than the service does; this one costs about 50 us.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return orjson.loads(self.body)


class Connection:
    """One keep-alive connection; raises OSError when the server closes it."""

    def __init__(self, port: int, timeout: float = 60) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def post(self, path: str, body: bytes, kind: str = "application/json") -> Reply:
        fields = f"Host: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
        head = f"POST {path} HTTP/1.1\r\n{fields}\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        return self.read()

    def read(self) -> Reply:
        line = self.stream.readline()
        if not line:
            raise ConnectionResetError("closed before an answer began")
        headers = {}
        while (header := self.stream.readline().strip()) != b"":
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        wanted = int(headers.get("content-length", "0"))
        body = self.stream.read(wanted)
        if len(body) != wanted:
            raise ConnectionError(f"answer cut after {len(body)} of {wanted} bytes")
        return Reply(int(line.split()[1]), headers, body)

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


@dataclass
class Load:
    """What a load saw: statuses, releases, seconds per request, and broken connections by kind."""

    statuses: Counter = field(default_factory=Counter)
    releases: Counter = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    closed: int = 0
    cut: int = 0
    elapsed: float = 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def __str__(self) -> str:
        rate = len(self.seconds) / self.elapsed
        p50, p99 = self.percentile(0.5), self.percentile(0.99)
        return f"{rate:7.0f} requests/s, p50 {p50:6.2f} ms, p99 {p99:7.2f} ms {dict(self.statuses)}"


def run_load(
    port: int,
    path: str,
    body: bytes,
    concurrency: int,
    seconds: float,
    until: Callable[[], bool] | None = None,
) -> Load:
    """Send the same request from `concurrency` connections for `seconds` or `until` is true."""
    load = Load()
    guard = threading.Lock()
    end = time.monotonic() + seconds

    def worker() -> None:
        statuses: Counter = Counter()
        releases: Counter = Counter()
        times: list[float] = []
        closed = cut = 0
        try:
            connection = Connection(port)
        except OSError:
            closed += 1
        else:
            while time.monotonic() < end and not (until and until()):
                begin = time.perf_counter()
                try:
                    reply = connection.post(path, body)
                except ConnectionError as error:
                    cut += "cut" in str(error)
                    closed += 1
                    break
                times.append(time.perf_counter() - begin)
                statuses[reply.status] += 1
                releases[reply.body[12:27]] += 1
            connection.close()
        with guard:
            load.statuses += statuses
            load.releases += releases
            load.seconds += times
            load.closed += closed
            load.cut += cut

    begin = time.perf_counter()
    threads = [threading.Thread(target=worker) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.elapsed = time.perf_counter() - begin
    return load
