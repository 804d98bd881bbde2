"""A wheel of the project, installed in an environment that knows no checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.following import copy_of_the_project


@dataclass(frozen=True)
class Installed:
    """The wheel where it was installed.

    Attributes:
        wheel: the file.
        python: of the environment, in which the wheel is the product.
        elsewhere: a folder that holds nothing, to run in.
    """

    wheel: Path
    python: Path
    elsewhere: Path

    @property
    def names(self) -> list[str]:
        """Files in the wheel."""
        with zipfile.ZipFile(self.wheel) as opened:
            return opened.namelist()

    def run(self, *command: str, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        """A Python process of the environment, far from the checkout."""
        said = ("SHELFSPACE_", "DAGSTER", "PYTEST", "PYTHONPATH")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(said)}
        return subprocess.run(
            [self.python, *command], cwd=self.elsewhere, env={**environment, "HF_HUB_OFFLINE": "1"},
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built and installed without the network; the libraries are those of the running environment."""
    root = tmp_path_factory.mktemp("wheel")
    source = copy_of_the_project(root / "source")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(root / "built"), "."],
        cwd=source, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = (root / "built").glob("*.whl")
    environment = root / "environment"
    venv.create(environment, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment / "lib" / version / "site-packages"
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", str(packages), str(wheel)], check=True
    )
    # A folder named in a .pth file is searched, but its own .pth files are not read: an editable install
    # of the checkout stays out.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    return Installed(wheel, environment / "bin" / "python", elsewhere)
