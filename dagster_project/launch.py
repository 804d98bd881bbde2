"""Launch a named job, the Dagster UI, or the drift dashboard: what the Makefile and dvc.yaml call.

python -m dagster_project.launch job chain --catalog flipkart
python -m dagster_project.launch ui
python -m dagster_project.launch drift
python -m dagster_project.launch rollback
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from dagster_project.environment import prepare
from dagster_project.graph import JOBS, stages_of
from shelfspace.workspace import PROJECT, Workspace

__all__ = ["main"]


def launch_job(workspace: Workspace, job: str, launched_by: str, cause: str) -> int:
    """`dg launch --job`, quiet but for warnings and what the assets themselves say; its exit status.

    Unless DVC started it, a successful run is followed by `dvc commit` of its stages: DVC refuses
    that from within.
    """
    config = {
        "loggers": {"console": {"config": {"log_level": "WARNING"}}},
        "resources": {"shop": {"config": {"launched_by": launched_by, "cause": cause}}},
    }
    if sys.stderr.isatty():
        # A step's output is captured and passed on, so it cannot see that a person is watching.
        os.environ.setdefault("SHELFSPACE_PROGRESS", "1")
    print(f"{job} on {workspace.name}", file=sys.stderr)
    done = subprocess.run(
        [
            _tool("dg"),
            "launch",
            "--job",
            job,
            "-m",
            "dagster_project.definitions",
            "--config-json",
            json.dumps(config),
        ],
        cwd=PROJECT,
        check=False,
    )
    if done.returncode != 0:
        print(f"{job} on {workspace.name} stopped; the reason is above and in `make ui`", file=sys.stderr)
    if done.returncode == 0 and launched_by != "dvc":
        from assets.lib.dvc import commit_stages

        committed = commit_stages(PROJECT, workspace.root, stages_of(job))
        if committed:
            print(f"  dvc commit             {', '.join(committed)}", file=sys.stderr)
    return done.returncode


def _tool(name: str) -> str:
    """A command of this environment, wherever the shell's PATH points."""
    return str(Path(sys.executable).with_name(name))


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and do it; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m dagster_project.launch", description=__doc__.splitlines()[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    job = commands.add_parser("job", help="run a stage or a loop")
    job.add_argument("name", choices=sorted(JOBS))
    job.add_argument("--launched-by", default="launch", help="launch (a person) or dvc")
    job.add_argument("--cause", default="", help="why, for the run's record")
    ui = commands.add_parser("ui", help="the Dagster UI with its daemon")
    ui.add_argument("--port", type=int, default=3001)
    drift = commands.add_parser("drift", help="the Evidently UI on the workspace")
    drift.add_argument("--port", type=int, default=3002)
    commands.add_parser("rollback", help="move `current` back to the release before")
    commands.add_parser("summary", help="the metrics table and what to do next")
    for command in commands.choices.values():
        command.add_argument("--catalog", default=None, help="preset name or catalogue folder")
    chosen = parser.parse_args(arguments)
    workspace = prepare(chosen.catalog)
    if chosen.command == "job":
        return launch_job(workspace, chosen.name, chosen.launched_by, chosen.cause)
    if chosen.command == "ui":
        return _serve(
            [_tool("dg"), "dev", "-m", "dagster_project.definitions", "-h", "127.0.0.1"], chosen.port, "-p"
        )
    if chosen.command == "drift":
        place = str(workspace.state / "evidently")
        return _serve(
            [_tool("evidently"), "ui", "--workspace", place, "--host", "127.0.0.1"], chosen.port, "--port"
        )
    if chosen.command == "rollback":
        from releases import rollback

        release = rollback(workspace.root)
        print(f"current release of {workspace.name} is now {release.id}")
        return 0
    from dagster_project.summary import summary

    print(summary(workspace))
    return 0


def _serve(command: list[str], port: int, flag: str) -> int:
    """Become a server in this process's place, so that Ctrl-C and SIGTERM reach it."""
    os.chdir(PROJECT)
    os.execv(command[0], [*command, flag, str(port)])  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    sys.exit(main())
