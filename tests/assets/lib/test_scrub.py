"""A scrub names each damaged file of a workspace, and the way to get it back."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.lib.dvc import add
from assets.lib.record import build
from assets.lib.scrub import Scrubbed, scrub, told
from catalog.snapshot.user_key import user_key
from catalog.snapshot.write import write_snapshot
from models.features.store import FeatureStore
from releases.contents import keep_reference
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.errors import ArtifactError
from shelfspace.files import check_sealed_folder, write_sealed_json, write_table
from shelfspace.settings import Settings
from shelfspace.workspace import REQUEST_LOG, Workspace
from tests.catalog.shelf import event, photo, product, write_catalogue


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with something of most kinds, made by what makes them in a run."""
    root = tmp_path_factory.mktemp("scrub")
    workspace = Workspace(root / "shop", "shop")
    workspace.state.mkdir(parents=True)
    products = [product(i, photos=f"{i}.png") for i in range(6)]
    photos = {f"{i}.png": photo(f"#{i:06x}") for i in range(6)}
    source = write_catalogue(root / "source", products, [event(i) for i in range(6)], photos)
    write_snapshot(source, workspace.snapshot, Settings(), user_key=user_key(workspace.state), progress=False)
    add(workspace.snapshot)
    rows = pd.DataFrame({"product_id": ["a", "b"]})
    build(
        workspace.prepared / "texts",
        inputs={},
        code_version="1",
        settings=[],
        compute=lambda folder: {"file": str(write_table(folder / "texts.parquet", rows).name)},
    )
    write_table(workspace.state / "splits.parquet", rows)
    vectors = np.eye(2, dtype=np.float32)
    FeatureStore(workspace.state / "embeddings", "product", "f").append(["a", "b"], {"vector": vectors})
    write_sealed_json(workspace.root / "champion.json", {"fingerprint": "f", "crowned": "2026-01-01"})
    write_sealed_json(workspace.state / "checks" / "suite.json", {"fingerprint": "f", "facts": {}})
    keep_reference(workspace.state / "reference" / "f", rows, vectors)
    with closing(DurableLog(workspace.live / REQUEST_LOG)) as log:
        log.append([LogEntry({"endpoint": "search"}, vectors[0])])
    return root


@pytest.fixture
def workspace(whole: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(whole, tmp_path / "copy")
    return Workspace(tmp_path / "copy" / "shop", "shop")


def decay(file: Path, where: float = 0.5) -> None:
    """Turn a bit as a disk does: size and times stay."""
    kept, data = file.stat(), bytearray(file.read_bytes())
    data[int(len(data) * where)] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def test_what_is_whole_is_said_to_be_and_stays_as_it_is(workspace: Workspace) -> None:
    before = {file: file.read_bytes() for file in workspace.root.rglob("*") if file.suffix != ".log"
              if file.is_file() and not file.name.endswith(("-shm", "-wal"))}  # fmt: skip
    found = scrub(workspace)
    assert found.damages == []
    assert set(found.bytes) >= {"snapshot", "assets", "stored vectors", "champion", "logs", "drift reference"}
    assert "damaged" not in told(found)
    assert {file: file.read_bytes() for file in before} == before


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("snapshot/products/part-00000.parquet", "dvc checkout"),
        ("snapshot/events/part-00000.parquet", "dvc checkout"),
        ("snapshot/media/media-00000.tar", "dvc checkout"),
        ("snapshot/media/index.parquet", "dvc checkout"),
        ("snapshot/manifest.json", "dvc checkout"),
        ("prepared/texts/texts.parquet", "preprocessing job"),
        ("prepared/texts/record.json", "preprocessing job"),
        ("state/splits.parquet", "drawn anew"),
        ("state/user.key", "restore it, or delete it"),
        ("state/embeddings/product/f/00000-vector.npy", "made anew"),
        ("state/embeddings/product/f/00000-hashes.npy", "made anew"),
        ("state/checks/suite.json", "made anew"),
        ("state/reference/f/embeddings.npy", "made anew"),
        ("state/reference/f/products.parquet", "made anew"),
        ("champion.json", "evaluation job"),
    ],
)
def test_a_flipped_bit_is_named_with_the_way_back(workspace: Workspace, name: str, remedy: str) -> None:
    decay(workspace.root / name)
    (damage,) = scrub(workspace).damages
    assert str(workspace.root / name) in damage.said
    assert remedy in damage.said


def test_each_damaged_file_is_named_at_once(workspace: Workspace) -> None:
    decay(workspace.root / "champion.json")
    (workspace.prepared / "texts" / "texts.parquet").unlink()
    decay(workspace.live / REQUEST_LOG)
    said = told(scrub(workspace))
    assert all(name in said for name in ("champion.json", "texts.parquet", REQUEST_LOG))


def test_a_decayed_snapshot_comes_back_by_the_way_that_is_named(workspace: Workspace) -> None:
    from assets.lib.dvc import run_dvc

    file = workspace.snapshot / "products" / "part-00000.parquet"
    kept = file.read_bytes()
    decay(file)
    (damage,) = scrub(workspace).damages
    assert (
        f"delete it and put back what DVC keeps: dvc checkout -f {workspace.root}/snapshot.dvc" in damage.said
    )
    file.unlink()
    run_dvc(workspace.root, ["checkout", "-f", str(workspace.root / "snapshot.dvc")])
    assert file.read_bytes() == kept
    assert scrub(workspace).damages == []


def test_a_reference_without_a_note_is_of_before(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"1")
    check_sealed_folder(tmp_path)


def test_a_file_more_is_damage(workspace: Workspace) -> None:
    (workspace.state / "reference" / "f" / "more.npy").touch()
    with pytest.raises(ArtifactError, match=r"more\.npy is damaged or missing"):
        check_sealed_folder(workspace.state / "reference" / "f")


def test_a_damaged_workspace_ends_the_command_with_status_1(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from dagster_project.cli.app import shelfspace

    monkeypatch.setenv("SHELFSPACE_WORKSPACES", str(workspace.root.parent))
    ask: Callable[[], object] = lambda: CliRunner().invoke(shelfspace, ["scrub", "--catalog", "shop"])  # noqa: E731
    assert ask().exit_code == 0
    decay(workspace.root / "champion.json")
    done = ask()
    assert done.exit_code == 1
    assert "champion.json" in done.output


def test_speed_is_bytes_by_seconds() -> None:
    assert Scrubbed({"a": 3_000_000, "b": 1_000_000}, [], 2.0).megabytes_per_second == 2.0
