"""What shoppers' events say, and what one visit alone cannot make them say."""

import numpy as np
import pandas as pd
import pytest

from catalog.contract import COLUMNS
from insights.signals import click_judgements, click_through, past_queries, popularity
from insights.signals.counting import MOST_OF_A_VISIT, click_rates, shown

NOW = pd.Timestamp("2026-05-01T10:00:00Z")
PRODUCTS = [f"P{n}" for n in range(10)]
KINDS = {column.name: column.type for column in COLUMNS["interactions"]}


def table(rows: list[dict]) -> pd.DataFrame:
    told = {"user_id": "", "query_id": "", "query": "", "release": "", "time": NOW, "quantity": 1,
            "unit_price": np.nan, "order_id": "", "keyed": False, "position": pd.NA}  # fmt: skip
    made = pd.DataFrame(
        [{**told, "event_id": f"e{n}", **row} for n, row in enumerate(rows)], columns=list(KINDS)
    )
    return made.astype({"position": "Int64", "time": "datetime64[us, UTC]"})


def visits(query: str, number: int, clicked: dict[int, str], start: int = 0) -> list[dict]:
    """So many visits that were shown P0 to P4 in order, of which the n-th clicked a product."""
    rows = []
    for n in range(number):
        visit = {"session": f"{query}{start + n}", "query_id": f"q{query}{start + n}", "query": query}
        rows += [{**visit, "kind": "impression", "product_id": f"P{p}", "position": p + 1} for p in range(5)]
        if n in clicked:
            product = clicked[n]
            rows.append({**visit, "kind": "click", "product_id": product, "position": int(product[1:]) + 1})
    return rows


def test_nothing_says_nothing() -> None:
    none = table([])
    assert not len(shown(none))
    assert not len(popularity(none, PRODUCTS))
    assert not len(past_queries(none, 5))
    assert not len(click_judgements(none, 10, 0.1))
    assert click_through(none) == {}


def test_what_stands_first_is_expected_to_be_clicked_more() -> None:
    seen = shown(table(visits("clock", 100, {n: "P0" if n < 60 else "P3" for n in range(80)})))
    rates = pd.Series(click_rates(seen)).groupby(seen["position"].to_numpy()).first()
    assert rates[1] > 2 * rates[4] > 0
    assert rates[2] < 0.1


def test_purchases_outweigh_clicks_and_old_events_fade() -> None:
    rows = [{"session": f"s{n}", "kind": "purchase", "product_id": "P1"} for n in range(3)]
    rows += [{"session": f"s{n}", "kind": "purchase", "product_id": "P2", "time": NOW - pd.Timedelta(days=60)}
             for n in range(8)]  # fmt: skip
    rows += [{"session": f"s{n}", "kind": "cart", "product_id": "P3"} for n in range(3)]
    found = popularity(table(rows), PRODUCTS).set_index("product_id")
    assert found["score"].round(6).to_dict() == {"P1": 3.0, "P2": 2.0, "P3": 0.9}
    assert found["buyers"].to_dict() == {"P1": 3, "P2": 8, "P3": 0}


def test_a_visit_that_clicks_itself_up_counts_once_and_a_machine_not_at_all() -> None:
    honest = visits("lamp", 30, {n: "P1" for n in range(5)})
    busy = [{"session": "busy", "kind": "click", "product_id": "P4", "query_id": f"{n}", "position": 1}
            for n in range(1000)]  # fmt: skip
    found = popularity(table(honest + busy), PRODUCTS).set_index("product_id")
    assert found.loc["P4", "clicks"] == 1
    assert found.loc["P4", "score"] < found.loc["P1", "score"]
    machine = [{"session": "bot", "kind": "click", "product_id": p, "position": 1}
               for p in [f"X{n}" for n in range(MOST_OF_A_VISIT + 1)]]  # fmt: skip
    assert "bot" not in set(shown(table(honest + machine))["session"])


def test_a_past_query_needs_enough_visits_and_says_nothing_of_a_person() -> None:
    rows = visits("Red  clock", 3, {0: "P1"}) + visits("red clock", 2, {}, start=10) + visits("lamp", 4, {})
    rows += visits("anna@example.org", 9, {}) + visits("call 0301234567", 9, {}) + visits("x", 9, {})
    rows += [{"session": "one", "query_id": f"q{n}", "query": "buy from us", "kind": "impression",
              "product_id": "P1"} for n in range(50)]  # fmt: skip
    found = past_queries(table(rows), 5)
    assert found.values.tolist() == [["red clock", 5, 1]]


def test_a_click_judges_only_where_it_beats_its_place() -> None:
    elsewhere = visits("other", 60, {n: "P0" for n in range(30)})
    judged = click_judgements(
        table(elsewhere + visits("clock", 20, {n: "P3" if n < 12 else "P0" for n in range(16)})), 10, 0.1
    )
    assert set(judged["query"]) == {"clock"}
    grades = judged.set_index("product_id")["relevance"]
    assert grades["P3"] == 2
    assert "P1" not in grades
    assert set(judged["weight"]) == {0.1}
    assert set(judged["source"]) == {"clicks"}


@pytest.mark.parametrize("number", [1, 9])
def test_few_visits_judge_nothing_however_often_they_click(number: int) -> None:
    rows = visits("other", 60, {n: "P0" for n in range(30)}) + visits(
        "clock", number, {n: "P3" for n in range(9)}
    )
    rows += [{"session": "clock0", "query_id": f"again{n}", "query": "clock", "kind": "click",
              "product_id": "P3", "position": 4} for n in range(90)]  # fmt: skip
    assert not len(click_judgements(table(rows), 10, 0.1))


def test_clicks_by_chance_rarely_judge() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for query in range(40):
        clicked = {
            n: f"P{rng.choice(5, p=[0.5, 0.2, 0.1, 0.1, 0.1])}" for n in range(30) if rng.random() < 0.5
        }
        rows += visits(f"q{query}", 30, clicked)
    judged = click_judgements(table(rows), 10, 0.1)
    assert judged["query"].nunique() <= 2, "of 40 queries whose clicks say nothing but their places"


def test_click_through_tells_the_last_week_from_the_weeks_before() -> None:
    before = [{**row, "time": NOW - pd.Timedelta(days=10)} for row in visits("old", 10, {0: "P0"})]
    found = click_through(table(before + visits("new", 10, {n: "P0" for n in range(5)})))
    assert found == {"impressions": 50, "clicks": 5, "click_through": 0.1, "click_through_before": 0.02}
    assert "click_through_before" not in click_through(table(visits("new", 1, {})))
