"""Every kind of file of a real workspace, damaged: what reads it names it and the way back, which works."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import dagster_project.definitions  # noqa: F401 - its assets say where they lie
from assets.lib.dvc import pointer_hash
from assets.lib.shop import Shop
from bentos.serve import find_bento
from catalog.cleaning.losses import read_losses
from catalog.snapshot.shards import read_raw_events, read_raw_products
from dagster_project.summary import summary
from data_checks.validation.pages import publish
from data_checks.validation.report import CheckReport
from models.features.featurizer import Featurizer
from models.features.store import FeatureStore
from models.features.table import ModalityFeatures
from models.inference.product_encoder import ProductEncoder
from releases import current, history
from releases.champion import champion, champion_model
from releases.search_parts import release_lexical
from shelfspace.errors import ArtifactError
from shelfspace.workspace import Workspace
from tests.end_to_end.conftest import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
Finished = subprocess.CompletedProcess[str]
Read = Callable[[Workspace], object]


def shop(workspace: Workspace) -> Shop:
    return Shop(catalog=workspace.catalog)


def release_of(workspace: Workspace) -> object:
    """Everything a release holds, without the look at its manifest that comes first in the service."""
    release = current(workspace.root, verify=False)
    assert release is not None
    return [release.product_ids, release.embeddings, release.products, release.metrics, release.index,
            release_lexical(release)]  # fmt: skip


def stores(workspace: Workspace) -> object:
    found = sorted((workspace.state / "features").glob("*/*"))
    return [len(FeatureStore(workspace.state / "features", f.parent.name, f.name)) for f in found]


def challenger(workspace: Workspace) -> object:
    return ProductEncoder.load(workspace.training / "challenger" / "model")


READ: list[tuple[str, Read]] = [
    ("snapshot.dvc", lambda w: pointer_hash(w.snapshot)),
    ("snapshot/manifest.json", lambda w: read_raw_products(w.snapshot)),
    ("snapshot/products/part-*.parquet", lambda w: read_raw_products(w.snapshot)),
    ("snapshot/events/part-*.parquet", lambda w: read_raw_events(w.snapshot)),
    ("snapshot/media/index.parquet", lambda w: shop(w).media),
    ("validation/reports/balance.json", lambda w: publish(CheckReport.of("products", []), w.validation)),
    ("prepared/catalogue/record.json", lambda w: shop(w).record("products")),
    ("prepared/catalogue/products.parquet", lambda w: shop(w).table("products")),
    ("prepared/catalogue/losses.json", lambda w: read_losses(w.prepared / "catalogue")),
    ("prepared/splits/splits.parquet", lambda w: shop(w).split()),
    ("prepared/featurizer/featurizer/featurizer.json",
     lambda w: Featurizer.load(w.prepared / "featurizer" / "featurizer")),
    ("features/text/features/arrays.json", lambda w: ModalityFeatures.load(w.features / "text" / "features")),
    ("features/text/features/present.npy", lambda w: ModalityFeatures.load(w.features / "text" / "features")),
    ("training/challenger/model/encoder.json", challenger),
    ("training/challenger/model/*.safetensors", challenger),
    ("champion.json", champion),
    ("state/champions/*/encoder.json", lambda w: ProductEncoder.load(champion_model(w))),
    ("state/product_embeddings/embeddings.npy", lambda w: shop(w).vectors()),
    ("state/features/*/*/ledger.sqlite", stores),
    ("evaluation/holdout/evaluation.json", summary),
    ("releases/*/ids.json", release_of),
    ("releases/*/embeddings.npy", release_of),
    ("releases/*/products.parquet", release_of),
    ("releases/*/index/index.json", release_of),
    ("releases/*/lexical/lexical.json", release_of),
    ("releases/promotions.jsonl", lambda w: history(w.root)),
    ("bento/bento.json", find_bento),
]  # fmt: skip


@pytest.fixture(scope="module")
def kept(checkout: Checkout, demo: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workspace that `make demo` left."""
    place = tmp_path_factory.mktemp("damaged") / "workspaces"
    shutil.copytree(checkout.workspace, place / checkout.workspace.name, symlinks=True)
    return place


@pytest.fixture
def workspace(kept: Path, checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(kept))
    return Workspace.find(str(checkout.catalog))


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in READ])
def test_what_is_damaged_names_itself_and_the_way_back(pattern: str, workspace: Workspace) -> None:
    read = dict(READ)[pattern]
    read(workspace)
    path = next(iter(sorted(workspace.root.glob(pattern))))
    whole = path.read_bytes()
    if path.suffix == ".jsonl":
        cut = b"{\n" + whole
    elif path.suffix == ".sqlite":
        cut = b"\x00" * len(whole)
    else:
        cut = whole[: len(whole) // 2]
    # A new file takes its place, as one may be linked from elsewhere or mapped by an earlier reader.
    path.unlink()
    path.write_bytes(cut)
    try:
        with pytest.raises(ArtifactError) as refused:
            read(workspace)
    finally:
        path.unlink()
        path.write_bytes(whole)
    said = str(refused.value)
    assert str(path) in said or str(path.parent) in said
    assert any(word in said for word in ("delete", "put back", "go back")), said
    assert "\n" not in said
    read(workspace)


def test_a_damaged_champion_is_told_by_the_job_and_the_way_back_works(
    workspace: Workspace, checkout: Checkout
) -> None:
    pointer = workspace.root / "champion.json"
    before = champion(workspace)
    assert before is not None
    pointer.write_text("{\n")
    extra = {"SHELFSPACE_WORKSPACES": os.environ["SHELFSPACE_WORKSPACES"]}
    command = (".venv/bin/shelfspace", "run", "evaluation", "--catalog", str(checkout.catalog))
    done = checkout.command(*command, extra=extra, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert f"{pointer} is damaged" in done.stderr
    assert "delete it and run the evaluation job" in done.stderr
    pointer.unlink()
    checkout.command(*command, extra=extra)
    after = champion(workspace)
    assert after is not None
    assert after["fingerprint"] == before["fingerprint"]
