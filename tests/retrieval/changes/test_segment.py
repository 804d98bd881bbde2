"""The log under the delta segment: torn writes, damage, limits, and the way to the next release."""

import errno
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.product import ProductInput
from retrieval.changes.migrate import Target, carry_over, log_path, prune_logs
from retrieval.changes.records import Header, Record, record_of
from retrieval.changes.segment import DeltaLimits
from retrieval.changes.state import superseded
from retrieval.changes.view import LayeredIndex
from retrieval.vectors import ExactIndex
from shelfspace.durable_log import DurableLog
from shelfspace.errors import ArtifactError, CapacityError, InputError
from tests.retrieval.vectors.backends import clustered

DIM = 8
VECTORS = clustered(40, DIM)
IDS = [f"p{n}" for n in range(10)]
HEADER = Header("000001-aaaaaaaa", "encoder-a", DIM)


def layered(folder: Path, limits: DeltaLimits | None = None, header: Header = HEADER) -> LayeredIndex:
    return LayeredIndex(log_path(folder, header.release), header, ExactIndex(VECTORS[:10]), IDS, limits)


def put(product: str, n: int, **more: object) -> Record:
    return replace(Record("put", product, vector=VECTORS[n]), **more)


def records_in(path: Path) -> list[Record]:
    log = DurableLog(path)
    found = [record_of(entry, inputs=True) for entry in log.read(files=True)[0]]
    log.close()
    return found


