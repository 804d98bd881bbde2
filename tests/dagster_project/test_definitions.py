"""The asset graph as people see it, and what loading it costs."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from assets.lib.preconditions import BLOCKING
from assets.lib.shop import FOLDERS
from dagster_project.definitions import defs
from dagster_project.graph import DVC_STAGES, GROUPS, LOOPS, STAGES
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
)


def specs() -> list[dg.AssetSpec]:
    return sorted(defs.resolve_all_asset_specs(), key=lambda s: s.key)


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


def test_a_code_server_can_load_them() -> None:
    dg.Definitions.validate_loadable(defs)
    repository = defs.get_repository_def()
    assert {*STAGES, *LOOPS} <= set(repository.job_names)
    for name in repository.job_names:
        repository.get_job(name)


def test_groups_are_the_stages() -> None:
    for spec in specs():
        assert spec.key.to_user_string() in GROUPS[str(spec.group_name)]
    assert {s.key.to_user_string() for s in specs()} == {a for assets in GROUPS.values() for a in assets}


def test_what_runs_on_the_side_is_in_no_stage_and_feeds_none() -> None:
    side = {a for group in GROUPS.keys() - STAGES.keys() for a in GROUPS[group]}
    assert side == {"tuning", "cross_validation"}
    assert not side & {a for job in ("chain", "retrain", "refresh") for a in LOOPS[job]}
    assert not side & {d.asset_key.to_user_string() for s in specs() for d in s.deps}


def test_every_blocking_check_is_defined() -> None:
    defined = {(k.asset_key.to_user_string(), k.name) for k in defs.resolve_asset_graph().asset_check_keys}
    assert defined == {(asset, check) for asset, checks in BLOCKING.items() for check in checks}


@pytest.mark.parametrize("job", sorted({**STAGES, **LOOPS}))
def test_jobs_cover_their_assets(job: str) -> None:
    wanted = {**STAGES, **LOOPS}[job]
    resolved = defs.resolve_job_def(job)
    assert {k.to_user_string() for k in resolved.asset_layer.selected_asset_keys} == set(wanted)


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
    for asset, folder in FOLDERS.items():
        if folder.startswith(("state/", "monitoring/")) or asset in ("tuning", "cross_validation"):
            continue
        stage = next(stage for stage, assets in STAGES.items() if asset in assets or asset == "catalogue")
        stage = "preprocessing" if asset == "catalogue" else stage
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


def test_no_future_annotations_in_asset_files() -> None:
    for folder in ("assets", "dagster_project"):
        for file in (PROJECT / folder).rglob("*.py"):
            assert "from __future__ import annotations" not in Path(file).read_text(), file
