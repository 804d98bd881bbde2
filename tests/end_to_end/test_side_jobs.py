"""What is off by default, on a tiny workspace: tuning, cross-validation, the co-purchase graph."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
import yaml

from bentos.serving.loaded_release import LoadedRelease
from catalog.sample import build_sample
from dagster_project.definitions import defs
from releases import current
from releases.champion import champion
from shelfspace.files import read_json
from shelfspace.settings import load_settings
from shelfspace.workspace import Workspace
from tests.end_to_end.conftest import TINY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STAGES = ("collection", "validation", "preprocessing", "features")
SIDE = {
    "training": {"epochs": 2, "patience": 2},
    "tuning": {
        "trials": 3,
        "startup_trials": 2,
        "prune_after_trials": 1,
        "space": {"model.width": {"choices": [16, 32]}, "training.batch_size": None},
    },
    "cross_validation": {"folds": 2},
}


class Shelf:
    """A workspace whose stages up to the features are done, and its own Dagster home."""

    def __init__(self, root: Path, instance: dg.DagsterInstance) -> None:
        self.catalog, self.instance = root / "side", instance
        build_sample(self.catalog, seed=3, products=150)
        self.settings = {name: {**TINY.get(name, {}), **SIDE.get(name, {})} for name in {*TINY, *SIDE}}
        self.write()
        self.workspace = Workspace.open(str(self.catalog))

    def write(self, **changes: dict) -> None:
        """Lay settings over params.yaml by the catalogue's own file."""
        described = yaml.safe_load((self.catalog / "catalog.yaml").read_text())
        described["params"] = {
            name: {**self.settings.get(name, {}), **changes.get(name, {})}
            for name in {*self.settings, *changes}
        }
        (self.catalog / "catalog.yaml").write_text(yaml.safe_dump(described))

    def run(self, job: str) -> dg.ExecuteInProcessResult:
        return defs.resolve_job_def(job).execute_in_process(instance=self.instance)

    def metadata(self, job: str, asset: str) -> dict:
        """What a job shows on an asset."""
        (found,) = [
            e for e in self.run(job).get_asset_materialization_events() if e.asset_key.path == [asset]
        ]
        return {name: value.value for name, value in found.materialization.metadata.items()}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    root = tmp_path_factory.mktemp("side-jobs")
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.local_temp(str(root)) as instance:
        patch.setenv("SHELFSPACE_WORKSPACES", str(root / "workspaces"))
        patch.setenv("SHELFSPACE_CATALOG", str(root / "side"))
        patch.setenv("DVC_NO_ANALYTICS", "1")
        patch.setenv("DAGSTER_DISABLE_TELEMETRY", "yes")
        made = Shelf(root, instance)
        for stage in STAGES:
            assert made.run(stage).success
        yield made


def test_tune_writes_values_a_challenger_uses_once_it_is_told_to(shelf: Shelf) -> None:
    shown = shelf.metadata("tune", "tuning")
    folder = shelf.workspace.root / "tuning"
    best = yaml.safe_load((folder / "best_params.yaml").read_text())
    kept = read_json(folder / "tuning.json")
    assert kept["trials"]["complete"] + kept["trials"]["pruned"] == 3
    assert best["model"]["width"] in (16, 32)
    assert "batch_size" not in best["training"], "a catalogue takes a name out"
    assert "(/logs/pictures/" in shown["history"]
    assert "params:\n  model:" in shown["for_catalog_yaml"]
    assert shown["used"] == "not until tuning.apply is on"
    assert len(pd.read_csv(folder / "trials.csv")) == 3
    assert shelf.metadata("tune", "tuning")["status"] == "unchanged, 0 rows"

    before = shelf.metadata("training", "challenger")
    assert "tuned_by" not in before
    shelf.write(tuning={**SIDE["tuning"], "apply": True})
    try:
        after = shelf.metadata("training", "challenger")
        assert after["status"] == "computed"
        assert after["tuned_by"] == kept["study"]
        assert after["tuned_values"]["model.width"] == best["model"]["width"]
        model = read_json(shelf.workspace.training / "challenger" / "model" / "encoder.json")["model"]
        assert model["width"] == best["model"]["width"]
        shelf.run("evaluation")
        card = (shelf.workspace.evaluation / "model_card" / "model_card.md").read_text()
        assert kept["study"] in card
        reigning = champion(shelf.workspace)
        assert reigning is not None
        assert reigning["data"]["tuned_by"] == kept["study"]
        assert shelf.metadata("tune", "tuning")["used"] == "by the next challenger"
    finally:
        shelf.write()


def test_apply_without_a_study_says_what_to_run(shelf: Shelf, tmp_path: Path) -> None:
    folder = shelf.workspace.root / "tuning"
    shelf.write(tuning={**SIDE["tuning"], "apply": True})
    folder.rename(tmp_path / "aside")
    try:
        with pytest.raises(Exception, match="run the tune job first"):
            shelf.run("training")
    finally:
        (tmp_path / "aside").rename(folder)
        shelf.write()


def test_cross_validate_shows_figures_beside_the_baseline(shelf: Shelf) -> None:
    shown = shelf.metadata("cross_validate", "cross_validation")
    folder = shelf.workspace.root / "cross_validation"
    found = read_json(folder / "cross_validation.json")
    assert len(found["folds"]) == 2
    split = pd.read_parquet(shelf.workspace.prepared / "splits" / "splits.parquet")
    taking_part = int((split["split"] != "test").sum())
    assert sum(fold["rows"] + fold["not_judged"] for fold in found["folds"]) == taking_part
    assert "text baseline" in shown["verdict"]
    assert "(/logs/pictures/" in shown["folds"]
    assert "(/logs/pictures/" in shown["confusion"]
    assert found["difference"]["accuracy"]["method"].startswith("corrected resampled t-test")
    assert shown["tuned_by"] == "nothing"
    assert shelf.metadata("cross_validate", "cross_validation")["status"] == "unchanged, 0 rows"


def test_a_release_with_the_graph_on_answers_similar_by_the_vectors_that_won(shelf: Shelf) -> None:
    shelf.write(graph={"encoder": "lightgcn"})
    try:
        shelf.run("training")
        shelf.run("evaluation")
        released = {
            e.asset_key.path[-1]: e.materialization.metadata
            for e in shelf.run("release").get_asset_materialization_events()
        }
        shown = released["graph_vectors"]
        assert shown["encoder"].value == "lightgcn"
        assert "(/logs/pictures/" in str(shown["picture"].value)
        release = current(shelf.workspace.root)
        assert release is not None
        refined = np.load(shelf.workspace.state / "graph_vectors" / "graph_embeddings.npy")
        assert refined.shape == release.embeddings.shape
        assert not np.allclose(refined, release.embeddings), "two years of events pair some products"
        # A product nobody bought keeps a usable vector.
        assert np.allclose(np.linalg.norm(refined, axis=1), 1, atol=1e-3)
        loaded = LoadedRelease.load(release, load_settings().media)
        verdict = read_json(release.folder / "graph.json")
        won = verdict["compared"] is not None and verdict["compared"]["winner"] == "learned"
        assert shown["released"].value is verdict["used"] is won
        assert (release.folder / "graph_embeddings.npy").is_file() is won
        assert loaded.similar_index is (release.graph_index if won else loaded.index)
        assert verdict["said"] in (release.folder / "model_card.md").read_text()
        assert shelf.metadata("release", "graph_vectors")["status"] == "unchanged, 0 rows"
    finally:
        shelf.write()
