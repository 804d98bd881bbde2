"""How much has changed: new, gone and other rows, against a share."""

import pandas as pd
import pytest

from shelfspace.changed import changed_since


def table(**hashes: str) -> pd.DataFrame:
    return pd.DataFrame({"product_id": list(hashes), "hash": list(hashes.values())})


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (table(a="1", b="2"), 0),
        (table(b="2", a="1"), 0),
        (table(a="1", b="3"), 1),
        (table(a="1"), 1),
        (table(a="1", b="2", c="3"), 1),
        (table(c="1", d="2"), 4),
    ],
)
def test_each_product_that_differs_counts_once(now: pd.DataFrame, expected: int) -> None:
    assert changed_since(table(a="1", b="2"), now).products == expected


def test_the_share_itself_is_too_much_and_none_allows_nothing() -> None:
    changed = changed_since(table(a="1", b="2"), table(a="1", b="3"))
    assert changed.within(0.6)
    assert not changed.within(0.5)
    assert not changed_since(table(a="1"), table(a="1")).within(0)
    assert changed.sentence(0.6) == "1 of 2 listings changed (50.0% of 60% allowed)"
