"""One suite for every index, with changes over it: whatever happens to it, it answers as the oracle does."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelfspace.errors import ArtifactError, InputError
from tests.retrieval.vectors.backends import (
    BACKENDS,
    Opener,
    Oracle,
    Products,
    Shelf,
    assert_same,
    clustered,
    recall,
)

DIM = 16
PALETTE = np.random.default_rng(7).choice([-0.25, 0.25], (14, DIM)).astype(np.float32)
"""Unit vectors with exact dot products, few of them: ties are everywhere and no rounding blurs them."""
FIRST = [f"p{n:02d}" for n in range(30)]
NAMES = [*FIRST[:8], "new one", "новый", "新品", "a'b\"c;--", "p00 "]

names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), names, st.integers(0, 10_000)),
        st.tuples(st.just("delete"), names, st.just(0)),
        st.tuples(st.just("search"), names, st.integers(1, 40)),
        st.tuples(st.just("reopen"), st.just([]), st.just(0)),
    ),
    max_size=12,
)


@pytest.fixture(params=BACKENDS)
def shelf(request: pytest.FixtureRequest, shelf_of: Opener) -> Shelf:
    return shelf_of(request.param)


@pytest.fixture
def filled(shelf: Shelf) -> Iterator[tuple[Products, Oracle]]:
    """Thirty products, several with equal vectors."""
    vectors = PALETTE[np.arange(30) % 9]
    index = shelf.fill(FIRST, vectors)
    yield index, Oracle(FIRST, vectors)
    index.close()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_any_sequence_of_changes_answers_as_the_oracle(shelf: Shelf, steps: list) -> None:
    vectors = PALETTE[np.arange(30) % 9]
    with tempfile.TemporaryDirectory() as folder:
        shelf.folder = Path(folder)
        index, oracle = shelf.fill(FIRST, vectors), Oracle(FIRST, vectors)
        sequence = index.sequence
        for kind, ids, number in steps:
            if kind == "upsert":
                new = PALETTE[(number + np.arange(len(ids)) * 5) % len(PALETTE)]
                index.upsert(ids, new)
                oracle.upsert(ids, new)
                assert index.sequence > sequence
            elif kind == "delete":
                assert index.delete(ids) == oracle.delete(ids)
            elif kind == "search":
                assert_same(index, oracle, PALETTE[:2], number, ids)
            else:
                index.close()
                index = shelf.open()
            assert index.sequence >= sequence
            sequence = index.sequence
            assert len(index) == len(oracle.kept)
            assert [name in index for name in NAMES] == [name in oracle.kept for name in NAMES]
            assert_same(index, oracle, PALETTE[3:5], 7)
        assert_same(index, oracle, PALETTE, 40)
        index.close()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_a_filter_is_never_left_and_always_filled(shelf: Shelf, share: float) -> None:
    vectors = clustered(1500, DIM)
    ids = [f"p{n}" for n in range(1500)]
    index, oracle = shelf.fill(ids, vectors), Oracle(ids, vectors)
    changed = clustered(60, DIM, seed=1)
    for store in (index, oracle):
        store.upsert([*ids[:40], *(f"new{n}" for n in range(20))], changed)
        store.delete(ids[100:150])
    chosen = np.random.default_rng(2).permutation([*ids, *(f"new{n}" for n in range(20))])
    allowed = set(chosen[: round(share * len(chosen))].tolist()) | ({"unknown"} if share else set())
    there = len(allowed & oracle.kept.keys())
    _, found = index.search(clustered(12, DIM, seed=3), 10, allowed)
    assert (found != None).sum(axis=1).tolist() == [min(10, there)] * 12  # noqa: E711 - elementwise
    assert {name for line in found for name in line if name is not None} <= allowed
    assert recall(index, oracle, clustered(40, DIM, seed=3), allowed) >= 0.99
    index.close()


def test_ties_go_to_the_product_added_first(filled: tuple[Products, Oracle]) -> None:
    index, _ = filled
    same = PALETTE[:1]
    assert index.search(same, 4)[1][0].tolist() == ["p00", "p09", "p18", "p27"]
    index.upsert(["z"], same)
    index.upsert(["a"], same)
    index.upsert(["p09"], PALETTE[5:6])
    index.upsert(["p09"], same)  # updated twice: it keeps its place
    index.delete(["p00", "z"])
    index.upsert(["p00"], same)  # taken out and added again: it is the last
    wanted = ["p09", "p18", "p27", "a", "p00"]
    assert index.search(same, 5)[1][0].tolist() == wanted
    for k in (1, 2, 3, 4):
        assert index.search(same, k)[1][0].tolist() == wanted[:k]
        assert index.search(same, k, set(wanted[1:]))[1][0].tolist() == wanted[1 : k + 1]


def test_a_tie_far_wider_than_k_is_cut_in_order(shelf: Shelf) -> None:
    # More equal vectors than any backend fetches candidates for so small a k.
    vectors = np.concatenate([PALETTE[np.arange(400) % 14], np.repeat(PALETTE[:1], 300, axis=0)])
    ids = [f"p{n}" for n in np.random.default_rng(5).permutation(700)]
    index, oracle = shelf.fill(ids, vectors), Oracle(ids, vectors)
    assert_same(index, oracle, PALETTE[:1], 3)
    for store in (index, oracle):
        store.upsert(["last"], PALETTE[:1])
        store.delete(ids[:15])
    assert_same(index, oracle, PALETTE[:1], 3)
    assert_same(index, oracle, PALETTE[:1], 330)
    index.close()


def test_one_query_and_many_agree(filled: tuple[Products, Oracle]) -> None:
    index, _ = filled
    index.upsert(["x"], PALETTE[10:11])
    scores, ids = index.search(PALETTE, 9)
    for n in range(len(PALETTE)):
        one_scores, one_ids = index.search(PALETTE[n : n + 1], 9)
        assert one_ids[0].tolist() == ids[n].tolist()
        np.testing.assert_allclose(one_scores[0], scores[n], atol=1e-6)


def test_what_one_handle_writes_another_finds(shelf: Shelf, filled: tuple[Products, Oracle]) -> None:
    index, oracle = filled
    other = shelf.open()
    index.upsert(["x", "p03"], PALETTE[9:11])
    oracle.upsert(["x", "p03"], PALETTE[9:11])
    assert_same(other, oracle, PALETTE[8:12], 6)
    other.delete(["x"])
    other.upsert(["y"], PALETTE[9:10])
    oracle.delete(["x"])
    oracle.upsert(["y"], PALETTE[9:10])
    assert_same(index, oracle, PALETTE[8:12], 6)
    assert index.sequence == other.sequence
    other.close()


@pytest.mark.parametrize(
    ("ids", "vectors", "field"),
    [
        (["a"], np.ones((1, DIM + 1), np.float32), "vector"),
        (["a"], np.full((1, DIM), np.nan, np.float32), "vector"),
        (["a"], np.ones((1, DIM), np.float32), "vector"),
        ([""], PALETTE[:1], "product_id"),
        (["x" * 201], PALETTE[:1], "product_id"),
    ],
)
def test_bad_writes_are_refused_and_change_nothing(
    filled: tuple[Products, Oracle], ids: list[str], vectors: np.ndarray, field: str
) -> None:
    index, oracle = filled
    sequence = index.sequence
    with pytest.raises(InputError) as caught:
        index.upsert(ids, vectors)
    assert caught.value.field == field
    assert index.sequence == sequence
    assert_same(index, oracle, PALETTE[:3], 5)


def test_bad_questions_are_refused(filled: tuple[Products, Oracle]) -> None:
    index, _ = filled
    for queries, k, field in (
        (np.ones((1, DIM + 1), np.float32), 3, "queries"),
        (np.full((1, DIM), np.inf, np.float32), 3, "queries"),
        (PALETTE[:1], 0, "k"),
    ):
        with pytest.raises(InputError) as caught:
            index.search(queries, k)
        assert caught.value.field == field


def test_vectors_of_another_length_are_another_index(shelf: Shelf, filled: tuple[Products, Oracle]) -> None:
    shelf._vectors = np.zeros((1, DIM * 2), np.float32)
    with pytest.raises(ArtifactError, match=r"vectors of 16"):
        shelf.open()


def test_describes_itself(filled: tuple[Products, Oracle]) -> None:
    index, _ = filled
    if index.base is None:
        pytest.skip("there is no release")
    facts = index.base.describe()
    assert (facts["rows"], facts["dim"]) == (30, DIM)
    assert facts["kind"] in {"exact", "faiss", "postgresql"}


BATCH = 7
WRITER = """
import sys
import numpy as np
from pathlib import Path
from tests.retrieval.vectors.backends import Shelf
from tests.retrieval.vectors.test_contract import BATCH, FIRST, PALETTE
kind, folder, address, name = sys.argv[1:]
shelf = Shelf(kind, Path(folder), address, name)
shelf._ids, shelf._vectors = FIRST, PALETTE[np.arange(30) % 9]
index = shelf.open()
for n in range(100_000):
    ids = [f"w{n * BATCH + i}" for i in range(BATCH)]
    index.upsert(ids, PALETTE[(n + np.arange(BATCH)) % 14])
    if n % 3 == 2:
        index.delete([f"w{(n - 1) * BATCH}"])
    print(n, flush=True)
