"""What applications say in a release."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from releases.in_memory import POPULAR, with_popularity
from releases.insights import ProductTable, insight_parts, read_insights
from releases.release import Release
from retrieval.catalogue.parts import SearchParts
from shelfspace.errors import ArtifactError
from shelfspace.files import write_table

TABLE = pd.DataFrame(
    {"product_id": ["b", "b", "a"], "other_id": ["x", "y", "z"], "weight": [0.5, 0.25, 1.0], "n": [3, 2, 1]}
)


def release(folder: Path) -> Release:
    return Release(folder, {"id": "000001-abcdef01"})


def test_rows_by_product_in_their_order() -> None:
    table = ProductTable(TABLE)
    assert len(table) == 2
    assert table.of("b") == [
        {"other_id": "x", "weight": 0.5, "n": 3},
        {"other_id": "y", "weight": 0.25, "n": 2},
    ]
    assert table.of("a") == [{"other_id": "z", "weight": 1.0, "n": 1}]
    assert table.of("c") == []
    assert len(ProductTable(TABLE.head(0))) == 0


def test_rows_of_a_product_stand_side_by_side() -> None:
    with pytest.raises(ArtifactError, match="product b"):
        ProductTable(TABLE.iloc[[0, 2, 1]])


def test_folders_are_packed_without_what_made_them(tmp_path: Path) -> None:
    own = tmp_path / "state" / "liked"
    write_table(own / "liked.parquet", TABLE)
    (own / "record.json").write_text("{}")
    (own / "why.txt").write_text("for people")
    made = tmp_path / "release"
    for part, write in insight_parts({"liked": own}).items():
        (made / part).parent.mkdir(parents=True)
        write(made / part)
    assert {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()} == {
        "insights/liked/liked.parquet", "insights/liked/why.txt",
    }  # fmt: skip
    assert read_insights(release(made))["liked"].of("a")[0]["other_id"] == "z"


def test_a_release_of_before_and_one_without(tmp_path: Path) -> None:
    assert read_insights(release(tmp_path)) == {}
    write_table(tmp_path / "bought_together.parquet", TABLE)
    assert list(read_insights(release(tmp_path))) == ["bought_together"]


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    own = tmp_path / "insights" / "liked"
    own.mkdir(parents=True)
    assert read_insights(release(tmp_path)) == {}, "an application need not say anything of single products"
    (own / "liked.parquet").write_text("no table")
    with pytest.raises(ArtifactError, match=r"liked\.parquet"):
        read_insights(release(tmp_path))


def test_what_is_popular_on_the_page_joins_what_is_bought_together() -> None:
    class Held(NamedTuple):
        product_ids: tuple[str, ...] = ("a", "b", "c")

    def order(**tables: dict[str, float]) -> list[str]:
        insights = {
            name: ProductTable(pd.DataFrame({"product_id": list(own), POPULAR[name]: list(own.values())}))
            for name, own in tables.items()
        }
        found = with_popularity(SearchParts(*[None] * 6), insights, Held()).popularity  # type: ignore[arg-type]
        return [] if found is None else [Held().product_ids[n] for n in np.argsort(-found, kind="stable")]

    assert order() == order(popularity={}) == order(bought_together={"a": 0.0}) == []
    assert (
        order(bought_together={"b": 3}) == order(bought_together={"b": 3}, popularity={}) == ["b", "a", "c"]
    )
    assert order(bought_together={"a": 6, "b": 4}, popularity={"b": 2.0, "c": 1.0}) == ["b", "a", "c"]
