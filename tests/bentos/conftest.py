"""The shop the service is tested with, trained once a session."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.bentos.market import Market
    from tests.bentos.shop import Shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> "Shop":
    from tests.bentos.shop import build_shop

    return build_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def market(shop: "Shop", tmp_path_factory: pytest.TempPathFactory) -> "Market":
    from tests.bentos.market import build_market

    return build_market(shop, tmp_path_factory.mktemp("market"))
