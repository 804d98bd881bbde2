"""The durable table of shopper events."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from catalog.interactions.log import DAY, InteractionLog
from catalog.interactions.reading import DAMAGED, check_interactions, read_interactions, state_of
from catalog.interactions.table import Interaction, RefusedEvent
from shelfspace.errors import ArtifactError


def seen(number: int, **said: object) -> Interaction:
    told = {"event_id": f"e{number}", "session": "s", "user_id": "", "kind": "click", "product_id": "P1",
            "position": None, "query_id": "", "query": "", "release": "", "time": time.time()}  # fmt: skip
    return Interaction(**{**told, **said})


def test_each_event_counts_once_also_between_two_writers(tmp_path: Path) -> None:
    path = tmp_path / "live" / "interactions.db"
    first, second = InteractionLog(path), InteractionLog(path)
    assert first.add([seen(1), seen(2), seen(1)]) == [True, True, False]
    assert second.add([seen(2), seen(3)]) == [False, True]
    assert second.add([seen(2, keyed=True)]) == [True]
    first.close()
    second.close()
    assert read_interactions(path.parent)[0]["event_id"].tolist() == ["e1", "e2", "e3", "e2"]


def test_its_state_changes_with_it(tmp_path: Path) -> None:
    assert state_of(tmp_path) == ""
    assert all(table.empty for table in read_interactions(tmp_path))
    log = InteractionLog(tmp_path / "interactions.db")
    states = [state_of(tmp_path)]
    for events, refused in (
        ([seen(1)], []),
        ([], [RefusedEvent("e2", "click", "time", "1999", "too old")]),
    ):
        log.add(events, refused)
        states.append(state_of(tmp_path))
    log.add([seen(1)])
    assert len(set(states)) == 3
    assert state_of(tmp_path) == states[-1]
    log.close()


def test_old_events_go_and_of_those_without_a_key_the_oldest_beyond_what_is_kept(tmp_path: Path) -> None:
    log, now = InteractionLog(tmp_path / "interactions.db", days=10, rows=3), time.time()
    bought = [seen(n, keyed=True, kind="purchase", time=now - n * DAY) for n in range(12)]
    log.add([*bought, *(seen(100 + n, time=now - 60 * n) for n in range(6))])
    log._tidied = 0.0
    log.add([])
    log.close()
    left = set(read_interactions(tmp_path)[0]["event_id"])
    assert left == {*(f"e{n}" for n in range(10)), "e100", "e101", "e102"}


def test_a_flood_does_not_fill_the_disk(tmp_path: Path) -> None:
    log = InteractionLog(tmp_path / "interactions.db", rows=50)
    log.add([seen(9999, keyed=True, kind="purchase")])
    for batch in range(40):
        log.add([seen(100 * batch + n) for n in range(20)], [RefusedEvent("", "", "f", "", "r")] * 500)
    log.close()
    kept, refused = read_interactions(tmp_path)
    assert len(kept) == 51
    assert kept["event_id"].tolist()[-1] == "e3919"
    assert "purchase" in set(kept["kind"])
    assert len(refused) == 4000


def test_a_damaged_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "interactions.db").write_bytes(b"no table" * 1000)
    with pytest.raises(ArtifactError, match="restore it, or delete it"):
        read_interactions(tmp_path)
    with pytest.raises(ArtifactError, match="restore it, or delete it"):
        InteractionLog(tmp_path / "interactions.db")


def test_an_event_that_decayed_is_refused_and_told(tmp_path: Path) -> None:
    log = InteractionLog(tmp_path / "interactions.db")
    log.add([seen(n, product_id="product-of-one", unit_price=5) for n in range(3)])
    log.close()
    check_interactions(tmp_path)
    data = (tmp_path / "interactions.db").read_bytes()
    (tmp_path / "interactions.db").write_bytes(data.replace(b"product-of-one", b"product-of-two", 1))
    kept, refused = read_interactions(tmp_path)
    assert len(kept) == 2
    assert refused["reason"].tolist() == [DAMAGED]
    with pytest.raises(ArtifactError, match="1 events are not what was written"):
        check_interactions(tmp_path)


def write_for_ever(path: Path, done: "multiprocessing.connection.Connection") -> None:
    log = InteractionLog(path)
    for batch in range(10_000):
        log.add([seen(5 * batch + n) for n in range(5)])
        done.send(batch)


def test_what_a_killed_process_was_told_is_there_and_no_batch_is_there_in_part(tmp_path: Path) -> None:
    path = tmp_path / "interactions.db"
    ours, theirs = multiprocessing.Pipe(duplex=False)
    writer = multiprocessing.get_context("fork").Process(target=write_for_ever, args=(path, theirs))
    writer.start()
    last = -1
    while last < 20:
        last = ours.recv()
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    while ours.poll():
        last = ours.recv()
    kept = read_interactions(tmp_path)[0]
    assert len(kept) >= 5 * (last + 1)
    assert len(kept) % 5 == 0
