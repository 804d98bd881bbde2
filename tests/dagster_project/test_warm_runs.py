"""Runs that are forked from a process that has loaded what they need."""

import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher.base import LaunchRunContext

from dagster_project import warm_runs
from dagster_project.tags import PROCESS
from tests.waiting import wait_for


@dg.op(config_schema={"seconds": int})
def wait(context: dg.OpExecutionContext) -> None:
    time.sleep(context.op_config["seconds"])


@dg.job(executor_def=dg.in_process_executor)
def waiting() -> None:
    wait()


LAUNCHER = "run_launcher:\n  module: dagster_project.warm_runs\n  class: WarmRuns\n"


def test_a_run_is_forked_ends_by_itself_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_runs, "LOADED", ("dagster._cli.api",))
    (tmp_path / "dagster.yaml").write_text(LAUNCHER)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:

        def started(seconds: int) -> str:
            run = instance.create_run_for_job(
                waiting,
                run_config={"ops": {"wait": {"config": {"seconds": seconds}}}},
                job_code_origin=dg.reconstructable(waiting).get_python_origin(),
            )
            instance.run_launcher.launch_run(LaunchRunContext(run, None))
            return run.run_id

        def status(run: str) -> dg.DagsterRunStatus:
            found = instance.get_run_by_id(run)
            assert found is not None
            return found.status

        short, long = started(0), started(600)
        wait_for(lambda: status(short) is dg.DagsterRunStatus.SUCCESS, 60, pause=0.1)
        wait_for(lambda: status(long) is dg.DagsterRunStatus.STARTED, 60, pause=0.1)
        processes = {(instance.get_run_by_id(run) or pytest.fail(run)).tags[PROCESS] for run in (short, long)}
        assert len(processes) == 2, "each has a process of its own"
        assert instance.run_launcher.terminate(long)
        wait_for(lambda: status(long) is dg.DagsterRunStatus.CANCELED, 60, pause=0.1)
        assert not instance.run_launcher.terminate(long), "it has ended"
