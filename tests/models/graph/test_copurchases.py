"""Co-purchases: which baskets count, what pairs weigh, and how what is found is judged."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.graph_copurchase import strongest
from catalog.copurchases import Baskets, copurchases, read_baskets, split_by_time
from models.graph.judge import basket_recall, nearest, recall
from retrieval.vectors import search_rows
from shelfspace.errors import InputError
from tests.models.graph.cliques import IDS, SMALL, N, pair_baskets, settings, unit


def table_of(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["user_id", "product_id", "event", "time", "order_id"])
    return table.assign(time=pd.to_datetime(table["time"], utc=True))


LINES = table_of(
    ("u1", "p0", "purchase", "2026-01-01T10:00", ""),
    ("u1", "p1", "purchase", "2026-01-01T18:00", ""),
    ("u1", "p1", "purchase", "2026-01-01T19:00", ""),
    ("u1", "p2", "purchase", "2026-01-02T10:00", ""),
    ("u1", "p3", "view", "2026-01-01T10:00", ""),
    ("u2", "p0", "purchase", "2026-01-03T10:00", "o7"),
    ("u2", "p2", "purchase", "2026-01-05T10:00", "o7"),
    ("u2", "gone", "purchase", "2026-01-05T10:00", "o7"),
)


def contents(found: Baskets) -> list[list[int]]:
    return [sorted(found.product[found.basket == b]) for b in range(len(found))]


def test_a_basket_is_an_order_or_a_shoppers_day() -> None:
    found = read_baskets(LINES, IDS, SMALL)
    assert contents(found) == [[0, 1], [2], [0, 2]]
    assert list(found.times) == sorted(found.times)


def test_or_all_that_a_shopper_bought() -> None:
    assert contents(read_baskets(LINES, IDS, settings("none", together="shopper"))) == [[0, 1, 2], [0, 2]]


def test_events_from_the_cut_on_are_never_used(events: pd.DataFrame, vectors: np.ndarray) -> None:
    cut = pd.Timestamp("2026-02-01", tz="UTC")
    after = events["time"] >= cut
    assert after.any()
    changed = events.assign(product_id=np.where(after, "p0", events["product_id"]))
    before, again = (read_baskets(table, IDS, SMALL, before=cut) for table in (events, changed))
    np.testing.assert_array_equal(before.product, again.product)
    assert len(before) < len(read_baskets(events, IDS, SMALL))
    assert before.times.max() < cut.tz_localize(None).to_datetime64()
    weights = [copurchases(b, SMALL).weights for b in (before, again)]
    assert (weights[0] != weights[1]).nnz == 0


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="order_id"):
        read_baskets(LINES.drop(columns="order_id"), IDS, SMALL)


def test_weights_are_shrunk_cosines() -> None:
    found = copurchases(pair_baskets([0, 1], [0, 1], [0, 2], [3]), SMALL)
    dense = found.weights.toarray()
    assert dense[0, 1] == pytest.approx(2 / (np.sqrt(3 * 2) + 1))
    assert dense[0, 2] == pytest.approx(1 / (np.sqrt(3 * 1) + 1))
    np.testing.assert_array_equal(dense, dense.T)
    assert not dense.diagonal().any()
    assert (found.edges, found.baskets, found.oversized) == (2, 3, 0)
    assert found.connected.tolist() == [True, True, True] + [False] * 5


def test_a_large_basket_counts_less_and_a_wholesalers_not_at_all() -> None:
    large = copurchases(pair_baskets([0, 1], [2, 3, 4, 5]), SMALL).weights.toarray()
    assert 0 < large[2, 3] < large[0, 1]
    capped = copurchases(pair_baskets([0, 1], [2, 3, 4, 5]), settings("none", max_basket=3))
    assert (capped.edges, capped.oversized) == (1, 1)


def test_each_product_names_its_strongest_neighbours() -> None:
    many = pair_baskets(*[[0, other] for other in range(1, 8)], *[[0, 7]] * 3)
    weights = copurchases(many, settings("none", neighbours=2)).weights
    # 0 names 7 and the first of the rest; each other names 0, so all pairs stay.
    assert weights.nnz == 14
    assert strongest(weights, np.array([0]), 2).tolist() == [[7, 1]]
    assert strongest(weights, np.array([3]), 3).tolist() == [[0, -1, -1]]


def test_blocks_of_rows_give_the_same_graph(baskets: Baskets, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = copurchases(baskets, SMALL).weights
    monkeypatch.setattr("catalog.copurchases.BLOCK_CELLS", 7 * N)
    assert (copurchases(baskets, SMALL).weights != whole).nnz == 0


def test_split_by_time_keeps_the_latest(baskets: Baskets) -> None:
    earlier, later = split_by_time(baskets, 0.1)
    assert len(earlier) + len(later) == len(baskets)
    assert earlier.times.max() < later.times.min()
    assert len(later) == pytest.approx(0.1 * len(baskets), abs=1)


def test_recall_is_the_share_of_the_baskets_other_products() -> None:
    later = pair_baskets([0, 1, 2], [0, 3], [4])
    found = np.array([[1, 5], [0, 2], [6, -1]])
    values = recall(found, np.array([0, 1, 4]), later, 100)
    assert values[:2].tolist() == [pytest.approx((0.5 + 0) / 2), pytest.approx(1.0)]
    assert np.isnan(values[2]), "a basket of one asks nothing"
    cold = np.zeros(8, dtype=bool)
    cold[[1, 3]] = True
    turned = recall(found, np.array([0, 1, 4]), later, 100, cold)
    assert turned[0] == pytest.approx((1 + 0) / 2)
    assert np.isnan(turned[1]), "the only cold product of its basket is itself"
    by_basket = basket_recall(found, np.array([0, 1, 4]), later, 100)
    assert by_basket[:2].tolist() == [pytest.approx((0.5 + 1.0) / 2), pytest.approx(0.0)]
    assert np.isnan(by_basket[2])


def test_nearest_leaves_the_product_out_even_among_equals() -> None:
    same = unit(np.ones((5, 3)))
    found = nearest(same, np.arange(5), 2, search_rows)
    assert found.shape == (5, 2)
    assert all(row not in line for row, line in enumerate(found.tolist()))
