"""The chain killed half-way, with SIGKILL: the rerun is whole and its bytes are the same."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from shelfspace.files import read_json
from shelfspace.hashing import tree_hash
from tests.end_to_end.conftest import SAME_BYTES, Checkout, make_checkout
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def kill_when(checkout: Checkout, appears: Path, log: Path) -> None:
    """Start the chain and kill its whole process group as soon as a path is there."""
    running = checkout.start("make", "demo", f"CATALOG={checkout.catalog}", log=log)
    try:
        wait_for(appears.exists, 300, running, log, pause=0.05)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(10)


def test_killed_chain_reruns_whole(
    checkout: Checkout, demo: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("killed")
    other = make_checkout(root)
    # The same secret, so that hashed shopper ids can be compared.
    (other.workspace / "state").mkdir(parents=True)
    shutil.copy(checkout.workspace / "state" / "user.key", other.workspace / "state" / "user.key")
    kill_when(other, other.workspace / "snapshot" / "products", root / "first.log")
    kill_when(other, other.workspace / "prepared" / "catalogue", root / "second.log")
    kill_when(other, other.workspace / "state" / "training", root / "third.log")
    assert not (other.workspace / "releases" / "current").exists()
    other.make("demo")
    for folder in SAME_BYTES:
        assert tree_hash(other.workspace / folder) == checkout.pristine[folder], folder
    released = (other.workspace / "releases" / "current").read_text().strip()
    assert read_json(other.workspace / "release" / "release.json")["release"] == released
    leftovers = [
        p for p in other.workspace.rglob("*.tmp") if "dagster" not in p.parts and "bentoml" not in p.parts
    ]
    assert leftovers == []
    status = other.command(".venv/bin/python", "-m", "dvc", "status")
    assert "up to date" in status.stdout
