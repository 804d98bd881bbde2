"""The feature store: computed once, visible only when durable, whole after a kill."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from models.features.store import FeatureStore, prune_stores, through_stores
from shelfspace.errors import ArtifactError
from shelfspace.hashing import content_hash

LAYOUT = {"vector": ((3,), "<f4")}


def names(count: int, start: int = 0) -> list[str]:
    return [content_hash(str(i)) for i in range(start, start + count)]


def values(hashes: list[str]) -> dict[str, np.ndarray]:
    rows = [[int(h[i : i + 4], 16) for i in (0, 4, 8)] for h in hashes]
    return {"vector": np.array(rows, dtype=np.float32).reshape(-1, 3)}


def test_rows_come_back_in_the_order_asked_and_absent_ones_are_zero(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, "x", "f", LAYOUT)
    hashes = names(10)
    store.append(hashes[:6], values(hashes[:6]))
    store.append(hashes[6:], values(hashes[6:]))
    asked = [hashes[9], "", hashes[0], hashes[9], hashes[5]]
    found = store.gather(asked)["vector"]
    assert (found[[0, 2, 3, 4]] == values([h for h in asked if h])["vector"]).all()
    assert not found[1].any()
    assert len(store) == 10


def test_missing_names_each_hash_once_in_order(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, "x", "f", LAYOUT)
    a, b, c = names(3)
    store.append([b], values([b]))
    assert store.missing([c, "", a, c, b]) == [c, a]
    assert FeatureStore(tmp_path, "x", "other", LAYOUT).missing([b]) == [b]
    assert FeatureStore(tmp_path, "y", "f", LAYOUT).missing([b]) == [b]


def test_an_empty_store_gives_the_layout_or_says_why_not(tmp_path: Path) -> None:
    assert FeatureStore(tmp_path, "x", "f", LAYOUT).gather(["", ""])["vector"].shape == (2, 3)
    assert FeatureStore(tmp_path, "x", "f", LAYOUT).gather([])["vector"].shape == (0, 3)
    with pytest.raises(ArtifactError, match="layout"):
        FeatureStore(tmp_path, "x", "f").gather([""])


def test_refusals(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, "x", "f", LAYOUT)
    hashes = names(4)
    with pytest.raises(ArtifactError, match="4 hashes"):
        store.append(hashes, values(hashes[:2]))
    with pytest.raises(ArtifactError, match="1 of 2 rows"):
        store.gather(["", hashes[0]])
    store.append(hashes, values(hashes))
    shard = next(store.folder.glob("*-vector.npy"))
    shard.write_bytes(shard.read_bytes()[:140])
    with pytest.raises(ArtifactError, match=r"vector\.npy is damaged"):
        store.gather(hashes)


def test_a_row_added_twice_keeps_its_first_values(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, "x", "f", LAYOUT)
    hashes = names(2)
    store.append(hashes, values(hashes))
    store.append(hashes, {"vector": np.zeros((2, 3), dtype=np.float32)})
    assert (store.gather(hashes)["vector"] == values(hashes)["vector"]).all()
    assert len(store) == 2


def test_a_store_sees_what_another_one_appended(tmp_path: Path) -> None:
    one, two = (FeatureStore(tmp_path, "x", "f", LAYOUT) for _ in range(2))
    hashes = names(4)
    one.append(hashes[:2], values(hashes[:2]))
    assert two.missing(hashes) == hashes[2:]
    two.append(hashes[2:], values(hashes[2:]))
    assert one.missing(hashes) == []


def test_pruning_keeps_the_stores_opened_last(tmp_path: Path) -> None:
    for age, fingerprint in enumerate("abcd"):
        store = FeatureStore(tmp_path, "x", fingerprint, LAYOUT)
        store.append(names(2), values(names(2)))
        os.utime(store.folder, (age, age))
    FeatureStore(tmp_path, "y", "only", LAYOUT)
    FeatureStore(tmp_path, "x", "a", LAYOUT)
    assert [path.name for path in prune_stores(tmp_path, keep=2)] == ["b", "c"]
    assert FeatureStore(tmp_path, "x", "a", LAYOUT).missing(names(2)) == []
    assert FeatureStore(tmp_path, "x", "b", LAYOUT).missing(names(2)) == names(2)


def _append_all(root: Path, hashes: list[str]) -> None:
    store = FeatureStore(root, "x", "f", LAYOUT)
    for start in range(0, len(hashes), 7):
        part = hashes[start : start + 7]
        store.append(part, values(part))


def test_two_processes_may_append_at_once(tmp_path: Path) -> None:
    context = get_context("spawn")
    shares = [names(60), names(60, start=30)]
    workers = [context.Process(target=_append_all, args=(tmp_path, share)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    store = FeatureStore(tmp_path, "x", "f", LAYOUT)
    assert len(store) == 90
    assert (store.gather(names(90))["vector"] == values(names(90))["vector"]).all()


def test_only_what_changed_is_computed(tmp_path: Path) -> None:
    hashes = [*names(400), "", ""]
    asked: list[int] = []

    def compute(rows: list[int], names: list[str]) -> dict[str, np.ndarray]:
        asked.extend(rows)
        return values([hashes[i] for i in rows])

    def run() -> tuple[int, int, np.ndarray]:
        asked.clear()
        store = FeatureStore(tmp_path, "x", "f", LAYOUT)
        found, counts = through_stores({"vector": store}, hashes, compute, {"vector": 64}, progress=False)
        assert len(asked) == counts.computed
        return counts.computed, counts.reused, found["vector"]

    assert run()[:2] == (400, 0)
    assert run()[:2] == (0, 400)
    for i in (7, 100, 250, 399):  # 1%
        hashes[i] = content_hash("changed", str(i))
    hashes[401] = hashes[3]
    computed, reused, found = run()
    assert (computed, reused) == (4, 397)
    assert sorted(asked) == [7, 100, 250, 399]
    assert (found[:400] == values(hashes[:400])["vector"]).all()
    assert (found[401] == found[3]).all()
    assert not found[400].any()


WORKER = """
import os, signal, sys, time
from pathlib import Path
from models.features import store as stored
from models.features.store import FeatureStore, prune_stores, through_stores
from tests.models.features.test_store import LAYOUT, names, values

