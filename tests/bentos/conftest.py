"""The shop the service is tested with, trained once a session, and guarded services over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.bentos.house import House
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


@pytest.fixture(scope="module")
def opened(shop: "Shop", tmp_path_factory: pytest.TempPathFactory) -> Iterator["House"]:
    from tests.bentos.house import House

    house = House(shop, tmp_path_factory.mktemp("open"), host_names=["shop.example.org"])
    yield house
    house.application.close()


@pytest.fixture
def keyed(shop: "Shop", tmp_path: Path) -> Iterator["House"]:
    from tests.bentos.house import House

    house = House(shop, tmp_path, keyed=True)
    yield house
    house.application.close()
