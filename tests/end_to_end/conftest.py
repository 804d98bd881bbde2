"""A checkout of its own with a tiny catalogue, driven by the README's commands in real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from shelfspace.hashing import tree_hash
from tests.conftest import PROJECT

TINY = {
    "training": {"epochs": 3, "patience": 3},
    "model": {"text": "lstm", "image": "cnn", "width": 32, "dim": 64},
    "preprocessing": {"image_size": 48, "vocabulary": 600, "sound_seconds": 1.0},
    "gate": {"min_accuracy": 0.0, "min_macro_f1": 0.0, "min_recall_at_10": 0.0},
    "validation": {"max_bad_share": 0.3},
    "evaluation": {"bootstrap": 20},
}
"""Small enough for two cores; what is tested here is the chain, not the model."""


SAME_BYTES = ("snapshot", "prepared", "features")
"""Folders whose bytes do not depend on when or how often the chain was started."""


@dataclass
class Checkout:
    """A clone of the project that shares its environment.

    Attributes:
        root: the clone.
        catalog: folder of the tiny catalogue.
        pristine: hashes of SAME_BYTES as the first run left them.
    """

    root: Path
    catalog: Path
    environment: dict[str, str] = field(default_factory=dict)
    pristine: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self.root / "workspaces" / self.catalog.name

    def command(
        self, *arguments: str, extra: Mapping[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone to its end; its output is shown when it fails."""
        done = subprocess.run(
            arguments,
            cwd=self.root,
            env={**self.environment, **(extra or {})},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if check and done.returncode != 0:
            said = f"{done.stdout[-4000:]}\n{done.stderr[-8000:]}"
            pytest.fail(f"{' '.join(arguments)} ended with {done.returncode}\n{said}")
        return done

    def make(self, target: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`make <target> CATALOG=<the tiny catalogue>`."""
        return self.command("make", target, f"CATALOG={self.catalog}", check=check)

    def start(
        self, *arguments: str, log: Path, extra: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a server in a session of its own, with the signals a shell would give it."""
        with log.open("wb") as stream:
            return subprocess.Popen(
                arguments,
                cwd=self.root,
                env={**self.environment, **(extra or {})},
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_default_signals,  # noqa: PLW1509 - it only resets two signals
            )


def _default_signals() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def stop(process: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    """End a server and all it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def share_environment(installed: Path, place: Path) -> None:
    """An environment whose parts are links to an installed one, marked as up to date."""
    place.mkdir()
    for part in ("bin", "lib", "include", "pyvenv.cfg"):
        if (installed / part).exists():
            (place / part).symlink_to(installed / part)
    (place / ".installed").touch()


def make_checkout(root: Path) -> Checkout:
    """Clone the project as it stands in the working tree and write the tiny catalogue beside it."""
    from catalog.sample import build_sample

    clone = root / "shelfspace"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(PROJECT), str(clone)], check=True)
    changed = subprocess.run(
        ["git", "ls-files", "-z", "--modified", "--others", "--exclude-standard", "--deduplicate"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in filter(None, (entry.decode() for entry in changed)):
        source = PROJECT / name
        # What runs have left in the checkout is not part of the project.
        if source.is_file() and not name.startswith(("workspaces/", "dvc.lock")):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, clone / name)
    environment_folder = Path(sys.executable).parent.parent
    share_environment(environment_folder, clone / ".venv")
    catalog = root / "tiny"
    build_sample(catalog, seed=3, products=180)
    described = yaml.safe_load((catalog / "catalog.yaml").read_text())
    described["params"] = TINY
    (catalog / "catalog.yaml").write_text(yaml.safe_dump(described))
    params = clone / "params.yaml"
    params.write_text(params.read_text().replace("workspaces: [sample]", "workspaces: [tiny]"))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHELFSPACE_", "DAGSTER", "PYTEST"))}
    kept |= {"PYTHONPATH": str(clone), "HF_HUB_OFFLINE": "1"}
    kept["PATH"] = f"{environment_folder / 'bin'}:{kept['PATH']}"
    return Checkout(clone, catalog, kept)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """One clone for all journeys; each test says what it changes in it."""
    return make_checkout(tmp_path_factory.mktemp("journey"))


@pytest.fixture(scope="session")
def demo(checkout: Checkout) -> "subprocess.CompletedProcess[str]":
    """`make demo` on the tiny catalogue, run once; what it left is hashed before any test changes it."""
    done = checkout.make("demo")
    checkout.pristine |= {name: tree_hash(checkout.workspace / name) for name in SAME_BYTES}
    return done
