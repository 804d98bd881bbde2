"""A shelf for each backend."""

from pathlib import Path

import pytest

from tests.retrieval.vectors.backends import Opener, Shelf


@pytest.fixture
def shelf_of(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Makes the shelf of a backend; the server starts when a test first asks for PostgreSQL."""

    def make(kind: str) -> Shelf:
        address = request.getfixturevalue("postgres") if kind.startswith("pg") else ""
        return Shelf(kind, tmp_path, address)

    return make
