"""Merchandising rules: what they do, where they apply, and what the file may not say."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.filters.columns import Columns, Filters, allowed_rows
from retrieval.filters.rules import Rules, read_rules
from retrieval.lexical.tokens import search_terms
from shelfspace.errors import InputError
from tests.retrieval.shop import products

FOUND = np.array([3, 4, 5, 0])
SCORES = np.array([0.9, 0.8, 0.7, 0.6])
GOOD = """
rules:
  - why: campaign
    query: Boots
    pin: [P5, P1]
  - why: recalled
    ban: [P4]
  - why: own brand
    category: Shoes
    boost: {factor: 2, brand: NORTHPEAK}
"""


@pytest.fixture
def columns() -> Columns:
    return Columns(products())


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "merchandising.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def applied(
    rules: Rules, columns: Columns, text: str, **filters: object
) -> tuple[list[int], list[float], int]:
    chosen = Filters(**filters)  # type: ignore[arg-type]
    allowed = allowed_rows(columns, chosen)
    terms = frozenset(term for _, term in search_terms(text))
    rows, scores, pinned = rules.valid(terms, chosen.category).apply(FOUND, SCORES, columns, allowed)
    return rows.tolist(), np.round(scores, 6).tolist(), pinned


def test_pins_lead_bans_vanish_and_other_queries_are_left_alone(columns: Columns, tmp_path: Path) -> None:
    rules = read_rules(write(tmp_path, GOOD))
    assert applied(rules, columns, "a winter boot") == ([5, 1, 3, 0], [0.7, 0.0, 0.9, 0.6], 2)
    assert applied(rules, columns, "lamp") == ([3, 5, 0], [0.9, 0.7, 0.6], 0)


def test_a_boost_reorders_where_the_shopper_filters_by_its_category(columns: Columns, tmp_path: Path) -> None:
    rules = read_rules(write(tmp_path, GOOD))
    assert applied(rules, columns, "lamp", category=("Shoes > Boots",)) == ([5, 3], [1.4, 0.9], 0)
    assert applied(rules, columns, "lamp", category=("Shoes",)) == ([5, 0, 3], [1.4, 1.2, 0.9], 0)


def test_a_pin_that_the_filters_exclude_stays_out(columns: Columns, tmp_path: Path) -> None:
    rules = read_rules(write(tmp_path, GOOD))
    rows, _, pinned = applied(rules, columns, "boots", price_to=70)
    assert (rows, pinned) == ([1], 1)


def test_a_ban_outdoes_a_pin_of_another_rule(columns: Columns, tmp_path: Path) -> None:
    text = "rules:\n- {why: a, query: boots, pin: [P4]}\n- {why: b, ban: [P4]}\n"
    rows, _, pinned = applied(read_rules(write(tmp_path, text)), columns, "boots")
    assert 4 not in rows
    assert pinned == 0


def test_no_file_or_an_empty_one_has_no_rules(columns: Columns, tmp_path: Path) -> None:
    for rules in (read_rules(tmp_path / "none.yaml"), read_rules(write(tmp_path, "# nothing yet\n"))):
        assert applied(rules, columns, "boots") == (FOUND.tolist(), SCORES.tolist(), 0)


def test_products_that_the_release_lacks_are_named(columns: Columns, tmp_path: Path) -> None:
    text = (
        "rules:\n- {why: a, query: boots, pin: [P4, P77]}\n"
        "- {why: b, ban: [P66], boost: {factor: 2, products: [P0, P55]}}\n"
    )
    rules = read_rules(write(tmp_path, text))
    assert rules.unknown_products(columns) == ["P55", "P66", "P77"]
    assert applied(rules, columns, "boots")[0] == [4, 0, 3, 5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [", "valid YAML"),
        ("- why: a", "one key, `rules`"),
        ("rules:\n- {why: a, query: x}", r"rules\[1\].*pin, boost or ban something"),
        ("rules:\n- {query: x, pin: [P1]}", r"rules\[1\].why"),
        ("rules:\n- {why: a, ban: [P1]}\n- {why: a, querry: x, ban: [P1]}", r"rules\[2\].querry"),
        ("rules:\n- {why: a, pin: [P1]}", "a pin needs a query or a category"),
        ("rules:\n- {why: a, query: the, pin: [P1]}", "no word but stop words"),
        ("rules:\n- {why: a, query: x, pin: [P1], ban: [P1]}", "P1 is pinned and banned"),
        ("rules:\n- {why: a, query: x, pin: [P1, P1]}", "pinned twice"),
        ("rules:\n- {why: a, boost: {factor: 0, brand: x}}", r"boost.factor"),
        ("rules:\n- {why: a, boost: {factor: 2}}", "name products, a brand or a category"),
    ],
)
def test_a_wrong_file_says_where_and_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_rules(write(tmp_path, text))
