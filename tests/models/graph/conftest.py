"""What the tests of the graph share."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from catalog.copurchases import Baskets, copurchases, read_baskets
from tests.models.graph.cliques import CLIQUE, DIM, IDS, SMALL, N, unit


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return unit(np.random.default_rng(0).normal(size=(N, DIM)))


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    """Orders of two to four products of one clique of six; vectors know nothing of the cliques."""
    rng = np.random.default_rng(1)
    rows = []
    for order in range(400):
        clique = int(rng.integers(N // CLIQUE))
        for product in rng.choice(CLIQUE, int(rng.integers(2, 5)), replace=False):
            rows.append((f"u{order % 90}", f"p{clique * CLIQUE + product}", order))
    table = pd.DataFrame(rows, columns=["user_id", "product_id", "order"])
    table["time"] = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(table["order"] * 3, unit="h")
    return table.assign(event="purchase", order_id="o" + table.pop("order").astype(str))


@pytest.fixture(scope="module")
def baskets(events: pd.DataFrame) -> Baskets:
    return read_baskets(events, IDS, SMALL)


@pytest.fixture(scope="module")
def weights(baskets: Baskets) -> csr_matrix:
    return copurchases(baskets, SMALL).weights
