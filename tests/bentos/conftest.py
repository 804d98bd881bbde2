"""The shop the service is tested with, trained once a session."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.bentos.shop import Shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> "Shop":
    from tests.bentos.shop import build_shop

    return build_shop(tmp_path_factory.mktemp("shop"))
