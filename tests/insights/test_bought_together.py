"""What is bought together, as a table."""

import pandas as pd
import pytest

from insights.bought_together import COLUMNS, bought_together
from shelfspace.settings import Graph

IDS = ["a", "b", "c", "d"]


def events(*baskets: str) -> pd.DataFrame:
    day = pd.Timestamp("2026-01-01", tz="UTC")
    return pd.DataFrame(
        [
            {"user_id": "u", "product_id": p, "event": "purchase", "time": day, "order_id": f"o{n}"}
            for n, basket in enumerate(baskets)
            for p in basket
        ]
    )


def test_pairs_with_their_baskets_the_strongest_first() -> None:
    table = bought_together(events("ab", "ab", "ab", "ac", "ac", "bx", "d"), IDS, Graph())
    found = {p: list(zip(t["other_id"], t["baskets"], strict=True)) for p, t in table.groupby("product_id")}
    assert found == {"a": [("b", 3), ("c", 2)], "b": [("a", 3)], "c": [("a", 2)]}
    assert (table["weight"] > 0).all()
    mirrored = table.set_index(["product_id", "other_id"])["weight"]
    assert mirrored["a", "b"] == mirrored["b", "a"]


def test_no_more_than_asked_for() -> None:
    table = bought_together(events("ab", "ac", "ad", "ab", "ac", "ab"), IDS, Graph(), most=2)
    assert table[table["product_id"] == "a"]["other_id"].tolist() == ["b", "c"]
    assert table["product_id"].tolist() == sorted(table["product_id"])


@pytest.mark.parametrize("given", [events(), events("a", "b"), events("xy")])
def test_without_pairs_there_is_no_row(given: pd.DataFrame) -> None:
    table = bought_together(given, IDS, Graph())
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 0
