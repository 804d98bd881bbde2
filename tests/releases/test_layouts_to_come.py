"""Files as this version writes them, by hand: a later version reads them, and this one refuses later ones.

Where a format changes, what stands here stays, beside another form: an archive lies on a shelf for years.
"""

import io
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.lib.restore import restore
from catalog.interactions.table import connected
from catalog.snapshot.shards import read_manifest
from models.features.store import FeatureStore
from models.inference.folder import read_folder
from releases.export import read_export
from releases.release import Release
from retrieval.ranking.answers import load_answers
from retrieval.ranking.floors import load_floors
from retrieval.ranking.fusion import FusionModel
from shelfspace.durable_log import DurableLog
from shelfspace.errors import ArtifactError, InputError
from shelfspace.files import write_text
from shelfspace.workspace import Workspace

CURRENT = {"releases/current": [16, "055473ac85f81a08fbe592becbfb5abc"]}
LATER = "a later version of Shelfspace wrote it: install that one"


def archive(folder: Path, files: dict[str, bytes], manifest: Any) -> Path:
    """A backup: a tar whose last member says what is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shop-20261129T120000Z.tar"
    said = manifest if isinstance(manifest, bytes) else orjson.dumps(manifest)
    with tarfile.open(path, "w") as made:
        for name, data in {**files, "shelfspace-backup.json": said}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o600
            made.addfile(member, io.BytesIO(data))
    return path


def manifest_of(**changed: Any) -> dict[str, Any]:
    said = {"format": 1, "workspace": "shop", "created": "2026-11-29T12:00:00+00:00", "shelfspace": "1.0.0"}
    return {**said, "files": CURRENT, **changed}


def log_of(path: Path, version: int = 1) -> Path:
    """A log of two entries, a photo beside the second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(
            "CREATE TABLE header (format INTEGER, owner BLOB, generation INTEGER, sequence INTEGER);"
            "CREATE TABLE entries (sequence INTEGER PRIMARY KEY, record BLOB, vector BLOB, checksum INTEGER);"
            "CREATE TABLE files (sequence INTEGER, number INTEGER, data BLOB, checksum INTEGER, "
            "PRIMARY KEY (sequence, number)) WITHOUT ROWID;"
        )
        half = b"\x00\x00\x00?\x00\x00\x00\xbf"
        entries = [
            (1, b'{"route":"/search","n":1}', half, 5331885171382238251),
            (2, b'{"route":"/put"}', b"", 8127046079003204371),
        ]
        database.execute("INSERT INTO header VALUES (?, ?, 0, 0)", (version, b'{"endpoint":"requests"}'))
        database.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", entries)
        database.execute("INSERT INTO files VALUES (2, 0, ?, 3702951483713038691)", (b"photo",))
    return path


def store_of(root: Path, version: int) -> Path:
    """What an encoder made of two products; 0 is from before the number was noted."""
    folder = root / "minilm" / "f1"
    folder.mkdir(parents=True)
    np.save(folder / "00000-hashes.npy", np.array([b"aa", b"bb"]))
    np.save(folder / "00000-vector.npy", np.array([[1, 2], [3, 4]], np.float32))
    digests = {
        "00000-vector.npy": "c0339bd8ae690623e2b2e2e6ac045d40",
        "00000-hashes.npy": "29d1b09bfa24a8433290f084b695460f",
    }
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database, database:
        database.execute("CREATE TABLE shards (shard INTEGER PRIMARY KEY, arrays TEXT NOT NULL)")
        database.execute("CREATE TABLE digests (file TEXT PRIMARY KEY, digest TEXT NOT NULL)")
        database.execute("INSERT INTO shards VALUES (0, 'vector')")
        database.executemany("INSERT INTO digests VALUES (?, ?)", digests.items())
        database.execute(f"PRAGMA user_version = {version}")
    return folder


def export_of(path: Path, **changed: Any) -> Path:
    """An export of two products."""
    about = {"format": 1, "release": "000001-aaaaaaaa", "content": "c", "provenance": {"champion": "m"},
             "made_by": {}, "metrics": {}, **changed}  # fmt: skip
    vectors = pa.FixedSizeListArray.from_arrays(pa.array([1, 0, 0, 1], pa.float32()), 2)
    fields = [
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("vector", vectors.type, nullable=False),
        pa.field("title", pa.string()),
    ]
    schema = pa.schema(fields, metadata={b"shelfspace": orjson.dumps(about)})
    columns = [pa.array(["p1", "p2"]), vectors, pa.array(["a mug", "a cup"])]
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), path, write_page_checksum=True)
    return path


def test_an_archive(tmp_path: Path) -> None:
    made = archive(tmp_path, {"releases/current": b"000001-aaaaaaaa\n"}, manifest_of())
    back = restore(made, tmp_path / "workspaces")
    assert (back.name, (back / "releases" / "current").read_text()) == ("shop", "000001-aaaaaaaa\n")


