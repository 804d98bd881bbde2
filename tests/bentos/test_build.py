"""A Bento of the same code and another release is packed from the one before, and is the same Bento."""

import filecmp
import shutil
from pathlib import Path

import pytest
import yaml

from bentos import build
from catalog.snapshot.user_key import user_key
from tests.bentos.served import OFFLINE
from tests.bentos.shop import Shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def files_of(folder: Path) -> dict[str, Path]:
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


def test_a_repacked_bento_is_the_built_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OFFLINE.items():
        monkeypatch.setenv(name, value)
    key = user_key(shop.workspace.state)
    first = build.build_bento(shop.workspace, shop.first, shop.settings)
    ran = build.bento_folder(shop.workspace, first) / "src" / "bentos" / "__pycache__"
    ran.mkdir(exist_ok=True)
    (ran / "build.cpython-311.pyc").write_bytes(b"left by a service that ran from there")
    with monkeypatch.context() as patch:
        patch.setattr(build, "run_build", lambda *_: pytest.fail("nothing but the release has changed"))
        tag = build.build_bento(shop.workspace, shop.second, shop.settings)
    folder = build.bento_folder(shop.workspace, tag)
    assert (folder.parent / "latest").read_text() == folder.name
    repacked = folder.rename(shop.workspace.root / "repacked")
    monkeypatch.setattr(build, "repack", lambda *_: False)
    assert build.build_bento(shop.workspace, shop.second, shop.settings) == tag
    for made in (repacked, folder):
        build.check_code(made)
    mine, theirs = files_of(repacked), files_of(folder)
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if not filecmp.cmp(mine[name], theirs[name], shallow=False)] == [
        "bento.yaml"
    ]
    told, built = (yaml.safe_load((place / "bento.yaml").read_text()) for place in (repacked, folder))
    assert told | {"creation_time": ""} == built | {"creation_time": ""}
    assert not [name for name, path in mine.items() if "user.key" in name or key in path.read_bytes()]
    shutil.rmtree(repacked)


def test_other_code_is_built_anew(shop: Shop, tmp_path: Path) -> None:
    known = {"labels": {build.PARTS: "a"}, "bentoml_version": build.version("bentoml")}
    made = tmp_path / "bentos" / "old"
    made.mkdir(parents=True)
    (made / "bento.yaml").write_text(yaml.safe_dump(known))
    staging = tmp_path / "staging"
    assert not build.repack(tmp_path / "bentos" / "new", staging, {}, "b")
    (made / "bento.yaml").write_text(yaml.safe_dump(known | {"bentoml_version": "0"}))
    assert not build.repack(tmp_path / "bentos" / "new", staging, {}, "a")
