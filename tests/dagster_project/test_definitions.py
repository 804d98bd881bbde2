"""The asset graph as people see it, and what loading it costs."""

import inspect
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
import yaml
from pydantic import BaseModel
from syrupy.assertion import SnapshotAssertion

from assets.lib.checks import BLOCKING
from assets.lib.shop import FOLDERS
from dagster_project.automation import ALERTS, DELIVERIES, SHADOW, automations
from dagster_project.definitions import defs
from dagster_project.graph import DVC_STAGES, JOBS, SIDE, STAGES
from shelfspace.settings import Automation, Settings
from tests.conftest import PROJECT

HEAVY = (
    "torch",
    "evidently",
    "great_expectations",
    "pytorch_lightning",
    "bentoml",
    "transformers",
    "sklearn",
    "optuna",
    "matplotlib",
    "scipy",
)


def specs() -> list[dg.AssetSpec]:
    """Assets that runs make."""
    shown = {DELIVERIES.key, ALERTS.key, SHADOW.key}
    return sorted((s for s in defs.resolve_all_asset_specs() if s.key not in shown), key=lambda s: s.key)


def test_what_sensors_keep_up_to_date_is_shown_and_made_by_no_run() -> None:
    groups = {s.key: s.group_name for s in defs.resolve_all_asset_specs()}
    assert (groups[DELIVERIES.key], groups[ALERTS.key]) == ("collection", "monitoring")
    for shown in (DELIVERIES, ALERTS, SHADOW):
        assert not defs.resolve_asset_graph().get(shown.key).is_materializable
        assert shown.description
        assert shown.owners


def test_asset_graph_is_the_reviewed_one(snapshot: SnapshotAssertion) -> None:
    graph = [
        {
            "asset": s.key.to_user_string(),
            "group": s.group_name,
            "depends on": sorted(d.asset_key.to_user_string() for d in s.deps),
            "kinds": sorted(s.kinds),
            "code version": s.code_version,
        }
        for s in specs()
    ]
    assert graph == snapshot


def test_every_asset_is_described_owned_and_versioned() -> None:
    for spec in specs():
        assert spec.description, f"{spec.key} has no description"
        assert spec.owners, f"{spec.key} has no owner"
        assert spec.kinds, f"{spec.key} has no kinds"
        assert spec.code_version, f"{spec.key} has no code version"


def test_tables_show_their_columns() -> None:
    shown = {s.key.to_user_string() for s in specs() if "dagster/column_schema" in s.metadata}
    assert shown == {
        *("raw_products", "raw_events", "raw_stock"),
        *("products", "events", "stock", "quarantine", "interactions"),
    }


def test_every_asset_links_to_the_function_that_computes_it() -> None:
    for spec in specs():
        (reference,) = spec.metadata["dagster/code_references"].code_references
        # On a pushed branch of GitHub or GitLab a web address, else a file and a line.
        place = getattr(reference, "url", None) or reference.file_path
        assert "/assets/" in place, spec.key
        assert "/assets/lib/" not in place, f"{spec.key} links to the decorator"


def test_schedules_keep_the_cron_times_and_zone_of_the_parameters() -> None:
    crons = {
        "weekly": "5 4 * * 0",
        "drift_cron": "0 6 * * *",
        "insights_cron": "0 5 * * *",
        "scrub": "1 2 * * 3",
    }
    told = Automation.model_validate({**crons, "timezone": "Europe/Berlin"})
    _, schedules = automations(Settings(automation=told))
    assert [schedule.cron_schedule for schedule in schedules] == list(crons.values())
    assert {schedule.execution_timezone for schedule in schedules} == {"Europe/Berlin"}
    assert {schedule.default_status for schedule in schedules} == {dg.DefaultScheduleStatus.RUNNING}
    _, fewer = automations(Settings(automation=told.model_copy(update={"insights_cron": ""})))
    assert "daily_insights" not in {schedule.name for schedule in fewer}


