"""Applications brought up to date after a release: published at once, read with their release alone."""

from pathlib import Path

import pytest

from assets.lib.scrub import scrub
from releases import pairs
from releases.pairs import check_pair, pair_folders, publish, published, read_pair, withdraw
from shelfspace.errors import ArtifactError
from shelfspace.workspace import Workspace

RELEASE, OTHER = "000001-abcdef01", "000002-abcdef02"


def said(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "liked.txt").write_text(text)
    (folder / "record.json").write_text("{}")
    return folder


def test_what_is_published_is_read_with_its_release_alone(tmp_path: Path) -> None:
    assert published(tmp_path) == {}
    source = said(tmp_path / "source", "first")
    assert publish(tmp_path, "liked", source, RELEASE, "a" * 32)
    assert not publish(tmp_path, "liked", source, RELEASE, "a" * 32), "the same again moves nothing"
    pair = read_pair(published(tmp_path)["liked"], RELEASE)
    assert (pair.release, pair.version) == (RELEASE, "a" * 32)
    assert {path.name for path in pair.folder.iterdir()} == {"liked.txt", "manifest.json"}
    with pytest.raises(ArtifactError, match=f"for release {RELEASE}, and {OTHER} answers; .* insights job"):
        read_pair(published(tmp_path)["liked"], OTHER)
    assert withdraw(tmp_path, "liked")
    assert not withdraw(tmp_path, "liked")
    assert published(tmp_path) == {}
    assert publish(tmp_path, "liked", source, RELEASE, "a" * 32), "a folder that is there is pointed to again"


def test_of_older_ones_the_last_stays(tmp_path: Path) -> None:
    for number in range(5):
        publish(tmp_path, "liked", said(tmp_path / "source", str(number)), RELEASE, str(number) * 32)
    assert (read_pair(published(tmp_path)["liked"], RELEASE).folder / "liked.txt").read_text() == "4"
    assert len(pair_folders(tmp_path)) == 2


@pytest.mark.parametrize("dies_at", ["copytree", "write_sealed_json", "write_text"])
def test_killed_half_way_what_was_served_is_served(
    dies_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, "liked", said(tmp_path / "source", "first"), RELEASE, "a" * 32)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    second = said(tmp_path / "source", "second")
    with monkeypatch.context() as killed:
        killed.setattr(pairs.shutil if dies_at == "copytree" else pairs, dies_at, die)
        with pytest.raises(KeyboardInterrupt):
            publish(tmp_path, "liked", second, RELEASE, "b" * 32)
    assert (read_pair(published(tmp_path)["liked"], RELEASE).folder / "liked.txt").read_text() == "first"
    assert publish(tmp_path, "liked", second, RELEASE, "b" * 32)
    assert (read_pair(published(tmp_path)["liked"], RELEASE).folder / "liked.txt").read_text() == "second"


def test_damage_is_named_with_the_way_back_and_the_scrub_finds_it(tmp_path: Path) -> None:
    workspace = Workspace.open("tiny", tmp_path)
    publish(workspace.root, "liked", said(tmp_path / "source", "first"), RELEASE, "a" * 32)
    (folder,) = pair_folders(workspace.root)
    assert check_pair(folder).application == "liked"
    (folder / "liked.txt").write_text("other")
    with pytest.raises(
        ArtifactError, match=r"liked\.txt is damaged.*delete .*insights/liked and run the insights job"
    ):
        read_pair(published(workspace.root)["liked"], RELEASE)
    assert any("liked.txt is damaged" in damage.said for damage in scrub(workspace).damages)
    (folder.parent / "current").write_text("../../elsewhere")
    with pytest.raises(ArtifactError, match="which is no folder beside it"):
        read_pair(published(workspace.root)["liked"], RELEASE)
