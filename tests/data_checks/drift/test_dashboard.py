"""The pages of the Evidently UI: what a person sees of a check, also while the pages are open."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from data_checks.drift.check import judge_questions, summary, verdict_rows
from data_checks.drift.dashboard import add_check_run, project_id
from data_checks.drift.decision import Decision
from data_checks.drift.questions import Question
from data_checks.drift.verdict import Verdict
from tests.data_checks.drift.test_report import moved_question
from tests.waiting import wait_for

QUIET = Decision("none", "nothing has moved that is known to matter")


def check(
    folder: Path, asked: Sequence[tuple[Question, Verdict]], hour: int = 1, decision: Decision = QUIET
) -> None:
    """A check of these questions at an hour of a day."""
    questions, verdicts = zip(*asked, strict=True)
    said = summary(verdicts, questions, decision, "champion", "data")
    add_check_run(verdicts, said, pd.Timestamp(2026, 3, 2, hour, tz="UTC"), folder, "shop")


def named(name: str, shift: float = 0.0, title: str = "Is something else asked?") -> tuple[Question, Verdict]:
    question, verdict = moved_question(shift)
    return replace(question, name=name, title=title), replace(verdict, question=name)


def test_pages_that_are_open_follow_a_question_that_is_asked_for_the_first_time(tmp_path: Path) -> None:
    from evidently.ui.service.storage.local import create_local_project_manager
    from evidently.ui.service.storage.local.base import LocalState

    folder = tmp_path / "evidently"
    check(folder, [named("catalogue")])
    state = LocalState.load(str(folder), None)
    create_local_project_manager(str(folder), autorefresh=True, state=state)  # as `evidently ui` does
    later = [named("catalogue", 1.0), *[named(f"traffic endpoint {n}") for n in range(6)]]
    check(folder, later, hour=2)
    check(folder, later, hour=3)
    pages = [project_id("shop", question.name) for question, _ in later]
    wait_for(lambda: set(pages) <= state.projects.keys(), 20)
    wait_for(lambda: len(state.snapshots[project_id("shop")]) == 3, 20)
    wait_for(lambda: all(len(state.snapshots[page]) == 2 for page in pages[1:]), 20)


def test_a_check_that_was_killed_while_it_wrote_is_followed_by_whole_pages(tmp_path: Path) -> None:
    from evidently.ui.service.storage.local.base import LocalState

    folder = tmp_path / "evidently"
    check(folder, [named("catalogue")])
    home = folder / str(project_id("shop"))
    for name in ("metadata.json", "dashboard.json"):
        (home / name).write_bytes((home / name).read_bytes()[:20])
    check(folder, [named("catalogue")], hour=2)
    assert LocalState.load(str(folder), None).projects[project_id("shop")].name == "shop"
    assert json.loads((home / "dashboard.json").read_bytes())["panels"]


def test_nothing_that_is_half_written_carries_a_name_that_the_pages_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    from evidently.ui.service.storage.local.base import LocalState

    folder = tmp_path / "evidently"
    check(folder, [named("catalogue")])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        check(folder, [named("catalogue")], hour=2)
    assert len(LocalState.load(str(folder), None).snapshots[project_id("shop")]) == 1


def test_the_list_of_pages_says_each_ones_question_the_overview_first(tmp_path: Path) -> None:
    from evidently.ui.service.storage.local.base import LocalState

    folder = tmp_path / "evidently"
    asked = [named("catalogue", title="Has it moved?"), named("traffic search", title="Is it asked?")]
    check(folder, asked)
    check(folder, [asked[0], named("traffic answers", title="Does it answer?"), asked[1]], hour=2)
    projects = LocalState.load(str(folder), None).projects.values()
    listed = sorted(projects, key=lambda project: project.created_at, reverse=True)  # as the UI does
    assert [project.name for project in listed] == [
        "shop",
        "shop: Catalogue",
        "shop: Answers",
        "shop: Search",
    ]
    assert [project.description for project in listed][1:] == [
        "Has it moved?",
        "Does it answer?",
        "Is it asked?",
    ]


def test_no_two_lines_of_a_panel_have_one_colour(tmp_path: Path) -> None:
    from evidently.ui.workspace import Workspace

    folder = tmp_path / "evidently"
    question, verdict = named("traffic search", 1.0)
    many = {f"column_{n}": float(n) for n in range(1, 15)}
    wide = replace(verdict, distances=many, limits=dict.fromkeys(many, 2.0))
    check(folder, [(question, wide)])
    board = Workspace.create(str(folder)).get_dashboard(project_id("shop", "traffic search"))
    lines = [panel for panel in board.panels if panel.plot_params["plot_type"] == "line"]
    assert [len(panel.values) for panel in lines] == [6, 6, 2]
    assert lines[0].values[0].legend == "column 14"


def test_a_newcomer_reads_what_is_not_judged_yet_and_what_it_takes(tmp_path: Path) -> None:
    from evidently.ui.workspace import Workspace

    question = replace(named("predictions")[0], windows=[], waits="3 products are new; it takes more than 60")
    (waiting,) = judge_questions([question], tmp_path / "kept")
    check(tmp_path / "evidently", [named("catalogue"), (question, waiting)])
    workspace = Workspace.create(str(tmp_path / "evidently"))
    panels = workspace.get_dashboard(project_id("shop")).panels
    assert panels[0].title == "Nothing has moved; 1 of 2 questions cannot be judged yet"
    assert panels[-1].title == "Not judged yet"
    assert panels[-1].subtitle == (
        "Predictions: not enough evidence yet: 3 products are new; it takes more than 60. "
        "Searches and the like: the service has answered none."
    )
    (alone,) = workspace.get_dashboard(project_id("shop", "predictions")).panels
    assert alone.title == "Is something else asked? Not judged"
    assert alone.subtitle == "Not enough evidence yet: 3 products are new; it takes more than 60."


def test_the_table_of_an_assets_page_has_two_columns_and_says_since_when() -> None:
    moved = replace(
        named("traffic search", 1.0)[1], since="2026-03-02T10:00:00+00:00", cause="queries: longer"
    )
    rows = verdict_rows([moved, replace(moved, drifted=False, moves=(), since="", cause="no drift")])
    assert rows.to_dict("records") == [
        {"question": "traffic search", "verdict": "moved since 2026-03-02: queries: longer"},
        {"question": "traffic search", "verdict": "quiet: no drift"},
    ], "more columns are cut off in the Dagster UI, and the sentences beside them"
