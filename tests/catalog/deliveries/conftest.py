"""The empty workspace of a shop, with its inbox."""

from pathlib import Path

import pytest

from shelfspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    place = Workspace(tmp_path / "w", "shop")
    place.inbox.mkdir(parents=True)
    return place
