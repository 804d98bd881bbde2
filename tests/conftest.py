"""Fixtures every room shares, and how the tests divide over several processes."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# One thread a process, set before a library reads it: several processes with a thread a core each hinder
# one another, and the models here are too small to gain from a second thread.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# The tests start hundreds of Python processes; each would compile the project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The modules of all tests are millions of objects that stay: looking through them for garbage as often as
# Python does on its own is two fifths of the time that their collection takes.
gc.set_threshold(50_000, 20, 50)

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of the public data sets; tests that ask for it skip where it is absent."""
    folder = Path(os.environ.get("SHELFSPACE_DATA") or PROJECT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"public data sets are not at {folder}; set SHELFSPACE_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server with pgvector."""
    from tests.postgres import database

    with database() as server:
        yield server.address


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    """With `-n`, a process takes whole files; see tests/parallel.py."""
    from tests.parallel import WholeFiles

    return WholeFiles(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `-n`, begin with what takes longest: a long file that comes last leaves the others idle."""
    if hasattr(config, "workerinput"):
        from tests.parallel import place

        items.sort(key=place)
