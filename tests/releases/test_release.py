"""Releases appear whole or not at all, never change, and the pointer always names one of them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from releases import (
    Release,
    current,
    current_id,
    history,
    list_releases,
    pin,
    previous,
    promote,
    prune,
    roll_back,
    write_release,
)
from retrieval.vectors import build_index
from shelfspace.errors import ArtifactError, InputError
from shelfspace.settings import ReleaseSettings
from shelfspace.workspace import Workspace


def parts(folder: Path, seed: int = 0, rows: int = 30, **changes: object) -> dict:
    encoder = folder / "encoder"
    (encoder / "featurizer").mkdir(parents=True, exist_ok=True)
    (encoder / "encoder.json").write_text(f'{{"seed": {seed}}}')
    (encoder / "featurizer" / "tokenizer.json").write_text("{}")
    vectors = np.random.default_rng(seed).normal(size=(rows, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    ids = [f"p{i}" for i in range(rows)]
    return {
        "encoder_dir": encoder,
        "product_ids": ids,
        "embeddings": vectors,
        "index": build_index(vectors, ReleaseSettings()),
        "products": pd.DataFrame({"product_id": ids, "title": [f"台灯 {i}" for i in range(rows)]}),
        "metrics": {"overall": {"accuracy": 0.9}},
        "provenance": {"data_version": "d1", "run_id": "r1"},
        "model_card": "# card\n",
        **changes,
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "shop"


def write(workspace: Path, seed: int = 0, **changes: object) -> Release:
    return write_release(workspace / "releases", **parts(workspace.parent, seed, **changes))


def test_holds_what_was_given(workspace: Path) -> None:
    given = parts(workspace.parent)
    release = write_release(workspace / "releases", **given)
    again = Release.load(workspace / "releases" / release.id)
    assert again.id.startswith("000001-")
    assert list(again.product_ids) == given["product_ids"]
    assert again.rows["p7"] == 7
    np.testing.assert_array_equal(again.embeddings, given["embeddings"])
    pd.testing.assert_frame_equal(again.products, given["products"])
    assert again.metrics == given["metrics"]
    assert again.provenance == given["provenance"]
    assert (again.model_folder / "featurizer" / "tokenizer.json").read_text() == "{}"
    assert again.index.search(again.embeddings[3:4], 1)[1].tolist() == [[3]]
    assert (again.folder / "model_card.md").read_text() == "# card\n"


def test_how_fast_an_index_was_makes_no_other_release(workspace: Path) -> None:
    made = []
    for microseconds in (1.0, 2.0):
        given = parts(workspace.parent, rows=400)
        index = build_index(given["embeddings"], ReleaseSettings(exact_up_to=50, min_recall=0.5))
        index.timing = {"microseconds": microseconds}
        made.append(write_release(workspace / "releases", **{**given, "index": index}))
    assert made[0].id == made[1].id
    again = Release.load(workspace / "releases" / made[0].id)
    assert again.manifest["index"] == again.index.describe()
    assert again.manifest["index"]["timing"] == {"microseconds": 1.0}
    assert again.manifest["index"]["recall_at_10"] >= 0.5


def test_the_same_content_is_the_same_release(workspace: Path) -> None:
    first = write(workspace)
    later = write(workspace, provenance={"data_version": "d1", "run_id": "another"}, model_card="# other\n")
    assert later.id == first.id
    assert later.provenance["run_id"] == "r1"
    changed = write(workspace, provenance={"data_version": "d2", "run_id": "r1"})
    assert changed.id.startswith("000002-")
    assert write(workspace, seed=1).id.startswith("000003-")
    assert [p.name for p in list_releases(workspace / "releases")] == sorted(
        p.name for p in (workspace / "releases").iterdir() if p.name[0] != "."
    )


def test_files_are_read_only_and_hold_no_pickle(workspace: Path) -> None:
    release = write(workspace)
    for path in release.folder.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o222 == 0, path
            assert path.suffix not in {".pkl", ".pickle", ".pt"}


@pytest.mark.parametrize("name", ["embeddings.npy", "model/encoder.json", "products.parquet"])
def test_a_changed_byte_is_refused(workspace: Path, name: str) -> None:
    release = write(workspace)
    path = release.folder / name
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=name.replace(".", r"\.")):
        Release.load(release.folder)
    with pytest.raises(ArtifactError):
        promote(workspace, release.id)
    assert current_id(workspace) is None
    Release.load(release.folder, verify=False)


def test_missing_and_additional_files_are_refused(workspace: Path) -> None:
    release = write(workspace)
    (release.folder / "index" / "note.txt").write_text("x")
    with pytest.raises(ArtifactError, match=r"note\.txt"):
        Release.load(release.folder)
    (release.folder / "index" / "note.txt").unlink()
    (release.folder / "ids.json").unlink()
    with pytest.raises(ArtifactError, match=r"ids\.json"):
        Release.load(release.folder)
    with pytest.raises(ArtifactError, match="no release"):
        Release.load(workspace / "releases" / "000009-12345678")


def test_parts_that_disagree_are_refused(workspace: Path) -> None:
    given = parts(workspace.parent)
    wrong = [
        {"product_ids": given["product_ids"][:-1]},
        {"product_ids": ["p0", *given["product_ids"][:-1]]},
        {"embeddings": given["embeddings"] * 2},
        {"embeddings": given["embeddings"].astype(np.float64)},
        {"products": given["products"].iloc[::-1]},
        {"index": build_index(given["embeddings"][:5], ReleaseSettings())},
    ]
    for change in wrong:
        with pytest.raises(InputError):
            write_release(workspace / "releases", **{**given, **change})
    with pytest.raises(ArtifactError, match="no product encoder"):
        write(workspace, encoder_dir=workspace / "nowhere")
    assert list_releases(workspace / "releases") == []


def test_promote_rollback_and_history(workspace: Path) -> None:
    assert current(workspace) is None
    a, b, c = (write(workspace, seed).id for seed in range(3))
    with pytest.raises(ArtifactError, match="no earlier release"):
        roll_back(Workspace(workspace, "shop"), "anna")
    for name in (a, b, b, c):
        promote(workspace, name, reason=f"because {name}")
    assert current(workspace).id == c
    assert previous(workspace) == b
    assert roll_back(Workspace(workspace, "shop"), "anna", "looks bad").to == b
    assert previous(workspace) == a
    assert roll_back(Workspace(workspace, "shop"), "anna").to == a
    assert previous(workspace) is None
    promote(workspace, c)
    assert previous(workspace) == a
    moves = [(entry["action"], entry["release"], entry["before"]) for entry in history(workspace)]
    assert moves == [
        ("promote", a, None),
        ("promote", b, a),
        ("promote", c, b),
        ("rollback", b, c),
        ("rollback", a, b),
        ("promote", c, a),
    ]
    assert history(workspace)[3]["reason"] == "looks bad"


def test_promoting_what_is_not_there_leaves_the_live_one(workspace: Path) -> None:
    promote(workspace, write(workspace).id)
    live = current_id(workspace)
    with pytest.raises(ArtifactError):
        promote(workspace, "000099-ffffffff")
    assert current_id(workspace) == live


@pytest.mark.parametrize("torn", [b"", b'{"time": "20'])
def test_a_stop_between_pointer_and_history_is_mended(workspace: Path, torn: bytes) -> None:
    a, b, c = (write(workspace, seed).id for seed in range(3))
    promote(workspace, a)
    (workspace / "releases" / "current").write_text(b + "\n")
    with (workspace / "releases" / "promotions.jsonl").open("ab") as stream:
        stream.write(torn)
    assert previous(workspace) == a
    promote(workspace, c)
    assert [entry["release"] for entry in history(workspace)] == [a, b, c]
    assert previous(workspace) == b


def test_a_refresh_takes_the_model_of_the_live_release(workspace: Path) -> None:
    first = write(workspace)
    # Copied files are read-only; the new release, and a stopped attempt at it, must not mind.
    again = write(workspace, encoder_dir=first.model_folder, provenance={"data_version": "d2"})
    assert Release.load(again.folder).id.startswith("000002-")
    shutil.copytree(again.folder, workspace / "releases" / ".staging")
    assert write(workspace, encoder_dir=first.model_folder, seed=4).id.startswith("000003-")


def test_prune_keeps_the_live_one_and_its_predecessor(workspace: Path) -> None:
    names = [write(workspace, seed).id for seed in range(6)]
    promote(workspace, names[0])
    promote(workspace, names[2])
    assert prune(workspace, keep=2) == [names[1], names[3]]
    assert [p.name for p in list_releases(workspace / "releases")] == [
        names[0],
        names[2],
        names[4],
        names[5],
    ]
    assert roll_back(Workspace(workspace, "shop"), "anna").to == names[0]
    assert not list((workspace / "releases").glob(".trash-*"))
    assert write(workspace, seed=9).id.startswith("000007-")


def test_one_that_was_pinned_while_a_run_was_at_work_is_not_pruned(workspace: Path) -> None:
    names = [write(workspace, seed).id for seed in range(4)]
    promote(workspace, names[3])
    pin(workspace, names[1], "anna", "the sale")  # after the run has asked what is pinned
    assert prune(workspace, keep=1, spared=()) == [names[0], names[2]]
    assert [p.name for p in list_releases(workspace / "releases")] == [names[1], names[3]]


WRITER = """
import sys, time
from pathlib import Path
import releases.write as folder
from tests.releases.test_release import parts

