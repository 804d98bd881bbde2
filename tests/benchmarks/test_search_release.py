"""A release measured on judgements from files, with a really trained encoder."""

from pathlib import Path

import pytest

from benchmarks.search.judged_release import measure_release
from shelfspace.errors import InputError
from tests.bentos.shop import Shop, build_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return build_shop(tmp_path_factory.mktemp("shop"))


def test_judgements_measure_a_release(shop: Shop, tmp_path: Path) -> None:
    rows = ["query,product_id,relevance"]
    products = shop.first.products
    for word in ("boot", "sandal", "rucksack", "wallet", "lantern", "tote"):
        meant = products["product_id"][products["title"].str.contains(word)]
        rows += [f"{word},{product},2" for product in meant]
    (tmp_path / "words.csv").write_text("\n".join([*rows, "qwzx,,0"]), encoding="utf-8")
    found = {row["metric"]: row for row in measure_release(tmp_path, shop.first.folder)}
    assert found["ndcg_at_10"]["queries"] == 6
    # Every word is in its products' titles and in no other.
    assert found["ndcg_at_10"]["lexical"]["mean"] == 1.0
    assert found["ndcg_at_10"]["fused"]["mean"] > found["ndcg_at_10"]["dense"]["mean"]
    (tmp_path / "words.csv").write_text("\n".join([*rows, "boot,P999,1"]), encoding="utf-8")
    with pytest.raises(InputError, match="P999"):
        measure_release(tmp_path, shop.first.folder)
    (tmp_path / "words.csv").write_text("query,product_id,relevance\nboot,P003,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="judge 5 queries"):
        measure_release(tmp_path, shop.first.folder)
