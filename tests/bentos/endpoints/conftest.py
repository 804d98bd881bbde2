"""The market's release in a workspace of its own, whose products may change."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bentos.application import Application
from bentos.config import ServiceConfig
from releases import promote
from tests.bentos.http.test_fast_path import client_of, settings
from tests.bentos.market import Market


@pytest.fixture
def market_workspace(market: Market, tmp_path: Path) -> Path:
    """A workspace of its own with a link to the release."""
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / market.release.id).symlink_to(market.release.folder)
    promote(tmp_path, market.release.id)
    return tmp_path


@pytest.fixture
def market_client(market_workspace: Path) -> Iterator[TestClient]:
    """A client of a service over that workspace."""
    app = Application(ServiceConfig(settings(), releases=market_workspace))
    assert app.engine.refresh()
    yield client_of(app)
    app.close()
