"""What a release on the side would change, as the Dagster UI shows it."""

from pathlib import Path

from dagster_project.automation.shadow_page import shadow_events
from releases.shadow.kept import PAGE
from releases.shadow.report import LEAST
from shelfspace.settings import Service
from shelfspace.workspace import Workspace
from tests.releases.shadow.test_report import OTHER, kept, row


def test_nothing_is_shown_before_a_release_ever_answered_on_the_side(tmp_path: Path) -> None:
    workspace = Workspace.open("shop", tmp_path)
    assert shadow_events(workspace, Service(), None) == ([], "")
    assert not (workspace.root / PAGE).exists()


def test_the_figures_the_page_and_where_it_is_are_shown_once_for_the_same(tmp_path: Path) -> None:
    workspace = kept(tmp_path, [row(f"q{n}", "abcd", "abce") for n in range(LEAST)])
    (event,), seen = shadow_events(workspace, Service(port=3210), None)
    facts = {name: value.value for name, value in event.metadata.items() if name != "figures"}
    assert facts["on_the_side"] == OTHER
    assert facts["hits_the_same"] == 0.75
    assert facts["in_the_service"] == f"http://127.0.0.1:3210/insights/{PAGE}"
    assert "difference, not a win" in str(event.description)
    assert Path(str(facts["page"])).is_file()
    assert shadow_events(workspace, Service(), seen) == ([], seen)
