"""A release's rows in PostgreSQL: the same answers as its own index, filled once, and never in the way."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from retrieval.vectors import ExactIndex
from shelfspace.errors import SettingsError
from shelfspace.settings import ReleaseSettings
from tests.postgres import Database, database
from tests.retrieval.vectors.backends import clustered
from tests.waiting import wait_for

pytest.importorskip("psycopg", reason="PostgreSQL tests need the extra pgvector")

from retrieval.vectors.postgres import PgRowIndex, Place
from retrieval.vectors.postgres.connection import Server

SETTINGS = ReleaseSettings(min_recall=0.99)
SECRET = "geheim-4711"

Opener = Callable[..., PgRowIndex]


@pytest.fixture
def index_of(request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Makes an index over vectors and opens it; all are closed in the end."""
    made: list[PgRowIndex] = []

    def make(vectors: np.ndarray, name: str, catalogue: str = "shop", **others: object) -> PgRowIndex:
        address = str(others.pop("address", None) or request.getfixturevalue("postgres"))
        place = Place(address, catalogue, float(str(others.pop("seconds", 5.0))))
        fingerprint = f"{vectors.shape}{vectors.sum():.6f}"
        made.append(PgRowIndex(place, name, fingerprint, ExactIndex(vectors), SETTINGS))
        made[-1].open()
        return made[-1]

    yield make
    for index in made:
        index.close()


def names(address: str) -> list[str]:
    with Server(address, "test").transaction() as run:
        return [name for (name,) in run.execute("SELECT name FROM shelfspace_rows ORDER BY name").fetchall()]


def test_finds_what_the_exact_index_finds(index_of: Opener) -> None:
    every = clustered(6200, 32)
    vectors, queries = every[:-200], every[-200:]
    index, exact = index_of(vectors, "finds"), ExactIndex(vectors)
    facts = index.describe()
    assert index.answering
    assert facts["effort"]
    assert facts["recall_at_10"] >= 0.99
    filters = [None, np.arange(0, 6000, 3), np.arange(1500, 6000), np.arange(5)]
    for k in (1, 10, 100):
        for allowed in filters:
            scores, rows = index.search(queries, k, allowed)
            true_scores, true_rows = exact.search(queries, k, allowed)
            shares = [len({*a} & {*b}) / len({*b}) for a, b in zip(rows, true_rows, strict=True)]
            assert np.mean(shares) >= 0.99
            same = rows == true_rows
            assert np.mean(same) > 0.9
            np.testing.assert_allclose(scores[same], true_scores[same], atol=1e-6)
            if allowed is not None:
                assert set(rows.ravel().tolist()) <= {*allowed.tolist(), -1}
    one = index.search(queries[:1], 10)
    np.testing.assert_array_equal(one[1], index.search(queries, 10)[1][:1])
    assert index.fallbacks == 0


def test_ties_stand_by_row_however_many(index_of: Opener) -> None:
    palette = np.random.default_rng(7).choice([-0.25, 0.25], (14, 16)).astype(np.float32)
    vectors = np.concatenate([palette[np.arange(400) % 14], np.repeat(palette[:1], 300, axis=0)])
    index, exact = index_of(vectors, "ties"), ExactIndex(vectors)
    for k in (3, 330):
        np.testing.assert_array_equal(index.search(palette, k)[1], exact.search(palette, k)[1])
    assert index.answering
    assert index.fallbacks == 0


