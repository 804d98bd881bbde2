"""Fixtures every room shares."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of the public data sets; tests that ask for it skip where it is absent."""
    folder = Path(os.environ.get("SHELFSPACE_DATA") or PROJECT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"public data sets are not at {folder}; set SHELFSPACE_DATA to their folder")
    return folder
