"""Rollback and approval as jobs and as commands: what is done, who did it, and where it is seen."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster._core.test_utils import create_run_for_test, instance_for_test

from bentos.auth.manage import add_key
from catalog.deliveries.ledger import State, editing, read_ledger
from dagster_project.automation.ledger_page import ledger_events
from dagster_project.cli.app import shelfspace
from dagster_project.decisions import approve, rollback
from dagster_project.launch import origin
from dagster_project.named_runs import HEADER, NamedRuns
from dagster_project.tags import PERSON
from releases import current_id, history, write_release
from releases.promotion import go_live
from shelfspace.approvals import approvals
from shelfspace.workspace import Workspace
from tests.releases.test_release import parts


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Two releases, the second one live, and a delivery that is held."""
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path / "all"))
    for name in ("SHELFSPACE_CATALOG", "SHELFSPACE_PARAMS", "SHELFSPACE_KEY"):
        monkeypatch.delenv(name, raising=False)
    made = Workspace.open("sample")
    for seed in (1, 2):
        go_live(made, write_release(made.releases, **parts(tmp_path, seed)).id, "a test", ask=False)
    with editing(made.state) as ledger:
        ledger.arrive("sale.csv", kind="products", state=State.HELD, reason="many prices move")
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def names(workspace: Workspace) -> list[str]:
    return [folder.name for folder in sorted(workspace.releases.glob("0*"))]


def test_a_rollback_and_an_approval_as_jobs(workspace: Workspace, instance: dg.DagsterInstance) -> None:
    first, second = names(workspace)
    config = {"ops": {"go_back": {"config": {"why": "looks wrong", "who": "anna"}}}}
    assert rollback.execute_in_process(run_config=config, instance=instance).success
    assert current_id(workspace.root) == first
    last = history(workspace.root)[-1]
    assert (last["who"], last["reason"]) == ("anna (unverified)", "looks wrong")
    (seen,) = instance.fetch_observations(dg.AssetKey("release"), limit=1).records
    assert f"now {first}" in str(seen.asset_observation.description)

    for what in ("sale.csv", second):
        config = {"ops": {"say_yes": {"config": {"what": what, "why": "checked"}}}}
        assert approve.execute_in_process(
            run_config=config, instance=instance, tags={PERSON: "mallory"}
        ).success
    assert current_id(workspace.root) == second
    assert read_ledger(workspace.state).entries[1].approved
    given = approvals(workspace.root)
    assert [one.what for one in given] == ["delivery 1 (sale.csv)", f"release {second}"]
    assert all(one.who.endswith("(unverified)") and "mallory" not in one.who for one in given), (
        "no proxy is trusted"
    )


def test_whom_a_trusted_proxy_names_is_known(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = workspace.state / "source" / "sample"
    built.mkdir(parents=True)
    (built / "products.csv").write_text("product_id,title\n1,Lamp\n")
    (built / "catalog.yaml").write_text("params: {automation: {trust_proxy: true}}\n")
    monkeypatch.setenv("SHELFSPACE_CATALOG", str(built))
    (workspace.state / "catalog.txt").write_text(str(built))
    config = {"ops": {"say_yes": {"config": {"what": "1"}}}}
    assert approve.execute_in_process(run_config=config, instance=instance, tags={PERSON: "anna"}).success
    assert [one.who for one in approvals(workspace.root)] == ["anna"]


def test_the_queue_notes_whom_the_proxy_names_and_drops_a_tag_written_by_hand() -> None:
    coordinator = {"module": "dagster_project.named_runs", "class": "NamedRuns"}
    with instance_for_test(overrides={"run_coordinator": coordinator}) as instance:
        assert isinstance(instance.run_coordinator, NamedRuns)
        for header, tagged, wanted in (
            ("anna", {}, "anna"),
            ("anna", {PERSON: "boss"}, "anna"),
            ("", {PERSON: "boss"}, ""),
        ):
            run = create_run_for_test(
                instance, job_name="rollback", status=dg.DagsterRunStatus.NOT_STARTED, tags=tagged,
                remote_job_origin=origin("rollback"),
            )  # fmt: skip
            queued = instance.run_coordinator.submit_run(Asked(run, {HEADER: header} if header else {}))
            assert queued.status is dg.DagsterRunStatus.QUEUED
            assert instance.get_run_by_id(run.run_id).tags[PERSON] == wanted


class Asked:
    """A request of the UI to queue a run, as far as the name needs it."""

    def __init__(self, run: dg.DagsterRun, headers: dict[str, str]) -> None:
        self.dagster_run, self._headers = run, headers

    def get_request_header(self, key: str) -> str | None:
        return self._headers.get(key)


def test_what_waits_stands_in_the_lists_and_on_the_check(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = names(workspace)

    def ask(*words: str) -> str:
        done = CliRunner().invoke(shelfspace, words)
        assert done.exit_code == 0, done.output
        return " ".join(done.stdout.split())

    assert "newer releases wait" in ask("pin", second, "--why", "the sale", "--who", "anna")
    third = write_release(workspace.releases, **parts(tmp_path, 3)).id
    go_live(workspace, third, "a test", ask=False)
    assert "waits: the live release" in ask("releases")
    assert "pinned by anna (unverified): the sale" in ask("releases")
    events, _ = ledger_events(workspace, 0, None, [])
    assert f"make approve RELEASE={third}" in str(events[1].description)
    assert f"release {third} waits" in ask("unpin", second)
    token, _ = add_key(workspace.root / "keys.json", "backoffice", "read,write", 1, 1, None)
    monkeypatch.setenv("SHELFSPACE_KEY", token)
    assert "is live, approved by backoffice" in ask("approve", third, "--why", "after the sale")
    assert "backoffice" in ask("releases", "--history")
    assert f"is now {second}" in ask("rollback", "--to", second)
    monkeypatch.setenv("SHELFSPACE_KEY", token[:-2] + "aa")
    refused = CliRunner().invoke(shelfspace, ["approve", third])
    assert refused.exit_code == 2
    assert "SHELFSPACE_KEY" in refused.stderr
    assert token[8:] not in refused.stderr
    monkeypatch.delenv("SHELFSPACE_KEY")
    for what, said in (
        ("12345678", "names no model that is barred"),
        ("99", "name one of those that are held"),
    ):
        assert said in CliRunner().invoke(shelfspace, ["approve", what]).stderr