"""


@pytest.mark.parametrize("kind", ["log", "exact", "pg-scan"])
def test_killed_in_the_middle_of_upserts_nothing_confirmed_is_lost(kind: str, shelf_of: Opener) -> None:
    shelf = shelf_of(kind)
    shelf.fill(FIRST, PALETTE[np.arange(30) % 9]).close()
    confirmed = -1
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, kind, str(shelf.folder), shelf.address, shelf.name],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            confirmed = int(line)
            if confirmed >= 12:
                break
        writer.send_signal(signal.SIGKILL)
        confirmed = max([confirmed, *(int(n) for n in writer.stdout.read().splitlines() if n.isdigit())])
    assert confirmed >= 12
    index = shelf.open()
    batches = [
        [i in index for i in (f"w{n * BATCH + j}" for j in range(BATCH))] for n in range(confirmed + 3)
    ]
    deleted = {n - 1 for n in range(2, confirmed + 3, 3)}
    for n, there in enumerate(batches):
        if n <= confirmed:
            assert all(there[1:]), f"batch {n} was confirmed"
            if n in deleted and n < confirmed:
                assert not there[0]
        else:
            assert all(there[1:]) or not any(there[1:]), f"batch {n} is torn"
    vectors = {f"w{n * BATCH + j}": PALETTE[(n + j) % 14] for n in range(confirmed + 3) for j in range(BATCH)}
    found = index.search(PALETTE[:3], 50)
    for number in range(3):
        for score, name in zip(found[0][number], found[1][number], strict=True):
            if name in vectors:
                assert score == pytest.approx(float(PALETTE[number] @ vectors[name]), abs=1e-6)
    index.upsert(["after"], PALETTE[:1])
    assert "after" in index
    index.close()