root, how = Path(sys.argv[1]), sys.argv[2]
hashes = names(120)
done = 0

def compute(rows, names):
    global done
    done += 1
    if how == "slowly":
        time.sleep(0.05)
    return values([hashes[i] for i in rows])

if how == "between":
    add = FeatureStore._add_shard
    def die_before_the_ledger(self, *args):
        add(self, *args)  # the shard is written; the transaction is still open
        if done == 5:
            os.kill(os.getpid(), signal.SIGKILL)
    FeatureStore._add_shard = die_before_the_ledger
if how == "half-written":
    def die_in_the_file(path, array):
        if done == 5:
            path.write_bytes(b"half a shard")
            path.with_name(f".{path.name}.{os.getpid()}.tmp").write_bytes(b"half an array")
            os.kill(os.getpid(), signal.SIGKILL)
        write(path, array)
    write = stored.write_array
    stored.write_array = die_in_the_file
store = FeatureStore(root, "x", "f", LAYOUT)
through_stores({"vector": store}, hashes, compute, {"vector": 10}, progress=False)
"""


@pytest.mark.parametrize("how", ["slowly", "between", "half-written"])
def test_a_kill_leaves_a_store_that_continues(tmp_path: Path, how: str) -> None:
    root = Path(__file__).resolve().parents[3]
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path), how],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    if how == "slowly":
        end = time.monotonic() + 60
        while not list(tmp_path.glob("x/f/00003-*.npy")):
            assert time.monotonic() < end
            assert worker.poll() is None
            time.sleep(0.01)
        worker.kill()
    assert worker.wait(60) == -signal.SIGKILL

    hashes = names(120)
    store = FeatureStore(tmp_path, "x", "f", LAYOUT)
    left = store.missing(hashes)
    kept = len(hashes) - len(left)
    assert (kept == 40) if how != "slowly" else (30 <= kept < 120)
    survivors = [h for h in hashes if h not in left]
    assert (store.gather(survivors)["vector"] == values(survivors)["vector"]).all()

    found, counts = through_stores(
        {"vector": store}, hashes, lambda rows, _: values([hashes[i] for i in rows]), {"vector": 10},
        progress=False,
    )  # fmt: skip
    assert (counts.computed, counts.reused) == (len(left), kept)
    assert (found["vector"] == values(hashes)["vector"]).all()
    assert store.missing(hashes) == []
    assert not list(store.folder.glob(".*.tmp")), "the next write tidies up"


def test_arrays_that_lack_other_rows_are_computed_apart(tmp_path: Path) -> None:
    hashes = names(6)
    stores = {name: FeatureStore(tmp_path, name, "f", LAYOUT) for name in ("vector", "twice", "thrice")}
    stores["vector"].append(hashes[:4], values(hashes[:4]))
    asked: list[tuple[int, list[str]]] = []

    def compute(rows: list[int], wanted: list[str]) -> dict[str, np.ndarray]:
        asked.append((len(rows), wanted))
        made = values([hashes[i] for i in rows])["vector"]
        return {name: made * {"vector": 1, "twice": 2, "thrice": 3}[name] for name in wanted}

    # A store keeps its array under the store's own name.
    stores["vector"] = FeatureStore(tmp_path, "vector", "f", LAYOUT)
    for name in ("twice", "thrice"):
        stores[name].layout = {name: LAYOUT["vector"]}
    found, counts = through_stores(stores, hashes, compute, dict.fromkeys(stores, 10), progress=False)
    assert asked == [(2, ["vector"]), (6, ["twice", "thrice"])]
    assert (counts.computed, counts.reused) == (6, 0)
    assert (found["thrice"] == 3 * found["vector"]).all()


@pytest.mark.parametrize("name", ["00000-vector.npy", "00000-hashes.npy"])
def test_a_flipped_bit_is_refused(tmp_path: Path, name: str) -> None:
    hashes = names(50)
    store = FeatureStore(tmp_path, "x", "f", LAYOUT)
    store.append(hashes, values(hashes))
    store.check()
    file = store.folder / name
    data = file.read_bytes()
    for place in (0, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(ArtifactError, match=rf"{name} is damaged"):
            FeatureStore(tmp_path, "x", "f", LAYOUT).gather(hashes)
        with pytest.raises(ArtifactError, match=name):
            FeatureStore(tmp_path, "x", "f", LAYOUT).check()
    file.write_bytes(data)
    assert (
        FeatureStore(tmp_path, "x", "f", LAYOUT).gather(hashes)["vector"] == values(hashes)["vector"]
    ).all()


def test_a_store_of_before_digests_is_read_and_goes_on(tmp_path: Path) -> None:
    first, second = names(3), names(3, 3)
    FeatureStore(tmp_path, "x", "f", LAYOUT).append(first, values(first))
    with closing(sqlite3.connect(tmp_path / "x" / "f" / "ledger.sqlite")) as ledger:
        ledger.execute("DROP TABLE digests")
    store = FeatureStore(tmp_path, "x", "f", LAYOUT)
    store.append(second, values(second))
    store.check()
    assert (store.gather(first + second)["vector"] == values(first + second)["vector"]).all()