def copied(path: Path, folder: Path) -> Path:
    """The log's files as they lie on the disk at this moment, where the power fails."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in (path, path.with_name(path.name + "-wal")):
        shutil.copy(file, folder)
    return folder / path.name


def state(index: LayeredIndex) -> dict[str, object]:
    view = index.view()
    entries = {p: (e.row, e.facts, e.sequence) for p, e in view.delta.entries.items()}
    return {"sequence": view.delta.sequence, "entries": entries, "gone": view.delta.gone, "rows": len(view)}


def test_a_write_torn_at_any_byte_counts_whole_or_not_at_all(tmp_path: Path) -> None:
    index = layered(tmp_path / "log")
    path = log_path(tmp_path / "log", HEADER.release)
    index.segment.write([put("a", 11), Record("change", "p1", facts={"price": 3.0})])
    before = state(index)
    start = path.with_name(path.name + "-wal").stat().st_size
    photo = bytes(range(256)) * 40
    index.segment.write([put("b", 12, inputs=ProductInput("B", photos=(photo,))), Record("delete", "p2")])
    after = state(index)
    whole = path.with_name(path.name + "-wal").read_bytes()
    end = len(whole.rstrip(b"\0"))
    for cut in [*range(start, end, 2500), end - 1]:
        torn = copied(path, tmp_path / "torn")
        # Space that the file system set aside but that was never written reads as zeros.
        torn.with_name(torn.name + "-wal").write_bytes(whole[:cut] + bytes(cut % 2 * 5000))
        again = layered(torn.parent)
        assert state(again) == before
        again.segment.write([put("c", 13)])
        again.close()
        assert state(layered(torn.parent))["sequence"] == 3
    assert state(layered(copied(path, tmp_path / "whole").parent)) == after


def test_damage_is_refused_and_left_alone(tmp_path: Path) -> None:
    index = layered(tmp_path)
    index.segment.write([put("a", 11, facts={"title": "a name"})])
    index.segment.write([put("b", 12)])
    index.close()
    path = log_path(tmp_path, HEADER.release)
    whole = path.read_bytes()
    for place in (3, whole.index(b"a name"), whole.index(VECTORS[12].tobytes()) + 5, 4096, len(whole) // 2):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        if place >= 4096 and place % 4096 == 0:
            broken[place : place + 100] = bytes(100)
        path.write_bytes(broken)
        if place == len(whole) // 2 and not any(whole[place - 4 : place + 4]):
            continue  # room that nothing uses
        with pytest.raises(ArtifactError, match="restore it, or delete it"):
            layered(tmp_path)
        assert path.read_bytes() == broken
    path.write_bytes(whole)
    assert "b" in layered(tmp_path).view().delta.entries


def test_a_log_that_is_damaged_while_it_is_open_is_told_at_each_look(tmp_path: Path) -> None:
    index, other = layered(tmp_path), layered(tmp_path)
    other.segment.write([put("a", 11, facts={"title": "a name"})])
    other.segment._log._database.execute("UPDATE entries SET record = CAST('{}' AS BLOB)")
    for _ in range(2):
        with pytest.raises(ArtifactError, match="entry 1 is not what was written"):
            index.view()


def test_a_log_of_another_release_or_encoder_is_refused(tmp_path: Path) -> None:
    path = log_path(tmp_path, HEADER.release)
    layered(tmp_path)
    for other in (replace(HEADER, release="000002-b"), replace(HEADER, encoder="encoder-b")):
        with pytest.raises(ArtifactError, match="is of release"):
            LayeredIndex(path, other, ExactIndex(VECTORS[:10]), IDS)


def test_beyond_its_limits_a_write_is_refused_and_names_refresh(tmp_path: Path) -> None:
    index = layered(tmp_path, DeltaLimits(products=3))
    index.segment.write([put("a", 11), put("b", 12), Record("delete", "p0")])
    before = state(index)
    with pytest.raises(CapacityError, match="run refresh") as caught:
        index.segment.write([put("c", 13)])
    assert (caught.value.field, caught.value.value) == ("delta", "'4 products'")
    assert state(index) == before
    index.segment.write([put("a", 14)])  # a product it names already takes no more room
    index.segment.write([Record("delete", "b")])
    index.segment.write([put("c", 13)])


def test_a_full_file_is_compacted_before_a_write_is_refused(tmp_path: Path) -> None:
    index = layered(tmp_path, DeltaLimits(bytes=60_000))
    other = layered(tmp_path)
    for n in range(200):
        index.segment.write([put("a", n % 40), Record("change", "p1", facts={"price": float(n)})])
        assert other.sequence == index.sequence
    index.segment.write([put("p4", 20), Record("delete", "p2")])
    assert index.segment.size <= 60_000
    assert log_path(tmp_path, HEADER.release).stat().st_size < 100_000
    assert state(other) == state(index) == state(layered(tmp_path))
    np.testing.assert_array_equal(other.view().vector_of("a"), VECTORS[199 % 40])
    with pytest.raises(CapacityError, match="delta_bytes"):
        index.segment.write([put("big", 1, inputs=ProductInput("x" * 90_000))])
    assert "big" not in layered(tmp_path).view().delta.entries


def test_superseded_keeps_ties_in_place() -> None:
    records = [put("x", 1, sequence=1, placed=1), put("y", 1, sequence=2, placed=2)]
    records += [put("x", 1, sequence=3, placed=1), Record("change", "x", sequence=4)]
    assert [(r.sequence, r.placed) for r in superseded(records)] == [(2, 2), (3, 1), (4, 0)]


def test_superseded_keeps_each_fact_that_was_said_last() -> None:
    said = [{"price": 1.0, "on_hand": 2}, {"price": 2.0}, {"price": 3.0}, {"on_hand": 4, "price": 5.0}]
    records = [Record("change", "x", sequence=n, facts=facts) for n, facts in enumerate(said)]
    assert [r.sequence for r in superseded(records)] == [3]
    assert [r.sequence for r in superseded(records[:3])] == [0, 2]


def test_facts_pile_up_over_the_release_and_a_put_starts_anew(tmp_path: Path) -> None:
    index = layered(tmp_path)
    index.segment.write([Record("change", "p1", facts={"price": 3.0})])
    index.segment.write([Record("change", "p1", facts={"on_hand": 0})])
    assert index.view().delta.entries["p1"].facts == {"price": 3.0, "on_hand": 0}
    assert index.view().row_of("p1") == 1
    assert index.segment.write([Record("change", "nobody", facts={"price": 1.0})]).records == []
    index.segment.write([put("p1", 30, facts={"title": "new"})])
    assert state(layered(tmp_path))["entries"]["p1"] == (1, {"title": "new"}, 3)
    np.testing.assert_array_equal(index.view().vector_of("p1"), VECTORS[30])


def test_a_disk_that_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    index = layered(tmp_path)
    index.segment.write([put("a", 11)])
    before, size = state(index), index.segment.size
    database = index.segment._log._database
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")  # as if the disk had no room for more
    with pytest.raises(OSError, match="full") as caught:
        index.segment.write([put("b", 12, inputs=ProductInput("B", photos=(bytes(9000),)))])
    assert caught.value.errno == errno.ENOSPC
    assert state(index) == before == state(layered(tmp_path))
    assert index.segment.size == size
    database.execute("PRAGMA max_page_count = 100000")
    index.segment.write([put("b", 12)])
    assert "b" in layered(tmp_path).view().delta.entries


def target(
    number: int,
    ids: Sequence[str],
    *,
    encoder: str = "encoder-a",
    bases: dict[str, str] | None = None,
    updated: dict[str, str] | None = None,
    derived: Callable[[Sequence[ProductInput]], list[dict]] | None = None,
) -> Target:
    def encode(inputs: Sequence[ProductInput]) -> np.ndarray:
        for item in inputs:
            if item.title == "bad":
                raise InputError("title", "bad", "say something")
        return np.stack([VECTORS[39 - len(item.title)] for item in inputs])

    return Target(
        header=Header(f"{number:06d}-bbbbbbbb", encoder, DIM),
        number=number,
        rows={product: row for row, product in enumerate(ids)},
        base=lambda row: (bases or {}).get(ids[row], "old"),
        updated=lambda row: (updated or {}).get(ids[row], ""),
        encode=encode,
        derived=derived,
    )


def test_a_swap_keeps_what_the_new_release_does_not_hold(tmp_path: Path) -> None:
    index = layered(tmp_path)
    made = {"release": 1, "base": "old"}
    index.segment.write([
        put("new", 11, release=1, inputs=ProductInput("N")),
        put("taken", 12, release=1, inputs=ProductInput("T")),
        put("p1", 13, **made, inputs=ProductInput("P1")),
        Record("change", "p2", facts={"price": 2.0}, **made),
        Record("change", "p3", facts={"price": 3.0}, **made),
        Record("delete", "p4", **made),
        Record("delete", "p5", **made),
    ])  # fmt: skip
    ids = ["taken", *IDS]
    carried = carry_over(tmp_path, target(2, ids, bases={"taken": "catalogue", "p3": "moved", "p5": "back"}))
    assert (carried.kept, carried.encoded, carried.held, carried.lost) == (4, 0, 3, {})
    table = VECTORS[:11]
    new = Header("000002-bbbbbbbb", "encoder-a", DIM)
    after = LayeredIndex(log_path(tmp_path, new.release), new, ExactIndex(table), ids)
    assert after.sequence == index.sequence
    view = after.view()
    assert set(view.delta.entries) == {"new", "p1", "p2"}
    assert view.delta.gone == {"p4"}
    assert view.row_of("p1") == 2
    assert view.row_of("new") == 11 + 1
    after.segment.write([put("later", 20)])
    assert after.sequence == index.sequence + 1
    again = records_in(log_path(tmp_path, new.release))
    carry_over(tmp_path, target(2, ids, bases={"taken": "catalogue", "p3": "moved", "p5": "back"}))
    assert [r.sequence for r in records_in(log_path(tmp_path, new.release))] == [r.sequence for r in again]


def test_where_both_are_dated_the_later_wins(tmp_path: Path) -> None:
    index = layered(tmp_path)
    facts = {"release": 1, "base": "old", "time": "2026-05-02T10:00:00+00:00"}
    index.segment.write([Record("change", p, facts={"price": 1.0}, **facts) for p in ("p1", "p2", "p3")])
    times = {"p1": "2026-05-02T09:59:59+00:00", "p2": "2026-05-02T10:00:00+00:00"}
    carry_over(tmp_path, target(2, IDS, bases=dict.fromkeys(IDS, "moved"), updated=times))
    assert [r.product_id for r in records_in(log_path(tmp_path, "000002-bbbbbbbb"))] == ["p1"]


def test_a_rollback_finds_what_the_later_release_had_taken_in(tmp_path: Path) -> None:
    index = layered(tmp_path)
    index.segment.write([put("new", 11, release=1), put("other", 12, release=1)])
    second = [*IDS, "new"]
    carry_over(tmp_path, target(2, second, bases={"new": "catalogue"}))
    later = Header("000002-bbbbbbbb", "encoder-a", DIM)
    over = LayeredIndex(log_path(tmp_path, later.release), later, ExactIndex(VECTORS[:11]), second)
    over.segment.write([
        Record("delete", "other", release=2),
        Record("change", "p1", facts={"price": 9.0}, release=2, base="catalogue"),
    ])  # fmt: skip
    back = replace(target(1, IDS), header=HEADER)
    carry_over(tmp_path, back)
    view = layered(tmp_path).view()
    assert set(view.delta.entries) == {"new", "p1"}
    assert view.row_of("other") is None


def test_another_encoder_encodes_again_and_says_what_it_cannot(tmp_path: Path) -> None:
    index = layered(tmp_path)
    photo = b"not looked at here"
    index.segment.write([
        put("new", 11, inputs=ProductInput("four", photos=(photo,), attributes={"colour": "red"})),
        put("bad one", 12, inputs=ProductInput("bad")),
        put("bare", 13),
        Record("change", "new", facts={"price": 4.0}),
    ])  # fmt: skip
    carried = carry_over(tmp_path, target(2, IDS, encoder="encoder-b"))
    assert (carried.kept, carried.encoded) == (2, 1)
    assert set(carried.lost) == {"bad one", "bare"}
    assert "say something" in carried.lost["bad one"]
    records = records_in(log_path(tmp_path, "000002-bbbbbbbb"))
    assert records[0].vector is not None
    np.testing.assert_array_equal(records[0].vector, VECTORS[35])
    assert records[0].inputs == ProductInput("four", photos=(photo,), attributes={"colour": "red"})
    assert records[1].facts == {"price": 4.0}


def test_facts_that_depend_on_the_encoder_are_made_again_with_the_vector(tmp_path: Path) -> None:
    index = layered(tmp_path)
    facts = {"title": "four", "seen": "by a"}
    index.segment.write([put("new", 11, inputs=ProductInput("four"), facts=facts),
                         put("bad one", 12, inputs=ProductInput("bad"), facts=facts)])  # fmt: skip
    kept = target(2, IDS, derived=lambda inputs: [{"seen": "by b"} for _ in inputs])
    carry_over(tmp_path, kept)
    records = records_in(log_path(tmp_path, "000002-bbbbbbbb"))
    assert records[0].facts == facts
    other = target(3, IDS, encoder="encoder-b", derived=kept.derived)
    assert set(carry_over(tmp_path, other).lost) == {"bad one"}
    records = records_in(log_path(tmp_path, "000003-bbbbbbbb"))
    assert records[0].facts == {"title": "four", "seen": "by b"}


def test_logs_of_pruned_releases_go(tmp_path: Path) -> None:
    layered(tmp_path)
    carry_over(tmp_path, target(2, IDS))
    assert prune_logs(tmp_path, {"000002-bbbbbbbb"}) == ["000001-aaaaaaaa"]
    assert [p.name for p in tmp_path.glob("*.log")] == ["000002-bbbbbbbb.log"]
