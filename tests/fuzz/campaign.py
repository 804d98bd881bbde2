"""Sends hostile inputs to a served Bento and judges every answer."""

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import psutil

from bentos.api.responses import ErrorAnswer
from tests.bentos.loopback import Connection, Reply
from tests.fuzz.mutate import broken_files, broken_forms, broken_json
from tests.fuzz.seeds import PHOTOS, SOUNDS, form, seeds, text64

__all__ = ["KINDS", "Campaign", "inputs"]

KINDS = (*PHOTOS, *SOUNDS, "JSON", "FORM")
LEAKS = (b"Traceback", b'File "', b"site-packages", b"0x7f", b"/bentos/", b"/models/")
"""What no answer may hold: a trace, a path of the machine, an address in memory."""
SLOWEST = 10.0
"""Seconds an answer may take on a shared machine; the bounds of a request aim at about one."""
JSON = "application/json"

Input = tuple[str, str, bytes]
"""Path, content type, body."""


def inputs(kind: str, number: int, seed: int = 0) -> list[Input]:
    """`number` hostile requests of a kind."""
    if kind == "JSON":
        return [(path, JSON, body) for path, body in broken_json(number, seed)]
    if kind == "FORM":
        return list(broken_forms(number, seed))
    field, several = ("photo", "photos") if kind in PHOTOS else ("sound", "sounds")
    made: list[Input] = []
    for n, data in enumerate(broken_files(kind, number, seed)):
        if n % 3 == 0:
            made.append(("/search", "multipart/form-data; boundary=fuzz", form([(field, "a", data)], "fuzz")))
        elif n % 3 == 1:
            made.append(("/embed", JSON, orjson.dumps({"item": {"title": "a", several: [text64(data)]}})))
        else:
            good = {"title": "good", "photos": [text64(seeds("JPEG")[0])]}
            made.append(("/classify", JSON, orjson.dumps({"items": [good, {several: [text64(data)]}]})))
    return made


@dataclass
class Campaign:
    """What a run of inputs showed.

    Attributes:
        port: of the server.
        folder: where an input that failed is kept; None keeps none.
        failures: one sentence each.
        statuses: answers by kind and status.
        slowest: seconds of the slowest answer, by kind.
    """

    port: int
    folder: Path | None = None
    failures: list[str] = field(default_factory=list)
    statuses: dict[str, Counter] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    _connection: Connection | None = None

    def run(self, kind: str, number: int, seed: int = 0) -> None:
        """Send `number` inputs of a kind, then ask whether the service still answers rightly."""
        counts = self.statuses.setdefault(kind, Counter())
        self.slowest.setdefault(kind, 0.0)
        for n, (path, content_type, body) in enumerate(inputs(kind, number, seed)):
            begin = time.perf_counter()
            try:
                reply = self._post(path, body, content_type)
                problem = judged(reply)
                counts[reply.status] += 1
            except OSError as error:
                self._connection = None
                problem = f"no answer: {error!r}"
                counts[0] += 1
            took = time.perf_counter() - begin
            self.slowest[kind] = max(self.slowest[kind], took)
            if not problem and took > SLOWEST:
                problem = f"{took:.1f} s"
            if problem:
                self._keep(f"{kind} {n} of seed {seed} to {path}: {problem}", kind, n, body)
        reply = self._post("/search", b'{"query": {"text": "blue shoe"}, "k": 3}', JSON)
        if reply.status != 200 or len(reply.json()["result"]["hits"]) != 3:
            self.failures.append(f"after {kind} a plain search got {reply.status}")

    def _post(self, path: str, body: bytes, kind: str) -> Reply:
        for attempt in (0, 1):  # a kept connection may have been closed between two requests
            fresh = self._connection is None
            if self._connection is None:
                self._connection = Connection(self.port, timeout=90)
            try:
                reply = self._connection.post(path, body, kind)
            except (BrokenPipeError, ConnectionResetError):
                self._connection.close()
                self._connection = None
                if fresh or attempt:
                    raise
                continue
            if reply.headers.get("connection") == "close":
                self._connection.close()
                self._connection = None
            return reply
        raise AssertionError("not reached")

    def _keep(self, sentence: str, kind: str, number: int, body: bytes) -> None:
        self.failures.append(sentence)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{kind}-{number}.bin").write_bytes(body)

    def report(self, kind: str) -> str:
        """One line: statuses and the slowest answer."""
        counts = self.statuses[kind]
        shown = " ".join(f"{status}:{count}" for status, count in sorted(counts.items()))
        slow = self.slowest[kind]
        return f"{kind:5} {sum(counts.values()):6} inputs  slowest {slow:5.2f} s  {shown}"


def judged(reply: Reply) -> str:
    """What is wrong with an answer; "" when nothing is."""
    if reply.status >= 500:
        return f"{reply.status} {reply.body[:300]!r}"
    leak = next((mark for mark in LEAKS if mark in reply.body), None)
    if leak is not None:
        return f"the answer holds {leak!r}: {reply.body[:300]!r}"
    try:
        answer = reply.json()
        if reply.status >= 400:
            error = ErrorAnswer.model_validate(answer).error
            return (
                "" if error.remedy and error.field and len(reply.body) < 3_000 else f"a poor error: {error}"
            )
    except ValueError as error:
        return f"{reply.status}, not the usual body: {error}"
    return "" if "release" in answer or "required" in answer else f"an odd answer: {reply.body[:200]!r}"


def resident(pid: int) -> int:
    """Bytes of memory that a process and its children hold."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(process.memory_info().rss for process in tree)
