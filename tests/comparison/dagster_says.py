"""Run with a checkout's own Python: what its Dagster keeps of a workspace, or declares, as one line of JSON.

python -P dagster_says.py stored | declared
"""

import importlib
import json
import sys
from typing import Any

MODULE = "dagster_project.definitions"


def stored() -> dict[str, Any]:
    """The latest materialisation of each asset and the latest result of each check, from DAGSTER_HOME."""
    from dagster import DagsterEventType, DagsterInstance, EventRecordsFilter

    instance = DagsterInstance.get()
    assets: dict[str, Any] = {}
    for key in sorted(instance.all_asset_keys(), key=str):
        event = instance.get_latest_materialization_event(key)
        said = event.asset_materialization if event else None
        assets[key.to_user_string()] = None if said is None else {
            "version": (said.tags or {}).get("dagster/data_version"),
            "code_version": (said.tags or {}).get("dagster/code_version"),
            "metadata": sorted(said.metadata),
        }  # fmt: skip
    checks: dict[str, Any] = {}
    wanted = EventRecordsFilter(DagsterEventType.ASSET_CHECK_EVALUATION)
    for row in instance.get_event_records(wanted, limit=5000):
        said = row.event_log_entry.dagster_event.asset_check_evaluation_data
        result = {
            "passed": said.passed,
            "severity": said.severity.value,
            "blocking": said.blocking,
            "metadata": sorted(said.metadata),
        }
        checks.setdefault(f"{said.asset_key.to_user_string()}: {said.check_name}", result)
    return {"assets": assets, "checks": checks}


def declared() -> dict[str, Any]:
    """Assets, checks, jobs, sensors and schedules of the code location."""
    from dagster import Definitions

    module = importlib.import_module(MODULE)
    found = next(value for value in vars(module).values() if isinstance(value, Definitions))
    repository = found.get_repository_def()
    graph = repository.asset_graph
    assets = {}
    for key in sorted(graph.get_all_asset_keys(), key=str):
        node = graph.get(key)
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "kinds": sorted(node.kinds),
            "owners": sorted(node.owners),
            "code_version": node.code_version,
            "description": node.description,
            "parents": sorted(parent.to_user_string() for parent in node.parent_keys),
            "automation": node.automation_condition is not None,
        }
    jobs = {
        job.name: {"description": job.description, "ops": sorted(node.name for node in job.graph.nodes)}
        for job in repository.get_all_jobs()
        if not job.name.startswith("__")
    }
    return {
        "assets": assets,
        "checks": {f"{k.asset_key.to_user_string()}: {k.name}": True for k in graph.asset_check_keys},
        "jobs": jobs,
        "sensors": {sensor.name: sensor.description for sensor in repository.sensor_defs},
        "schedules": {schedule.name: str(schedule.cron_schedule) for schedule in repository.schedule_defs},
    }


if __name__ == "__main__":
    print("@@" + json.dumps({"stored": stored, "declared": declared}[sys.argv[1]](), sort_keys=True))
