"""The benchmark of the applications: its rows, what counts as reached, and that nothing measured is lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.insights.__main__ import chosen, measured, tasks, with_former, write
from benchmarks.insights.page import section
from benchmarks.insights.rows import ROWS, Figure, Part, row_of
from benchmarks.insights.task import Data, Task


def figures(data: Data) -> Iterator[Figure]:
    yield Figure("market_stable", 1.0, parts=(Part("two threads", 1.0),))
    yield Figure("retail_recall20_ratio", 1.2, 1.0, conditions={"above 1 at every cut": False})


TASK = Task("market", ("market_stable", "retail_recall20_ratio"), figures)
NOWHERE = Data(Path("a"), Path("b"), Path("c"))


def test_every_task_measures_rows_that_there_are_and_none_twice() -> None:
    rows = [row for task in tasks().values() for row in task.rows]
    assert set(rows) <= set(ROWS)
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize(
    ("name", "value", "reached"),
    [
        ("retail_recall20_new", 0.11, True), ("retail_recall20_new", 0.1099, False),
        ("retail_demand_wape_ratio", 0.93, True), ("retail_demand_wape_ratio", 0.94, False),
        ("retail_demand_intermittent_pinball_ratio", 1.0, False), ("retail_interval_cover80", 0.83, False),
        ("retail_interval_cover80", 0.78, True),
    ],
)  # fmt: skip
def test_what_is_reached(name: str, value: float, reached: bool) -> None:
    assert row_of(Figure(name, value), 1.0, "abc")["reached"] is reached


def test_a_condition_that_does_not_hold_is_told_and_a_figure_without_value_says_why() -> None:
    row = row_of(Figure("retail_recall20_ratio", 2.0, conditions={"above 1 at every cut": False}), 1.0, "abc")
    assert row["reached"] is False
    assert "no; not so: above 1 at every cut" in section([row])
    assert row_of(Figure("market_stable", None, reason="no workspace"), 1.0, "abc")["reached"] is False
    with pytest.raises(ValueError, match="neither a value nor a reason"):
        row_of(Figure("market_stable", None), 1.0, "abc")


def test_tasks_are_chosen_by_name_or_row_and_left_out_without_their_data() -> None:
    other = Task("price", ("flipkart_price_r2",), figures, lacks=lambda data: f"{data.public} is not there")
    every = {"market": TASK, "price": other}
    assert [t.name for t in chosen(every, ["market_stable"])] == ["market"]
    assert [t.name for t in chosen(every, ["price"])] == ["price"]
    assert [t.name for t in chosen(every, [])] == ["market", "price"]
    assert [row["id"] for row in measured([TASK, other], NOWHERE)] == list(TASK.rows)


def test_a_row_that_is_not_run_keeps_its_value_and_the_page_what_stands_around(tmp_path: Path) -> None:
    result, page = tmp_path / "insights.json", tmp_path / "RESULTS.md"
    page.write_text("# Quality\n\nbefore\n")
    first = row_of(Figure("market_stable", 1.0), 1.0, "first")
    write([first], result, page)
    second = row_of(Figure("flipkart_price_r2", 0.5, 0.4, spread=0.01), 2.0, "second")
    write([second], result, page)
    assert [row["commit"] for row in json.loads(result.read_text())["rows"]] == ["second", "first"]
    assert with_former([], result) == json.loads(result.read_text())["rows"]
    text = page.read_text()
    assert (text.count("<!-- insights: begin -->"), text.count("<!-- insights: end -->")) == (1, 1)
    assert text.startswith("# Quality\n\nbefore\n")
    assert "0.500 ± 0.010 | 0.400 (ridge)" in text