kept, slow = folder.{where}, Path(sys.argv[2])
def waiting(*args, **options):
    result = kept(*args, **options)
    slow.write_text("reached")
    time.sleep(60)
    return result
folder.{where} = waiting
folder.write_release(Path(sys.argv[1]) / "releases", **parts(Path(sys.argv[1]).parent))
"""


@pytest.mark.parametrize("where", ["write_table", "seal"])
def test_a_killed_writer_leaves_nothing_and_a_rerun_works(
    workspace: Path, tmp_path: Path, where: str
) -> None:
    releases, mark = workspace / "releases", tmp_path / "mark"
    project = Path(__file__).resolve().parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER.format(where=where), str(workspace), str(mark)],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
    )
    try:
        deadline = time.monotonic() + 60
        while not mark.exists() and time.monotonic() < deadline and writer.poll() is None:
            time.sleep(0.02)
        assert mark.exists(), "the writer never got there"
        writer.send_signal(signal.SIGKILL)
    finally:
        writer.kill()
        writer.wait()
    assert list_releases(releases) == []
    assert (releases / ".staging").exists()
    release = write(workspace)
    assert release.id.startswith("000001-")
    Release.load(release.folder)
    assert not (releases / ".staging").exists()
    # What an uninterrupted writer makes elsewhere has the same content.
    shutil.rmtree(tmp_path / "encoder")
    other = write_release(tmp_path / "elsewhere", **parts(tmp_path))
    assert other.manifest["files"] == release.manifest["files"]


def test_two_writers_at_once_make_two_releases(workspace: Path, tmp_path: Path) -> None:
    project = Path(__file__).resolve().parents[2]
    program = (
        "import sys; from pathlib import Path; from releases import write_release\n"
        "from tests.releases.test_release import parts\n"
        "here = Path(sys.argv[1]); seed = int(sys.argv[2])\n"
        "write_release(here / 'releases', **parts(here / f'w{seed}', seed))"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(workspace), str(seed)],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(project)},
        )
        for seed in (1, 2)
    ]
    assert [w.wait(timeout=90) for w in writers] == [0, 0]
    names = [p.name for p in list_releases(workspace / "releases")]
    assert [name[:7] for name in names] == ["000001-", "000002-"]
    for name in names:
        Release.load(workspace / "releases" / name)


def test_manifest_is_plain_json(workspace: Path) -> None:
    release = write(workspace)
    manifest = orjson.loads((release.folder / "release.json").read_bytes())
    assert manifest["index"]["kind"] == "exact"
    assert (manifest["rows"], manifest["dim"], manifest["sequence"]) == (30, 8, 1)
    assert set(manifest["files"]) == {
        p.relative_to(release.folder).as_posix()
        for p in release.folder.rglob("*")
        if p.is_file() and p.name != "release.json"
    }


def test_further_parts_are_content_and_found_again(workspace: Path) -> None:
    def folder(path: Path) -> None:
        path.mkdir()
        (path / "a.json").write_text("1")

    plain = write(workspace)
    further = {"words/index": folder, "weights.json": lambda path: path.write_text("{}")}
    made = write(workspace, parts=further)
    assert made.id != plain.id
    assert made.part("words/index") == made.folder / "words" / "index"
    assert made.part("weights.json").read_text() == "{}"
    assert plain.part("weights.json") is None
    assert {"words/index/a.json", "weights.json"} <= set(made.manifest["files"])
    assert write(workspace, parts=further).id == made.id
    other = write(workspace, parts={**further, "weights.json": lambda path: path.write_text("{} ")})
    assert other.id != made.id
    path = made.folder / "weights.json"
    path.chmod(0o644)
    path.write_text("[]")
    with pytest.raises(ArtifactError, match=r"weights\.json"):
        Release.load(made.folder)


@pytest.mark.parametrize(
    "name", ["model", "index/x", "ids.json", "../x", "/x", "a//b", "", "a/..", "release.json"]
)
def test_a_part_has_a_path_of_its_own(workspace: Path, name: str) -> None:
    with pytest.raises(InputError, match="parts"):
        write(workspace, parts={name: lambda path: path.write_text("")})
    assert list_releases(workspace / "releases") == []


def test_a_damaged_pointer_history_or_manifest_is_refused(workspace: Path) -> None:
    a, b = (write(workspace, seed).id for seed in range(2))
    promote(workspace, a)
    promote(workspace, b)
    releases = workspace / "releases"
    for path, refused, remedy in (
        (releases / "current", lambda: current(workspace), "write the name"),
        (releases / "promotions.jsonl", lambda: history(workspace), "promotions.jsonl is damaged"),
        (releases / b / "release.json", lambda: Release.load(releases / b), "release.json is damaged"),
    ):
        kept = path.read_bytes()
        path.chmod(0o644)
        for place in range(0, len(kept) - 1, max(len(kept) // 60, 1)):
            if kept[place] in b" \n":
                continue
            path.write_bytes(kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :])
            with pytest.raises(ArtifactError, match=remedy):
                refused()
        path.write_bytes(kept)
    assert current(workspace).id == b
