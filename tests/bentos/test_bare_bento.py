"""A Bento on its own, as somebody has it who was sent the file: no workspace, no variables."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bentos.auth.keys import KeysFile, create_key, write_keys
from bentos.build import bento_environment, build_bento
from shelfspace.workspace import Workspace
from tests.bentos.served import OFFLINE, default_signals
from tests.bentos.shop import Shop
from tests.bentos.storefront_shop import build_storefront
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def built(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    workspace, release = build_storefront(shop, tmp_path_factory.mktemp("built"))
    return workspace, build_bento(workspace, release, shop.settings)


@pytest.fixture(scope="module")
def alone(built: tuple[Workspace, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the Bento, exported, imported elsewhere and served by BentoML's own command."""
    workspace, tag = built
    place = tmp_path_factory.mktemp("elsewhere")
    theirs = {**bento_environment(workspace), **OFFLINE, "BENTOML_HOME": str(place / "home")}
    clean = {k: v for k, v in theirs.items() if not k.startswith(("SHELFSPACE_", "PYTEST"))}
    file, bentoml = place / "shop.bento", [sys.executable, "-m", "bentoml"]
    for command, env in (
        (["export", tag, str(file)], bento_environment(workspace)),
        (["import", str(file)], clean),
    ):
        subprocess.run([*bentoml, *command], env=env, check=True, capture_output=True, cwd=place)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = place / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*bentoml, "serve", "shelfspace:latest", "--port", str(port)], env=clean, cwd=place,
            stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=default_signals,  # noqa: PLW1509 - it only resets two signals
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: get(f"{address}/readyz").status_code == 200, 120, process, log, pause=0.1)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def get(address: str, key: str = "") -> httpx.Response:
    return httpx.get(address, headers={"X-API-Key": key} if key else {}, trust_env=False, timeout=30)


def test_it_shows_its_photos_and_sounds(alone: str) -> None:
    media = get(f"{alone}/release").json()["media"]
    assert (media["from"], media["lack"]) == ("bento", "")
    assert media["files"] == media["named"] > 60
    asked = {"query": {"text": "lamp"}, "k": 5, "filters": {"has_photo": True}}
    hits = httpx.post(f"{alone}/search", json=asked, trust_env=False, timeout=30).json()["result"]["hits"]
    assert hits
    for hit in hits:
        assert get(f"{alone}/media/{hit['photo']}?size=160").headers["content-type"] == "image/webp"
    assert get(f"{alone}/media/sounds/0.wav").headers["content-type"] == "audio/wav"
    assert get(f"{alone}/").status_code == get(f"{alone}/about").status_code == 200


def test_all_of_its_code_is_its_own(built: tuple[Workspace, str]) -> None:
    """Where the project is installed, BentoML imports the package called as the Bento before the Bento."""
    workspace, tag = built
    said = "import bentoml; bentoml.load('shelfspace:latest'); import shelfspace; print(shelfspace.__file__)"
    env = bento_environment(workspace) | {"PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, "-c", said], env=env, check=True, capture_output=True, text=True, cwd=workspace.root
    )
    assert f"/{tag.partition(':')[2]}/src/shelfspace/" in run.stdout


def test_its_container_shows_them_too(built: tuple[Workspace, str]) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker daemon answers on this machine, so no container of the Bento was tried")
    workspace, tag = built
    env = bento_environment(workspace)
    image = f"shelfspace-test:{tag.partition(':')[2]}"
    build = [sys.executable, "-m", "bentoml", "containerize", tag, "-t", image]
    subprocess.run(build, env=env, check=True, capture_output=True)
    token, key = create_key()  # without one, an address that others reach is refused
    keys = workspace.root / "keys"
    keys.mkdir()
    write_keys(keys / "keys.json", KeysFile(keys=(key,)))
    (keys / "keys.json").chmod(0o644)  # for the container's own user
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run = [docker, "run", "-d", "--rm", "-p", f"127.0.0.1:{port}:3000", "-v", f"{keys}:/keys:ro"]
    told = ["-e", "SHELFSPACE_KEYS=/keys/keys.json", "-e", "BENTOML_HOST=0.0.0.0", image]
    container = subprocess.run([*run, *told], check=True, capture_output=True, text=True).stdout.strip()
    log = workspace.root / "container.log"
    with log.open("wb") as out:
        logs = subprocess.Popen([docker, "logs", "-f", container], stdout=out, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: get(f"{address}/readyz").status_code == 200, 120, logs, log, pause=0.5)
        assert get(f"{address}/release", token).json()["media"]["lack"] == ""
        assert get(f"{address}/media/photos/0.jpg?size=160", token).status_code == 200
    finally:
        subprocess.run([docker, "stop", container], check=False, capture_output=True)
        logs.wait(60)