def test_two_processes_at_once_fill_it_once(index_of: Opener, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shelfspace.postgres")
    vectors = clustered(2000, 32)
    both: list[PgRowIndex] = []
    threads = [threading.Thread(target=lambda: both.append(index_of(vectors, "twice"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [index.answering for index in both] == [True, True]
    assert caplog.text.count("building PostgreSQL's graph") == 1
    third = index_of(vectors, "twice")  # a restart finds it filled
    assert third.answering
    assert third.describe() == both[0].describe()
    assert caplog.text.count("building PostgreSQL's graph") == 1


def test_what_is_not_whole_is_filled_again(index_of: Opener, postgres: str) -> None:
    vectors = clustered(500, 16)
    index_of(vectors, "torn").close()
    with Server(postgres, "test").transaction() as run:
        run.execute('DELETE FROM "shelfspace_rows_torn" WHERE row < 10')
    again = index_of(vectors, "torn")
    np.testing.assert_array_equal(again.search(vectors[:10], 1)[1][:, 0], np.arange(10))
    assert again.answering
    again.close()
    other = clustered(500, 16, seed=5)
    np.testing.assert_array_equal(index_of(other, "torn").search(other[:10], 1)[1][:, 0], np.arange(10))


FILLER = """
import sys, time
from retrieval.vectors import ExactIndex
from retrieval.vectors.postgres import PgRowIndex, Place
from tests.retrieval.vectors.backends import clustered
from tests.waiting import wait_for
from tests.retrieval.vectors.test_pg_rows import SETTINGS
vectors = clustered(500, 16)
index = PgRowIndex(Place(sys.argv[1], "shop"), "killed", "f", ExactIndex(vectors), SETTINGS)
def say(text):
    print(text, flush=True)
    if "building" in text:
        time.sleep(600)
index._say = say
index.open()
"""


def test_killed_while_filling_another_fills_it(postgres: str, index_of: Opener) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FILLER, postgres], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as filler:  # fmt: skip
        assert filler.stdout is not None
        assert "building" in filler.stdout.readline()  # all rows are written, nothing is committed
        found: list[PgRowIndex] = []
        waiting = threading.Thread(target=lambda: found.append(index_of(clustered(500, 16), "killed")))
        waiting.start()
        time.sleep(0.7)
        assert waiting.is_alive(), "it waits for the one that fills"
        filler.send_signal(signal.SIGKILL)
        waiting.join(60)
    assert found[0].answering
    assert found[0].search(clustered(500, 16)[:1], 3)[1][0, 0] == 0


def test_only_what_nobody_keeps_or_searches_is_dropped(index_of: Opener, postgres: str) -> None:
    vectors = clustered(100, 8)
    for name in ("drop-1", "drop-2", "drop-3"):
        index_of(vectors, name, "prunes").close()
    index_of(vectors, "drop-4", "another").close()
    searched = index_of(vectors, "drop-2", "prunes")
    live = index_of(vectors, "drop-5", "prunes")
    assert live.prune({"drop-5", "drop-3"}) == ["drop-1"]
    assert {"drop-2", "drop-3", "drop-4", "drop-5"} <= set(names(postgres))
    assert searched.search(vectors[:1], 1)[1][0, 0] == 0
    searched.close()
    # The server lets go of a closed connection's lock in its own time.
    wait_for(lambda: live.prune({"drop-5", "drop-3"}) == ["drop-2"], 20, pause=0.1)
    assert live.search(vectors[:1], 1)[1][0, 0] == 0


@pytest.fixture(scope="module")
def mortal() -> Iterator[Database]:
    with database() as server:
        yield server


def test_while_the_server_is_away_the_own_index_answers(
    mortal: Database, index_of: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    vectors = clustered(500, 16)
    address = mortal.address.replace("postgres:@", f"postgres:{SECRET}@")
    assert SECRET in address
    index = index_of(vectors, "away", address=address, seconds=0.5)
    wanted = ExactIndex(vectors).search(vectors[:3], 5)[1]

    def answers(at_most: float) -> None:
        begin = time.monotonic()
        np.testing.assert_array_equal(index.search(vectors[:3], 5)[1], wanted)
        assert time.monotonic() - begin < at_most

    def comes_back() -> None:
        end = time.monotonic() + 20
        while not index.open() and time.monotonic() < end:
            time.sleep(0.1)
        fallbacks = index.fallbacks
        answers(5)
        assert (index.answering, index.problem, index.fallbacks) == (True, "", fallbacks)

    answers(5)
    mortal.kill()
    answers(5)
    assert not index.answering
    assert index.fallbacks == 1
    assert "PostgreSQL does not answer" in index.problem
    assert not index.open()
    answers(0.5)
    mortal.start()
    comes_back()
    with mortal.frozen():
        answers(3)  # after half a second in vain
        assert not index.answering
        answers(0.4)
    comes_back()
    said = [index.problem, repr(index), repr(index._server), repr(index._place), str(index.describe())]
    assert SECRET not in caplog.text + "".join(said)
    assert "its own index answers" in caplog.text


def test_a_malformed_address_is_refused_and_not_repeated() -> None:
    for address in (f"postgresql://u:{SECRET}@h/db?x=1", f"nonsense {SECRET}", f"pasword={SECRET}"):
        with pytest.raises(SettingsError) as caught:
            Server(address, "x")
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None