def test_the_daily_insights_wait_for_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path))
    (daily,) = (s for s in automations(Settings())[1] if s.name == "daily_insights")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=datetime(2026, 11, 28, tzinfo=UTC)
        )
        assert not daily.evaluate_tick(context).run_requests
        made = tmp_path / "sample" / "releases" / "000001-abcdef01"
        made.mkdir(parents=True)
        (made.parent / "current").write_text(made.name)
        assert len(daily.evaluate_tick(context).run_requests) == 1


def test_a_code_server_can_load_them() -> None:
    dg.Definitions.validate_loadable(defs)
    repository = defs.get_repository_def()
    assert set(JOBS) <= set(repository.job_names)
    for name in repository.job_names:
        repository.get_job(name)


def of_groups(*groups: str) -> set[str]:
    return {s.key.to_user_string() for s in specs() if s.group_name in groups}


def test_groups_are_the_stages() -> None:
    assert {s.group_name for s in specs()} == {*STAGES, *SIDE.values()}


def test_what_runs_on_the_side_is_in_no_stage_and_feeds_none() -> None:
    side = of_groups(*SIDE.values())
    assert side == {"tuning", "cross_validation"}
    assert not {*SIDE.values()} & {g for job in ("chain", "retrain", "refresh") for g in JOBS[job]}
    assert not side & {d.asset_key.to_user_string() for s in specs() for d in s.deps}


def test_every_check_is_the_reviewed_one_and_blocks_unless_it_only_tells(snapshot: SnapshotAssertion) -> None:
    graph = defs.resolve_asset_graph()
    told = {
        f"{key.asset_key.to_user_string()}: {key.name}": graph.get(key).blocking
        for key in graph.asset_check_keys
    }
    assert sorted(told) == snapshot
    assert {check for check, blocks in told.items() if not blocks} == {
        "alerts: all_is_well",
        "champion: gate",
        "deliveries: nothing_waits_for_a_person",
        "drift_report: drift",
        "raw_products: erased_stay_out",
        "raw_products: new_data_fits",
    }
    assert {key for keys in BLOCKING.values() for key in keys} == {
        key for key in graph.asset_check_keys if graph.get(key).blocking
    }


def test_every_asset_says_where_it_lies() -> None:
    assert {s.key.to_user_string() for s in specs()} == {
        *(a for a in FOLDERS if a != "catalogue"),
        *of_groups("collection"),
        "champion",
    }


@pytest.mark.parametrize("job", sorted(JOBS))
def test_jobs_cover_their_assets(job: str) -> None:
    wanted = of_groups(*JOBS[job])
    if job == "refresh":
        unread = {"splits", "encoder_choice", "featurizer", "images", "sounds"}
        assert unread < wanted
        wanted -= unread
    resolved = defs.resolve_job_def(job)
    assert {k.to_user_string() for k in resolved.asset_layer.selected_asset_keys} == wanted


@pytest.mark.parametrize("job", [job for job in sorted(JOBS) if job != "collection"])
def test_jobs_judge_what_they_make(job: str) -> None:
    """Collection leaves the verdict on the snapshot to validation."""
    layer = defs.resolve_job_def(job).asset_layer
    made = set(layer.selected_asset_keys)
    if "validation" in JOBS[job]:
        made |= {dg.AssetKey(name) for name in of_groups("collection")}
    wanted = {key for key in defs.resolve_asset_graph().asset_check_keys if key.asset_key in made}
    assert set(layer.asset_graph.asset_check_keys) == wanted


def test_definitions_load_without_heavy_libraries() -> None:
    code = f"import sys, dagster_project.definitions\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_dvc_stages_mirror_the_groups() -> None:
    described = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    assert list(described) == list(DVC_STAGES)
    produced: dict[str, str] = {}
    for stage, entry in described.items():
        do = entry["do"]
        assert f"shelfspace run {stage} " in do["cmd"]
        assert "--launched-by dvc" in do["cmd"]
        for out in do["outs"]:
            path = next(iter(out))
            assert out[path] == {"persist": True}, "a job replaces its own outputs"
            produced[path.removeprefix("workspaces/${item}/")] = stage
    for spec in specs():
        folder = FOLDERS.get(spec.key.to_user_string(), "state/")
        if folder.startswith(("state/", "monitoring/")) or spec.group_name in SIDE.values():
            continue
        asset, stage = spec.key, next(s for s, groups in DVC_STAGES.items() if spec.group_name in groups)
        owner = [s for path, s in produced.items() if folder == path or folder.startswith(path + "/")]
        assert owner == [stage], f"{folder} of {asset} is no output of stage {stage}"


