"""Rows of one id that complete each other are one product; rows that contradict one another are versions."""

import json

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.joining import join_rows
from tests.catalog.shelf import product, raw

BARE = {"title": "", "price": "", "currency": "", "updated_at": ""}


def joined(*rows: dict[str, str]) -> pd.DataFrame:
    return join_rows(raw(list(rows)), "|").rows


def test_a_further_photo_and_a_variant_belong_to_the_product_above() -> None:
    rows = [
        product(1, photos="a.jpg|b.jpg", brand=""), product(1, **BARE, photos="b.jpg"),
        product(1, **BARE | {"price": "7"}, photos="c.jpg", brand="Acme"), product(2, photos="d.jpg"),
    ]  # fmt: skip
    found = join_rows(raw(rows), "|")
    assert found.rows["product_id"].tolist() == ["p1", "p2"]
    assert found.rows["source_row"].tolist() == [0, 3]
    whole = found.rows.iloc[0]
    assert whole[["title", "price", "brand"]].tolist() == ["product 1", "2.50", "Acme"]
    assert json.loads(whole["photos"]) == ["a.jpg", "b.jpg", "c.jpg"]
    assert found.rows.loc[3, "photos"] == "d.jpg"
    assert found.absorbed == [1, 2]
    assert found.differing == [(2, "price")]


def test_an_empty_row_never_beats_a_full_one_wherever_it_stands() -> None:
    for rows in ([product(1), product(1, **BARE)], [product(1, **BARE), product(1)]):
        found = joined(*rows)
        assert found["title"].tolist() == ["product 1"]
        assert found["price"].tolist() == ["2.50"]
    later = BARE | {"updated_at": "2026-02-01"}
    assert joined(product(1), product(1, **later))[["title", "updated_at"]].values.tolist() == [
        ["product 1", "2026-02-01"]
    ]


def test_of_a_bare_row_that_is_newer_the_values_count() -> None:
    newer = BARE | {"price": "9", "updated_at": "2026-02-01"}
    found = join_rows(raw([product(1), product(1, **newer)]), "|")
    assert found.rows["price"].tolist() == ["9"]
    assert found.differing == [(0, "price")]


def test_versions_and_rows_that_differ_stay_apart() -> None:
    assert len(joined(product(1), product(1, title="another"))) == 2
    assert len(joined(product(1), product(1, updated_at="2026-02-01"))) == 2
    assert len(joined(product(1, **BARE | {"price": "1"}), product(1, **BARE | {"price": "2"}))) == 2
    assert len(joined(product(1), product(1))) == 1
    assert len(joined(product(1, product_id=""), product(1, product_id=""))) == 2


ROWS = st.fixed_dictionaries({
    "product_id": st.sampled_from(["p1", "p2", "p3", ""]),
    **{name: st.sampled_from(["", "x", "y"]) for name in ("title", "description", "price", "photos")},
    "updated_at": st.sampled_from(["", "2026-01-01", "2026-01-02"]),
})  # fmt: skip


@settings(deadline=None)
@given(st.lists(ROWS, max_size=9))
def test_no_row_and_no_value_is_lost_without_a_word(rows: list[dict[str, str]]) -> None:
    table = pd.DataFrame(
        rows, columns=["product_id", "title", "description", "price", "photos", "updated_at"]
    )
    found = join_rows(table, "|")
    assert len(found.rows) + len(found.absorbed) == len(table)
    told = set(found.differing)
    for name in ("title", "description", "price"):
        for label, row in table.iterrows():
            kept = set(found.rows.loc[found.rows["product_id"].eq(row["product_id"]), name])
            assert not row[name] or row[name] in kept or (label, name) in told
    assert join_rows(found.rows, "|").rows["product_id"].nunique() == table["product_id"].nunique()