@pytest.mark.parametrize(
    ("manifest", "kind", "said"),
    [
        (manifest_of(format=2), ArtifactError, rf"backup .*\.tar: format = 2, this version reads 1; {LATER}"),
        (manifest_of(format=2, files="elsewhere"), ArtifactError, LATER),
        (manifest_of(format=0), ArtifactError, "format = 0, this version reads 1; take another backup"),
        ({"workspace": "shop"}, InputError, "its manifest is none of ours"),
        (b"{", InputError, "its manifest is none of ours"),
    ],
    ids=["later", "later and other", "earlier", "none", "no json"],
)
def test_an_archive_of_another_version_is_refused_and_leaves_nothing(
    tmp_path: Path, manifest: Any, kind: type[Exception], said: str
) -> None:
    made = archive(tmp_path, {"releases/current": b"000001-aaaaaaaa\n"}, manifest)
    with pytest.raises(kind, match=said):
        restore(made, tmp_path / "workspaces")
    assert not [*(tmp_path / "workspaces").glob("*")]


def test_a_workspace(tmp_path: Path) -> None:
    old = tmp_path / "old" / "state" / "deliveries.json"
    write_text(old, "{}")
    assert Workspace.find("old", tmp_path).root == tmp_path / "old", "one from before there was a mark"
    mark = Workspace.open("shop", tmp_path).state / "layout.txt"
    assert mark.read_text() == "1\n"
    assert Workspace.find("shop", tmp_path) == Workspace.open("shop", tmp_path)
    write_text(mark, "2\n")
    for opened in (Workspace.find, Workspace.open, Workspace.adopt):
        with pytest.raises(ArtifactError, match=rf"shop: layout = 2, this version reads 1; {LATER}"):
            opened("shop", tmp_path)
    assert mark.read_text() == "2\n"
    write_text(mark, "two")
    with pytest.raises(InputError, match=r"layout = 'two': .*layout\.txt holds no number"):
        Workspace.find("shop", tmp_path)


def test_an_archive_of_a_later_workspace_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    files = {"state/layout.txt": [2, "5c627df800a7251383c698766637de45"]}
    made = archive(tmp_path, {"state/layout.txt": b"2\n"}, manifest_of(files=files))
    with pytest.raises(ArtifactError, match="layout = 2"):
        restore(made, tmp_path / "workspaces")
    assert not [*(tmp_path / "workspaces").glob("*")]


def test_a_log(tmp_path: Path) -> None:
    with closing(DurableLog(log_of(tmp_path / "requests.log"))) as log:
        entries, position = log.read(files=True)
        assert log.owner == {"endpoint": "requests"}
    assert [entry.record for entry in entries] == [{"route": "/search", "n": 1}, {"route": "/put"}]
    assert entries[0].vector is not None
    assert entries[0].vector.tolist() == [0.5, -0.5]
    assert (entries[1].files, position.sequence) == ((b"photo",), 2)


@pytest.mark.parametrize("version", [0, 1])
def test_a_store_of_an_encoder(tmp_path: Path, version: int) -> None:
    store_of(tmp_path, version)
    store = FeatureStore(tmp_path, "minilm", "f1")
    store.check()
    assert store.missing(["aa", "bb", "cc"]) == ["cc"]
    assert store.gather(["bb", "aa"])["vector"].tolist() == [[3, 4], [1, 2]]
    with closing(sqlite3.connect(store.folder / "ledger.sqlite")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


def test_an_export(tmp_path: Path) -> None:
    products, vectors, about = read_export(export_of(tmp_path / "000001-aaaaaaaa.parquet"))
    assert products.to_dict("list") == {"product_id": ["p1", "p2"], "title": ["a mug", "a cup"]}
    assert (vectors.tolist(), about["release"]) == ([[1, 0], [0, 1]], "000001-aaaaaaaa")


def json_of(path: Path, **said: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(said))
    return path


def events_of(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 9")
    return path


def opened_store(folder: Path) -> None:
    FeatureStore(folder.parent.parent, folder.parent.name, folder.name)


LATER_ONES: dict[str, tuple[Callable[[Path], Any], Callable[[Any], Any]]] = {
    "log": (lambda at: log_of(at / "requests.log", 9), DurableLog),
    "store": (lambda at: store_of(at, 9), opened_store),
    "export": (lambda at: export_of(at / "x.parquet", format=9, vectors="elsewhere"), read_export),
    "events": (lambda at: events_of(at / "interactions.db"), connected),
    "release": (lambda at: json_of(at / "release.json", format=9, files={}, id="x").parent, Release.load),
    "snapshot": (lambda at: json_of(at / "manifest.json", format=9).parent, read_manifest),
    "encoder": (lambda at: json_of(at / "encoder.json", format=9, fingerprint="f").parent, read_folder),
    "weights": (lambda at: json_of(at / "f.json", format=9), FusionModel.load),
    "floors": (lambda at: json_of(at / "f.json", format=9), load_floors),
    "answers": (lambda at: json_of(at / "f.json", format=9), load_answers),
}


@pytest.mark.parametrize("name", LATER_ONES)
def test_what_a_later_version_wrote_is_refused_by_field_value_and_remedy(tmp_path: Path, name: str) -> None:
    write, read = LATER_ONES[name]
    place = write(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    said = rf": format = 9, this version reads [\d to]+; {LATER}"
    with pytest.raises(ArtifactError, match=said) as refused:
        read(place)
    assert "delete" not in str(refused.value), "whoever deletes it has lost what a later version can read"
    assert {path: path.read_bytes() for path in before} == before
