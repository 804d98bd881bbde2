"""The load test's own parts: a client that counts right, checks that find wrong answers."""

import asyncio
import os
import subprocess
import sys
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.serving.client import Load, request, run
from benchmarks.serving.index_speed import clustered, compare, shares
from benchmarks.serving.limits import outside
from benchmarks.serving.mixed import memory
from benchmarks.serving.report import page
from benchmarks.serving.right import compare_all, compare_hits, compare_untouched
from benchmarks.serving.rules import RULES, ruled
from releases import Release, current_id
from releases.release import FORMAT, file_hashes
from retrieval.ranking.fusion import FusionModel
from shelfspace.files import write_json


def hit(product: str, score: float, price: float = 10.0) -> dict[str, Any]:
    return {"product_id": product, "score": score, "price": price}


HITS = [hit(f"P{row:06d}", 1 - row / 100) for row in range(1, 11)]


def answer(status: int, extra: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n{extra}\r\n{{}}".encode()


async def ask(answers: list[bytes], requests: int, connections: int = 1) -> Load:
    """A load on a server that gives these answers in turn, then closes."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while left and await reader.readuntil(b"{}"):
            data = left.pop(0)
            for part in (data[:7], data[7:]):  # an answer may come in pieces
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.001)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    one = request("/search", b"{}", "text")
    try:
        return await run(
            port,
            lambda _: islice(repeat(one), requests),
            connections,
            10,
            lambda asked, status, body: "" if status == 200 and body == b"{}" else f"{asked.kind} {status}",
        )
    finally:
        server.close()
        await asyncio.sleep(0.05)  # both ends of the connections close in the loop


def test_the_client_counts_answers_refusals_and_what_is_wrong() -> None:
    load = asyncio.run(ask([answer(200), answer(429, "Retry-After: 1\r\n"), answer(503)], 3))
    assert load.statuses == {200: 1, 429: 1, 503: 1}
    assert load.retry == 1
    assert load.wrong == ["text 429", "text 503"]
    assert (load.broken, load.checked, len(load.seconds["text"])) == (0, 3, 3)


@pytest.mark.parametrize("data", [b"", answer(200)[:-1]])
def test_a_connection_that_ends_without_a_whole_answer_is_broken(data: bytes) -> None:
    load = asyncio.run(ask([answer(200), data], 3))
    assert load.statuses == {200: 1}
    assert load.broken == 1


def test_right_hits_pass() -> None:
    assert compare_hits(HITS, frozenset(), {}) == ""
    assert compare_untouched(HITS, HITS) == ""


def test_a_new_product_may_push_others_down() -> None:
    assert compare_untouched([hit("N00001", 0.99), *HITS[:9]], HITS) == ""


def test_equal_scores_may_change_places() -> None:
    tied = [hit("P000001", 0.5), hit("P000002", 0.5), *HITS[2:]]
    assert compare_untouched([tied[1], tied[0], *tied[2:]], tied) == ""


@pytest.mark.parametrize(
    ("hits", "gone", "prices", "said"),
    [
        (HITS[:9], (), {}, "9 different"),
        ([HITS[0], HITS[0], *HITS[2:]], (), {}, "9 different"),
        (HITS[::-1], (), {}, "scores rise"),
        (HITS, ("P000003",), {}, "was deleted"),
        (HITS, (), {"P000003": 1001}, "changed before"),
    ],
)
def test_wrong_hits_are_found(hits: list, gone: tuple, prices: dict, said: str) -> None:
    assert said in compare_hits(hits, frozenset(gone), prices)


def test_another_score_or_product_than_the_release_s_is_found() -> None:
    assert "was expected" in compare_untouched([hit("P000001", 0.7), *HITS[1:]], HITS)
    assert "was expected" in compare_untouched([hit("P000399", HITS[0]["score"]), *HITS[1:]], HITS)


def test_ways_are_compared_on_the_same_queries() -> None:
    seen: dict[str, list[np.ndarray]] = {"a": [], "b": []}
    queries = clustered(70, 8)
    times = compare({name: asked.append for name, asked in seen.items()}, queries, 2)
    assert len(times["a"]) == len(times["b"])
    assert all((a == b).all() for a, b in zip(seen["a"], seen["b"], strict=True))
    found = shares({"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 12.0]}, "a")
    assert found["b"] == {"microseconds": 4.0, "of_base": 0.5}


def test_growth_of_memory_is_told() -> None:
    told = memory([(float(n), 100.0 + n) for n in range(100)])
    assert told["late_mb"] - told["early_mb"] == pytest.approx(65, abs=2)
    assert told["highest_mb"] == 199


def test_the_page_holds_what_was_measured_and_nothing_else() -> None:
    assert page({}) == ""
    way = {"part": "text", "way": "bfloat16", "chosen": False, "reason": "no LSTM"}
    assert "| text | bfloat16 |  |  |  |  |  | no LSTM |" in page({"encoders": [way]})


def test_both_shares_of_a_query_s_time_are_told() -> None:
    spent = {"featurize": 100.0, "encode": 400.0, "search": 100.0, "words": 150.0, "rank": 50.0}
    assert outside(spent, 1000.0, "featurize", "encode", "search", "words") == 0.25
    found = {
        "products": 9, "requests": 3, "microseconds": spent, "service": 1000.0,
        "outside_share": 0.25, "outside_share_but_vectors": 0.4,
    }  # fmt: skip
    said = page({"stages": found, "counting": {"route": "/similar", "metrics": 0.97, "logs": 0.9}})
    assert "40% of the time is spent outside encoder" in said
    assert "25% where the index of words" in said
    assert "with metrics it reaches 97%" in said


def test_answers_of_one_state_are_compared_hit_by_hit() -> None:
    want = [{"product_id": name, "score": score} for name, score in (("a", 0.9), ("b", 0.5), ("c", 0.5))]
    assert compare_all(want, want) == ""
    assert compare_all([want[0], want[2], want[1]], want) == "", "equal scores may change places"
    assert "a 0.9 where b" in compare_all([want[0], want[0], want[2]], want)
    assert "b 0.5 where a" in compare_all([want[1], want[0], want[2]], want)
    assert compare_all(want[:2], want) == "2 hits where 3 were expected"
    last = {"product_id": "d", "score": 0.5}
    assert compare_all([*want[:2], last], want) == "", "a tie at the cut may bring in another"
    assert "d 0.4" in compare_all([*want[:2], {**last, "score": 0.4}], want)


def test_calls_are_counted_in_every_thread_but_only_below_the_folder(tmp_path: Path) -> None:
    ours = tmp_path / "ours.py"
    ours.write_text("def inner():\n    return 1\n\ndef outer():\n    return [inner() for _ in range(3)]\n")
    code = (
        "import sys, threading\nfrom pathlib import Path\n"
        "from benchmarks.serving.calls import Calls\n"
        f"calls = Calls(Path({str(tmp_path)!r}))\nsys.path.insert(0, {str(tmp_path)!r})\nimport ours\n"
        "ours.outer()\ncalls.open = True\nours.outer()\nPath('x').with_suffix('.y')\n"
        "thread = threading.Thread(target=ours.inner)\nthread.start()\nthread.join()\n"
        "calls.open = False\nours.inner()\nprint(sorted(calls.seen.items()))\n"
    )
    told = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=told, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(
        [(("ours.py", "inner"), 4), (("ours.py", "outer"), 1), (("ours.py", "outer.<locals>.<listcomp>"), 1)]
    )


@pytest.mark.parametrize(("kinds", "rule"), [(kinds, rule) for _, kinds, *rules in RULES for rule in rules])
def test_a_copy_of_a_release_goes_by_another_rule_and_is_whole(
    kinds: tuple[str, ...], rule: str, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    FusionModel.fallback().save(made / "search_fusion.json")
    write_json(made / "release.json", {"format": FORMAT, "id": "000001-0a1b2c3d", "files": file_hashes(made)})
    release = Release.load(made)
    root = ruled(release, dict.fromkeys(kinds, rule), tmp_path / "shop")
    assert current_id(root) == release.id
    served = Release.load(root / "releases" / release.id)
    fusion = FusionModel.load(served.folder / "search_fusion.json")
    assert {fusion.rule_of(kind) for kind in kinds} == {rule}
    assert not any(fusion.answering[kind] for kind in kinds)
    assert Release.load(made), "what it was made of is as it was"
