"""The rows of loop.json: replaced by id, and the page's other sections left alone."""

from pathlib import Path

import pytest

from benchmarks.loop.results import Figure, write_rows
from benchmarks.sections import marked, marked_sections
from shelfspace.files import read_json


def test_a_row_is_replaced_by_its_id_and_other_rows_and_sections_stay(tmp_path: Path) -> None:
    result, page = tmp_path / "loop.json", tmp_path / "RESULTS.md"
    page.write_text("# Quality\n\nbefore\n\n" + marked("insights", "## Theirs") + "\n")
    gate = Figure("gate_equal_passes", "equal", 0.5, 0.95, "sample", 1000, baseline=0.2, baseline_name="old")
    share = Figure(
        "reproduce_bit_identical", "files", 1.0, 1.0, "sample", 3, parts=[{"file": "a", "same": 1.0}]
    )
    write_rows([gate, share], result, page)
    write_rows(
        [Figure("gate_equal_passes", "equal", 0.97, 0.95, "sample", 1000, interval=(0.95, 0.98))],
        result,
        page,
    )
    rows = {row["id"]: row for row in read_json(result)["rows"]}
    assert {name: row["value"] for name, row in rows.items()} == {
        "gate_equal_passes": 0.97, "reproduce_bit_identical": 1.0,
    }  # fmt: skip
    assert rows["gate_equal_passes"]["reached"] is True
    text = page.read_text()
    assert text.startswith("# Quality\n\nbefore\n")
    theirs, ours = marked_sections(text)
    assert "## Theirs" in theirs
    assert "0.970 (0.950 to 0.980)" in ours
    assert ours.count("`gate_equal_passes`") == 1
    assert "| a | 1.000 |" in ours


def test_what_is_reached_and_a_figure_without_value_says_why() -> None:
    assert Figure("a", "trainings", 1.4, 1.5, "sample", 5, least=True).row("abc")["reached"] is True
    assert Figure("a", "trainings", 1.6, 1.5, "sample", 5, least=True).row("abc")["reached"] is False
    assert Figure("a", "share", None, 0.9, "sample", 0, reason="no data").row("abc")["reached"] is False
    with pytest.raises(ValueError, match="neither a value nor a reason"):
        Figure("a", "share", None, 0.9, "sample", 0).row("abc")
