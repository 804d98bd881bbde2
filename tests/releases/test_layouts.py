"""Files as earlier versions wrote them: read, with what they do not say left open, or refused with a remedy.

docs/versions.md lists them. Each is written here by hand in its former form, and read by today's reader.
"""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from assets.lib.record import check_bytes, read_record
from assets.lib.watched import kept_catalogue
from catalog.deliveries.ledger import State, read_ledger
from catalog.deliveries.withdraw import hold_taken, withdrawals
from catalog.interactions.table import connected
from catalog.snapshot.media_store import MediaStore, add_media
from catalog.snapshot.shards import operations_of, read_manifest
from releases.bars import read_bars
from releases.champion import champion, check_papers
from releases.experiments.record import experiments
from releases.look.evidence import kept_evidence
from releases.look.holdout import judge_holdout
from releases.pins import pinned
from releases.pointer import history
from releases.recipe import Recipe
from releases.release import Release
from releases.waiting import waiting
from shelfspace.errors import ArtifactError
from shelfspace.files import check_sealed_folder
from shelfspace.hashing import fingerprint, tree_hashes
from shelfspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open("shop", tmp_path)


def written(path: Path, value: Any) -> Path:
    """A JSON file without a checksum, as all were once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(value))
    return path


def table(path: Path, **columns: list[Any]) -> Path:
    """A Parquet file without checksums, as all were once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path, index=False)
    return path


def test_the_ledger_and_what_it_did_not_know_of(workspace: Workspace) -> None:
    before = {"arrival": 1, "name": "a.csv", "kind": "products", "state": "taken", "snapshot": "s2"}
    photos = {"arrival": 2, "name": "2 media files", "kind": "media", "state": "done", "snapshot": "s2"}
    stored = {"entries": [before, photos], "last": 2, "snapshots": ["s1", "s2"], "ended": 2, "cleaned": "s2"}
    written(workspace.state / "deliveries.json", stored)
    ledger = read_ledger(workspace.state)
    assert (ledger.entries[1].withdrawn, ledger.sources, ledger.shards) == (False, [], {})
    assert [e.arrival for e in hold_taken(workspace, [1, 2], "back")] == [1], (
        "which photos they were is not noted"
    )
    assert withdrawals(read_ledger(workspace.state)).deliveries == {1}
    assert read_ledger(workspace.state).entries[2].state is State.DONE


def test_the_snapshot(workspace: Workspace) -> None:
    folder = workspace.snapshot
    table(folder / "products" / "part-00000.parquet", product_id=["p1"], _key=["p1#0"], _layer=["source"],
          _op=["upsert"], source_row=[0], title=["a mug"])  # fmt: skip
    manifest = {"format": 2, "written": True, "source": "x", "media": "", "deliveries": []}
    written(
        folder / "manifest.json", {**manifest, "products": ["part-00000.parquet"], "events": [], "stock": []}
    )
    (row,) = operations_of(folder, read_manifest(folder), "products").to_dict("records")
    assert (row["title"], row["brand"], row["_fields"], row["_arrival"]) == ("a mug", "", "", 0)
    written(folder / "manifest.json", {**manifest, "format": 1})
    with pytest.raises(ArtifactError, match=r"remove .* and collect again"):
        read_manifest(folder)


def test_the_index_of_media(workspace: Workspace) -> None:
    add_media(workspace.snapshot, [("a.png", b"photo", None)], 1000)
    index = workspace.snapshot / "media" / "index.parquet"
    columns = pd.read_parquet(index)
    assert list(columns) == ["key", "shard", "offset", "size", "digest", "source_digest"], (
        "nothing was delivered"
    )
    table(index, **{name: list(columns[name]) for name in columns})
    assert MediaStore.open(workspace.snapshot).read("a.png") == b"photo"


def test_the_champion_and_its_looks(workspace: Workspace) -> None:
    written(workspace.root / "champion.json", {"fingerprint": "c", "crowned": "2026-01-01T00:00:00+00:00"})
    check_papers(workspace)
    assert champion(workspace) == {"fingerprint": "c", "crowned": "2026-01-01T00:00:00+00:00"}
    assert "no champion has kept a holdout" in judge_holdout(workspace, pd.Series(dtype=object)).notes[0]
    folder = kept_evidence(workspace, "c")
    table(folder / "products.parquet", product_id=["p1"], label=["Mugs"], named=["Mugs"], sure=[0.9])
    table(folder / "labels.parquet", label=["Mugs", "Cups"])
    for name in ("photo", "text"):
        np.save(folder / f"{name}.npy", np.zeros((1, 2), np.float16))
    found = judge_holdout(workspace, pd.Series({"p1": "Cups"}))
    assert (found.held, found.figures["rewritten"]) == ("", 1)


