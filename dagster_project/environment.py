"""The environment of every Dagster process: one home a workspace, telemetry off, loopback only."""

import os
from collections.abc import MutableMapping
from pathlib import Path

from dagster_project.records import make_records
from shelfspace.files import write_text
from shelfspace.workspace import Workspace

__all__ = ["DAGSTER_YAML", "prepare"]

FIRST_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  poll_interval_seconds: 10
"""
RETENTION = """\
retention:
  schedule:
    purge_after_days: 30
  sensor:
    purge_after_days:
      skipped: 2
      started: 30
      success: 30
      failure: 30
"""
"""How long Dagster keeps what its sensors and schedules said at each look: some ten thousand a day."""

NAMED_RUNS = """\
run_coordinator:
  module: dagster_project.named_runs
  class: NamedRuns
"""
DAGSTER_YAML = FIRST_YAML + RETENTION + NAMED_RUNS
"""One run at a time in a workspace; a run whose process died is marked failed within seconds.

No pools: a killed run keeps its slot until a daemon frees it, and without one the next run would
wait for ever. The workspace's file lock does the same and dies with its holder.
"""

FORMER = (FIRST_YAML, FIRST_YAML + RETENTION)
"""What earlier versions wrote, which nobody has changed."""

QUIET = {
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "BENTOML_DO_NOT_TRACK": "True",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OTEL_SDK_DISABLED": "true",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore::DeprecationWarning,ignore::FutureWarning",
}
"""Telemetry off for every tool; deprecations inside libraries are theirs, not the operator's."""

WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait for one another sleep. They spin by default, and where others want the cores too, those
that have work then wait for those that have none: a training step on two busy cores took twenty times as
long, and ten times the processor time. The arithmetic is the same. Read when OpenMP is loaded."""


def prepare(catalog: str | None = None, environment: MutableMapping[str, str] = os.environ) -> Workspace:
    """Open the workspace and set what its Dagster processes read from the environment.

    A dagster.yaml that somebody wrote stays as it is: that is where PostgreSQL is configured.
    """
    workspace = Workspace.open(catalog)
    home = Path(environment.get("SHELFSPACE_DAGSTER_HOME") or workspace.state / "dagster")
    home.mkdir(parents=True, exist_ok=True)
    described = home / "dagster.yaml"
    if not described.exists() or described.read_text() in FORMER:
        write_text(described, DAGSTER_YAML)
    for name, value in {**QUIET, **WAITING}.items():
        environment.setdefault(name, value)
    environment["DAGSTER_HOME"] = str(home)
    environment["SHELFSPACE_CATALOG"] = workspace.catalog
    make_records(home)
    return workspace
