"""In whatever order news of a product comes, the newest counts: at once, read again, over a new release."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.changes.migrate import carry_over, log_path
from retrieval.changes.records import Header, Record
from retrieval.changes.state import DeltaView, State, superseded
from retrieval.changes.view import LayeredIndex
from retrieval.vectors import ExactIndex
from tests.retrieval.changes.test_segment import HEADER, IDS, VECTORS, layered, put, target

START = datetime(2026, 5, 1, tzinfo=UTC)


def at(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def facts_of(index: LayeredIndex, product: str) -> dict[str, object] | None:
    entry = index.view().delta.entries.get(product)
    return None if entry is None else dict(entry.facts)


FEW = st.integers(0, 9)
NEWS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.fixed_dictionaries({"title": FEW, "price": FEW})),
        st.tuples(st.just("change"), st.fixed_dictionaries({"price": FEW})),
        st.tuples(st.just("change"), st.fixed_dictionaries({"on_hand": FEW})),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NEWS, st.integers())
def test_any_order_of_arrival_ends_as_the_order_of_times(
    tmp_path_factory: pytest.TempPathFactory, news: list[tuple[str, dict[str, int]]], seed: int
) -> None:
    wanted: dict[str, int] = {}
    for kind, facts in news:
        wanted = dict(facts) if kind == "put" else wanted | facts
    last = max((n for n, (kind, _) in enumerate(news) if kind == "put"), default=-1)
    order = list(enumerate(news))
    random.Random(seed).shuffle(order)
    folder = tmp_path_factory.mktemp("log")
    index = layered(folder)
    made = {"release": 1, "base": "old"}
    for n, (kind, facts) in order:
        vector = VECTORS[20 + n] if kind == "put" else None
        index.segment.write([Record(kind, "p1", facts=facts, time=at(n), vector=vector, **made)])
    assert facts_of(index, "p1") == wanted
    assert facts_of(layered(folder), "p1") == wanted
    if last >= 0:
        np.testing.assert_array_equal(index.view().vector_of("p1"), VECTORS[20 + last])
    carry_over(folder, target(2, IDS))
    new = Header("000002-bbbbbbbb", "encoder-a", 8)
    after = LayeredIndex(log_path(folder, new.release), new, ExactIndex(VECTORS[:10]), IDS)
    assert facts_of(after, "p1") == wanted
    stale = after.segment.write(
        [Record("change", "p1", facts=dict.fromkeys(wanted, -1), time=at(-1), **made)]
    )
    if last >= 0:
        assert (stale.records, len(stale.passed_over)) == ([], 1)


def test_the_catalogues_own_time_counts_too(tmp_path: Path) -> None:
    path = log_path(tmp_path, HEADER.release)
    times = {1: at(10)}
    index = LayeredIndex(path, HEADER, ExactIndex(VECTORS[:10]), IDS, updated=lambda row: times.get(row, ""))
    early = {"facts": {"price": 1.0}, "time": at(9)}
    passed = index.segment.write([Record("change", "p1", **early), Record("change", "p2", **early)])
    assert [record.product_id for record in passed.records] == ["p2"]
    assert [(one.product_id, one.newer) for one in passed.passed_over] == [
        ("p1", START + timedelta(minutes=10))
    ]
    assert not index.segment.write([Record("delete", "p1", time=at(9)), put("p1", 20, time=at(9))]).records
    assert len(index.segment.write([Record("change", "p1", facts={"price": 1.0}, time=at(10))]).records) == 1


def test_a_log_that_holds_what_came_late_is_read_by_its_times() -> None:
    records = [put("a", 11, sequence=1, time=at(5), facts={"title": "new"}),
               put("a", 12, sequence=2, time=at(1), facts={"title": "old"})]  # fmt: skip
    state = State(DeltaView(), {}, lambda row: "")
    for record in records:
        counts, _ = state.settled(record)
        if counts is not None:
            state.apply(counts)
    assert state.entries["a"].facts == {"title": "new"}
    assert [record.sequence for record in superseded(records)] == [1]


def test_a_write_that_says_no_time_is_later_than_all_before_it(tmp_path: Path) -> None:
    index = layered(tmp_path)
    index.segment.write([put("a", 11, time=at(600), facts={"title": "from a clock ahead"})])
    index.segment.write([put("a", 12, time=at(1), arrival=True, facts={"title": "now"})])
    assert facts_of(layered(tmp_path), "a") == {"title": "now"}
    index.segment.write([Record("delete", "a", time=at(2), arrival=True)])
    assert layered(tmp_path).view().row_of("a") is None


def test_a_deleted_product_is_remembered_for_a_while(tmp_path: Path) -> None:
    index = layered(tmp_path)
    now = datetime.now(UTC)
    for product, days in (("late", 1), ("long ago", 100)):
        index.segment.write([put(product, 11, time=(now - timedelta(days=days + 1)).isoformat())])
        index.segment.write([Record("delete", product, time=(now - timedelta(days=days)).isoformat())])
    carry_over(tmp_path, target(2, IDS))
    new = Header("000002-bbbbbbbb", "encoder-a", 8)
    after = LayeredIndex(log_path(tmp_path, new.release), new, ExactIndex(VECTORS[:10]), IDS)
    stale = (now - timedelta(days=200)).isoformat()
    written = after.segment.write([put("late", 12, time=stale), put("long ago", 12, time=stale)])
    assert [record.product_id for record in written.records] == ["long ago"]