def test_what_rollbacks_bar_pins_moves_and_what_waits(workspace: Workspace) -> None:
    releases = workspace.releases
    bar = {"to": "000001-aaaaaaaa", "releases": ["000002-bbbbbbbb"], "champions": {}, "deliveries": [3],
           "who": "anna", "when": "2026-01-01T00:00:00+00:00", "why": ""}  # fmt: skip
    written(releases / "bars.json", {"bars": [bar]})
    (read,) = read_bars(workspace.root)
    assert (read.deliveries, read.source, read.lifted) == ((3,), "", "")
    written(releases / "bars.json", {"bars": [{"to": "000001-aaaaaaaa"}]})
    with pytest.raises(ArtifactError, match=r"what rollbacks bar at .* are damaged"):
        read_bars(workspace.root)
    assert (pinned(workspace.root), waiting(workspace.root)) == ({}, None), "there were none"
    line = {
        "time": "2026-01-01T00:00:00+00:00",
        "action": "promote",
        "release": "000001-aaaaaaaa",
        "before": None,
    }
    (releases / "promotions.jsonl").write_bytes(orjson.dumps(line) + b"\n")
    assert [one["release"] for one in history(workspace.root)] == ["000001-aaaaaaaa"]


def test_a_release(workspace: Workspace) -> None:
    folder = workspace.releases / "000001-aaaaaaaa"
    manifest = {
        "format": 1,
        "id": folder.name,
        "files": {},
        "provenance": {"champion": "c"},
        "rows": 0,
        "dim": 2,
    }
    written(folder / "release.json", manifest)
    release = Release.load(folder)
    assert (release.id, release.part("made_from/splits.parquet")) == (folder.name, None)
    with pytest.raises(ArtifactError, match="an earlier version made it"):
        Recipe.of(release)
    written(folder / "release.json", {**manifest, "format": 0})
    with pytest.raises(ArtifactError, match=r"format = 0, this version reads 1; run the refresh job"):
        Release.load(folder)


def test_an_experiment_and_the_record_of_an_asset(workspace: Workspace) -> None:
    written(
        workspace.state / "experiments" / "c.json",
        {"fingerprint": "c", "judged": "2026-01-01T00:00:00+00:00", "promoted": True, "reasons": []},
    )
    (kept,) = experiments(workspace)
    assert (kept.epochs, kept.intervals, kept.holdout) == ([], {}, "")
    folder = workspace.state / "stage"
    written(folder / "figures.json", {"rows": 1})
    content = fingerprint(list(tree_hashes(folder, skip=frozenset({"record.json"})).items()))
    written(folder / "record.json", {"fingerprint": "f", "data_version": content, "facts": {}})
    check_bytes(folder)
    record = read_record(folder)
    assert record is not None
    assert (record.made_by, record.files) == ({}, {})
    written(folder / "figures.json", {"rows": 2})
    with pytest.raises(ArtifactError, match="damaged, not what was written"):
        check_bytes(folder)


def test_the_reference_of_drift(tmp_path: Path) -> None:
    table(
        tmp_path / "products.parquet",
        **{name: [""] for name in ("title", "description", "brand", "language", "currency")},
        product_id=["p1"], category=["Mugs"], price=[3.5], photos=[[]], sounds=[[]],
        updated_at=[pd.Timestamp("2026-01-01", tz="UTC")], attributes=[{"colour": "red"}],
    )  # fmt: skip
    np.save(tmp_path / "embeddings.npy", np.ones((1, 4), np.float32))
    check_sealed_folder(tmp_path)
    then = kept_catalogue(tmp_path, 1)
    assert then.described["product_id"].tolist() == ["p1"]
    assert "learned" not in then.described, "which products the champion learned from is not known"


def test_interactions_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "interactions.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 1")
    with pytest.raises(ArtifactError, match="format = 1, this version reads 2"):
        connected(path)
