"""Bytes of before, fetched beside a repository that has moved on: from its cache, its remote, from S3."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.lib import dvc
from assets.lib.dvc_fetch import fetch
from shelfspace.errors import ArtifactError


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    folder = tmp_path / "all" / "shop" / "snapshot"
    folder.mkdir(parents=True)
    (folder / "rows.txt").write_text("one")
    return folder


def moved_on(snapshot: Path) -> str:
    """Push a first version, then keep a second; returns the first one's MD5."""
    first = dvc.add(snapshot, push_too=True)
    (snapshot / "rows.txt").write_text("two")
    assert dvc.add(snapshot) != first
    return first


def test_an_earlier_version_is_fetched_or_said_to_be_nowhere(snapshot: Path, tmp_path: Path) -> None:
    home, target = tmp_path / "all", tmp_path / "again" / "shop" / "snapshot"
    first = moved_on(snapshot)
    pointer = snapshot.with_name("snapshot.dvc").read_text()
    assert fetch(home, first, target) == "cache"
    assert (target / "rows.txt").read_text() == "one"
    assert dvc.pointer_hash(target) == first
    shutil.rmtree(home / ".dvc" / "cache")
    assert fetch(home, first, target) == "remote"
    assert (target / "rows.txt").read_text() == "one"
    assert (snapshot / "rows.txt").read_text() == "two"
    assert snapshot.with_name("snapshot.dvc").read_text() == pointer
    for place in (home / ".dvc" / "cache", home / ".dvc-remote"):
        shutil.rmtree(place)
    with pytest.raises(ArtifactError, match=f"{first} are neither in the cache nor in a remote .* a backup"):
        fetch(home, first, target)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a local S3 server with a bucket `shop`."""
    pytest.importorskip("dvc_s3", reason="the extra s3 is not installed: pip install -e .[s3]")
    server = pytest.importorskip("moto.server", reason="no local S3 server: pip install 'moto[server]'")
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    address = "http://{}:{}".format(*running.get_host_and_port())
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket="shop")
    yield address
    running.stop()


@pytest.mark.slow
def test_an_s3_compatible_remote_takes_and_gives_the_bytes(s3: str, snapshot: Path, tmp_path: Path) -> None:
    home, target = tmp_path / "all", tmp_path / "again" / "shop" / "snapshot"
    dvc.repository(snapshot.parent)
    dvc.run_dvc(
        home,
        ["remote", "modify", "local", "url", "s3://shop/versions"],
        ["remote", "modify", "--local", "local", "endpointurl", s3],
    )
    first = moved_on(snapshot)
    assert not (home / ".dvc-remote").exists()
    shutil.rmtree(home / ".dvc" / "cache")
    assert fetch(home, first, target) == "remote"
    assert (target / "rows.txt").read_text() == "one"
