"""The media inside a Bento: which go along, which do not, and that their lack is told."""

import json
from pathlib import Path

import pandas as pd
import pytest

from bentos.application import Application
from bentos.config import ServiceConfig, read_config
from bentos.endpoints.release import manifest
from bentos.packed_media import media_keys, pack_media, packed
from catalog.snapshot.media_store import MediaStore, add_media
from shelfspace.settings import Settings
from tests.bentos.shop import Shop
from tests.bentos.storefront_shop import build_storefront

PRODUCTS = pd.DataFrame(
    {"photos": [["p/1", "p/2"], ["p/1"], None, ["p/gone"]], "sounds": [["s/1"], [], [], []]}
)  # fmt: skip


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    files = [(key, key.encode() * 100_000, None) for key in ("p/1", "p/2", "s/1", "p/withdrawn")]
    add_media(tmp_path / "snapshot", files, 1_000_000)
    return tmp_path / "snapshot"


def limited(megabytes: float) -> Settings:
    return Settings.model_validate({"service": {"bento_media_megabytes": megabytes}})


@pytest.mark.parametrize(
    ("megabytes", "expected"),
    [(0.9, ["p/1", "p/2", "s/1"]), (0.899, ["p/1"]), (0.3, ["p/1"]), (0.299, []), (0, [])],
)
def test_all_then_first_photos_then_none(
    snapshot: Path, tmp_path: Path, megabytes: float, expected: list[str]
) -> None:
    record = pack_media(snapshot, PRODUCTS, tmp_path / "baked", limited(megabytes))
    there = MediaStore.open(tmp_path / "baked")
    assert there.keys() == expected
    assert all(there.read(key) == MediaStore.open(snapshot).read(key) for key in expected)
    assert (record["files"], record["bytes"]) == (len(expected), 300_000 * len(expected))
    assert (record["named"], record["named_bytes"]) == (4, 900_000)
    assert packed(tmp_path / "baked") == record


def test_the_digest_is_that_of_the_files(snapshot: Path, tmp_path: Path) -> None:
    first = pack_media(snapshot, PRODUCTS, tmp_path / "1", limited(500))
    assert pack_media(snapshot, PRODUCTS, tmp_path / "2", limited(400))["digest"] == first["digest"]
    add_media(snapshot, [("p/2", b"another", None)], 1_000_000)
    assert pack_media(snapshot, PRODUCTS, tmp_path / "3", limited(500))["digest"] != first["digest"]
    nothing = pack_media(tmp_path / "none", PRODUCTS, tmp_path / "4", limited(500))
    assert (nothing["files"], nothing["named"]) == (0, 4)


def test_where_media_lie(tmp_path: Path) -> None:
    baked, workspace = tmp_path / "baked", tmp_path / "workspace"
    workspace.mkdir()
    told = {"SHELFSPACE_RELEASES": str(workspace)}
    assert read_config({}, baked).media is None
    assert read_config(told, baked).media == workspace / "snapshot"
    (baked / "media").mkdir(parents=True)
    assert read_config({}, baked).media == read_config(told, baked).media == baked
    (workspace / "snapshot").mkdir()
    assert read_config(told, baked).media == workspace / "snapshot"
    assert read_config(told | {"SHELFSPACE_MEDIA": str(tmp_path)}, baked).media == tmp_path


def test_what_is_missing_is_told(shop: Shop, tmp_path: Path) -> None:
    workspace, release = build_storefront(shop, tmp_path)
    named = len(media_keys(release.products))
    told = {}
    for name, megabytes in (("whole", 500.0), ("first", 0.2), ("none", 0.0)):
        pack_media(workspace.snapshot, release.products, tmp_path / name, limited(megabytes))
        config = ServiceConfig(Settings(), baked_release=release.folder, media=tmp_path / name)
        service = Application(config)
        try:
            assert service.engine.refresh()
            told[name] = manifest(service.backend)["media"]
        finally:
            service.close()
    assert json.dumps(told)
    assert [one["from"] for one in told.values()] == ["bento"] * 3
    assert (told["whole"]["files"], told["whole"]["lack"]) == (named, "")
    assert 0 == told["none"]["files"] < told["first"]["files"] < named == told["none"]["named"]
    assert "raise service.bento_media_megabytes" in told["first"]["lack"]
    assert "raise service.bento_media_megabytes" in told["none"]["lack"]