def test_dvc_dependencies_are_snapshot_or_outputs() -> None:
    described = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    outs: set[str] = {"workspaces/${item}/snapshot"}
    for entry in described.values():
        assert set(entry["do"]["deps"]) <= outs, "stages stand in the order of the chain"
        outs |= {next(iter(out)) for out in entry["do"]["outs"]}


def test_dvc_params_are_sections_of_params_yaml() -> None:
    sections = set(yaml.safe_load((PROJECT / "params.yaml").read_text()))
    for entry in yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"].values():
        assert {name.split(".")[0] for name in entry["do"]["params"]} <= sections


def reads_of(asset: str) -> Callable[[Settings], str]:
    """What an asset's record holds of the settings; the encoders are not chosen by data here."""
    compute: Any = defs.resolve_asset_graph().get(dg.AssetKey(asset)).assets_def.op.compute_fn
    said = inspect.getclosurevars(compute.decorated_fn).nonlocals["settings"]
    source = SimpleNamespace(
        label_level=1, cleaning_fingerprint="", split={}, names={}, photo_separator="|", currency="EUR"
    )
    return lambda settings: json.dumps(
        said(SimpleNamespace(settings=settings, source=source, workspace=None)), default=str, sort_keys=True
    )


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value} and more"


def test_what_an_asset_depends_on_is_a_parameter_of_its_dvc_stage() -> None:
    """Else a change of it would be work for Dagster and none for `dvc repro`."""
    described = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
    settings = Settings.model_validate({"model": {"text": "lstm", "image": "cnn"}})
    leaves = [("seed", settings.model_copy(update={"seed": 1}))]
    for section, part in settings:
        if not isinstance(part, BaseModel):
            continue
        leaves += [
            (f"{section}.{name}", settings.model_copy(update={section: part.model_copy(update={name: new})}))
            for name in type(part).model_fields
            if not isinstance(getattr(part, name), BaseModel)
            for new in [changed(getattr(part, name))]
        ]
    missed, looked = [], 0
    for spec in specs():
        asset = spec.key.to_user_string()
        stage = next((s for s, groups in DVC_STAGES.items() if spec.group_name in groups), None)
        # The champion is no stage; features depend on what preprocessing fitted, an output of DVC's stage.
        if stage is None or asset == "champion" or spec.group_name == "features":
            continue
        params, read = described[stage]["do"]["params"], reads_of(asset)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a value of another type is no matter here
            first = read(settings)
            missed += [
                f"{asset}: {leaf} is no parameter of {stage}"
                for leaf, other in leaves
                if leaf not in params and leaf.split(".")[0] not in params and read(other) != first
            ]
        looked += 1
    assert looked > 25
    assert missed == []


def test_no_future_annotations_in_asset_files() -> None:
    for folder in ("assets", "dagster_project"):
        for file in (PROJECT / folder).rglob("*.py"):
            assert "from __future__ import annotations" not in Path(file).read_text(), file


def test_waiting_threads_are_told_to_sleep_before_openmp_is_loaded(tmp_path: Path) -> None:
    """OpenMP reads how to wait when it is loaded, which torch, faiss and scikit-learn do."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "products.csv").write_text("product_id,title\n1,red mug\n")
    code = (
        "import os, pathlib, sys\n"
        "from dagster_project.cli.jobs import prepared\n"
        "prepared(sys.argv[1])\n"
        "assert os.environ['OMP_WAIT_POLICY'] == 'PASSIVE'\n"
        "assert 'libgomp' not in pathlib.Path('/proc/self/maps').read_text()\n"
        "import faiss\n"
        "assert 'libgomp' in pathlib.Path('/proc/self/maps').read_text()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment["SHELFSPACE_WORKSPACES"] = str(tmp_path / "workspaces")
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "shop")], check=True, cwd=PROJECT, env=environment
    )
