"""What another release would change: figures of differences, their intervals, the page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bentos.telemetry.request_log import RequestLog
from releases.shadow.compare import answer_of, differences, overlap, rank_overlap
from releases.shadow.kept import FOLDER, PAGE, Status, forget_answers, read_rows, write_status
from releases.shadow.page import write_page
from releases.shadow.report import CHANGED, LEAST, make_report, over_questions, shadow_report
from shelfspace.workspace import Workspace

LIVE, OTHER = "000001-aaaaaaaa", "000002-bbbbbbbb"


def row(question: str, ours: str, theirs: str, **more: Any) -> dict[str, Any]:
    """A kept row of a search; hits are named by letters."""
    live, other = ({"hits": [[letter, 0.5] for letter in hits]} for hits in (ours, theirs))
    return {
        "time": "2026-11-01T10:00:00.000+00:00", "kind": "words", "live": LIVE, "shadow": OTHER,
        "question": question, "asked": "", **differences(live, other), "live_answer": live,
        "shadow_answer": other, "live_seconds": 0.004, "shadow_seconds": 0.008, **more,
    }  # fmt: skip


def named(question: str, ours: str, theirs: str) -> dict[str, Any]:
    """A kept row of a category."""
    live, other = {"label": ours, "score": 0.9}, {"label": theirs, "score": 0.8}
    said = {
        name: value
        for name, value in row(question, "", "").items()
        if name not in ("overlap", "rank", "first")
    }
    return said | {"kind": "classify", "live_answer": live, "shadow_answer": other} | differences(live, other)


@pytest.mark.parametrize(
    ("ours", "theirs", "shared", "ranked"),
    [
        ("abcd", "abcd", 1.0, 1.0),
        ("abcd", "efgh", 0.0, 0.0),
        ("", "", 1.0, 1.0),
        ("ab", "", 0.0, 0.0),
        ("abcd", "abce", 0.75, pytest.approx((1 + 0.9 + 0.81 + 0.729 * 0.75) / (1 + 0.9 + 0.81 + 0.729))),
        ("ab", "ba", 1.0, pytest.approx(0.9 / 1.9)),
    ],
)
def test_two_rankings_by_what_they_share_and_by_rank(
    ours: str, theirs: str, shared: float, ranked: float
) -> None:
    assert overlap(ours, theirs) == shared
    assert rank_overlap(ours, theirs) == ranked
    assert rank_overlap(theirs, ours) == ranked, "it does not matter which of them is live"


def test_only_the_first_ten_hits_are_compared() -> None:
    result = {
        "hits": [
            {"product_id": f"P{n}", "score": np.float32(0.1), "title": "kept nowhere"} for n in range(30)
        ]
    }
    kept = answer_of(result)
    assert kept == {"hits": [[f"P{n}", 0.1] for n in range(10)]}
    assert answer_of({"label": "Bags", "score": 0.91234567, "labels": []}) == {
        "label": "Bags",
        "score": 0.9123,
    }


def test_below_a_stated_number_of_questions_it_is_too_few_to_tell() -> None:
    many_answers = [row(f"q{n % (LEAST - 1)}", "abcd", "abce") for n in range(500)]
    report = make_report(many_answers)
    assert report.kinds["hits"].answers == 500
    assert not report.kinds["hits"].figures, "the same questions asked again say nothing new"
    assert any("Too few to tell" in said and str(LEAST) in said for said in report.sentences)
    enough = make_report([row(f"q{n}", "abcd", "abce") for n in range(LEAST)])
    assert enough.kinds["hits"].figures["overlap"].mean == 0.75
    assert "difference, not a win" in enough.sentences[-1]


def test_the_interval_is_of_questions_and_not_of_answers() -> None:
    generator = np.random.default_rng(1)
    own, place = generator.random(60), np.repeat(np.arange(60), 50)
    once = over_questions(own, np.arange(60))
    again = over_questions(own[place], place)
    assert (once.low, once.high) == (again.low, again.high), "asked fifty times as often it is as unsure"
    holds = 0
    for seed in range(60):
        drawn = np.random.default_rng(seed).random(50)
        figure = over_questions(drawn, np.arange(50), seed)
        holds += figure.low <= 0.5 <= figure.high
    assert 52 <= holds <= 59, "95% intervals hold the true mean about so often"


def test_the_most_changed_questions_and_moved_categories_stand_first() -> None:
    rows = [row(f"q{n:03}", "abcd", "abcd") for n in range(50)]
    rows += [row("some", "abcd", "abef"), row("all", "abcd", "efgh"), row("order", "abcd", "bacd")]
    rows += [row("all", "abcd", "efgx")]
    report = make_report(
        [*rows, named("a", "Bags", "Shoes"), named("b", "Bags", "Bags")], None, frozenset("abcde")
    )
    assert [one["question"] for one in report.changed] == ["all", "some", "order"]
    assert report.changed[0]["shadow_answer"]["hits"][-1][0] == "x", "the last answer to it"
    assert report.moves == [("Bags", "Shoes", 1)]
    assert report.new_hits == pytest.approx(7 / 10), "of efgh, ef and efgx, the live release holds e alone"
    assert len(make_report([row(f"q{n}", "ab", "cd") for n in range(90)]).changed) == CHANGED


def kept(folder: Path, rows: list[Mapping[str, Any]], **status: Any) -> Workspace:
    """A workspace whose service kept these rows."""
    workspace = Workspace(folder / "shop", "shop")
    (workspace.root / "releases").mkdir(parents=True)
    log = RequestLog(workspace.live / FOLDER, 60)
    log.add(dict(one) for one in rows)
    log.close()
    said = {
        "release": OTHER,
        "share": 0.1,
        "since": "2026-11-01T09:00:00+00:00",
        "state": "answering",
        **status,
    }
    write_status(workspace.live / FOLDER, Status(**said))
    return workspace


def test_the_page_says_what_differs_and_escapes_what_was_asked(tmp_path: Path) -> None:
    asked = "<script>alert(1)</script> & 'shoes'"
    rows = [row(f"q{n}", "abcd", "abce", asked=asked) for n in range(LEAST)]
    workspace = kept(tmp_path, rows)
    report = write_page(workspace)
    page = (workspace.root / PAGE).read_text()
    assert report.kinds["hits"].figures["overlap"].mean == 0.75
    assert "75.0% (75.0% to 75.0%)" in page
    assert "difference, not a win" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count('class="hit only"') == 2 * CHANGED
    assert "http" not in page.replace("http-equiv", ""), "it loads nothing from elsewhere"
    assert "no hits" not in page
    assert "log_query_text" not in page


def test_the_page_names_an_empty_list_and_why_words_are_not_shown(tmp_path: Path) -> None:
    write_page(workspace := kept(tmp_path, [row("q1", "", "abc"), row("q2", "ab", "")]))
    page = (workspace.root / PAGE).read_text()
    assert page.count("<i>no hits</i>") == 2
    assert "What was typed is not kept" in page
    assert "service.log_query_text keeps it" in page
    write_page(workspace := kept(tmp_path / "by photo", [row("q1", "ab", "abc", kind="photo")]))
    assert "log_query_text" not in (workspace.root / PAGE).read_text()


def test_an_erasure_leaves_neither_rows_nor_page(tmp_path: Path) -> None:
    workspace = kept(tmp_path, [row("q1", "abcd", "abce")])
    write_page(workspace)
    assert forget_answers(workspace.root, workspace.live) == 1
    assert read_rows(workspace.live) == []
    assert not (workspace.root / PAGE).exists()
    assert forget_answers(workspace.root, workspace.live) == 0


def test_rows_of_a_release_before_it_are_not_told_of_it(tmp_path: Path) -> None:
    workspace = kept(tmp_path, [row(f"q{n}", "ab", "cd") for n in range(40)], release="000003-cccccccc")
    report = write_page(workspace)
    assert not report.kinds
    assert report.shadow == "000003-cccccccc"
    assert any("no answers of it yet" in said for said in report.sentences)


def test_a_failure_is_said(tmp_path: Path) -> None:
    workspace = kept(tmp_path, [], state="failed", problem="release 000002-bbbbbbbb is damaged")
    assert (
        "Trouble: release 000002-bbbbbbbb is damaged."
        in shadow_report(workspace.root, workspace.live).sentences
    )


def test_a_workspace_whose_service_never_ran_has_a_page_that_says_so(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "shop", "shop")
    workspace.root.mkdir()
    assert write_page(workspace).sentences[0] == "There are no answers of it yet."
