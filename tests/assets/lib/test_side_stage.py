"""A stage on the side is left out where everything is materialised."""

from pathlib import Path

import dagster as dg
import pytest

from assets.lib import stage as stages
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dg.AssetsDefinition:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(tmp_path))
    monkeypatch.setattr(stages, "FOLDERS", {})

    @stage(
        folder="study",
        deps=[],
        description="A study.",
        code_version="1",
        group="side",
        owners=["team:catalogue"],
        kinds={"python"},
        side=True,
    )
    def study(shop: Shop, folder: Path) -> Facts:
        (folder / "found.txt").write_text("something")
        return {"found": 1}

    return study


@dg.asset
def other() -> None:
    """Something else."""


@pytest.mark.parametrize(("asked", "made"), [(["study"], True), (["study", "other"], False)])
def test_it_runs_when_it_is_asked_for_by_itself(
    study: dg.AssetsDefinition, asked: list[str], made: bool
) -> None:
    defs = dg.Definitions([study, other], resources={"shop": Shop(catalog="sample")})
    with dg.DagsterInstance.ephemeral() as instance:
        done = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            asset_selection=[dg.AssetKey(name) for name in asked], instance=instance
        )
        assert done.success
        assert bool(instance.get_latest_materialization_event(dg.AssetKey("study"))) is made
