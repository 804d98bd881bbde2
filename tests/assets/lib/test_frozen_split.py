"""Only a split that passed its check is frozen, and only a champion holds products where they are."""

from pathlib import Path

import pandas as pd

from assets.lib.frozen_split import Frozen, freeze_split
from shelfspace.files import read_parquet, write_table
from shelfspace.settings import Settings
from tests.catalog.test_splits import catalogue


def freeze(products: pd.DataFrame, file: Path, own: dict[str, str] | None = None, **with_: bool) -> Frozen:
    copy = file.with_name("prepared.parquet")
    return freeze_split(
        products, {}, Settings(), 1, own or {}, file, **{"crowned": False, **with_}, copy=copy
    )


def all_train(products: pd.DataFrame) -> pd.DataFrame:
    ids = products["product_id"]
    return pd.DataFrame({"product_id": ids, "group": ids, "split": "train"}, dtype=object)


def test_a_split_that_fails_its_check_is_not_frozen(tmp_path: Path) -> None:
    file = tmp_path / "splits.parquet"
    two = freeze(catalogue(2), file)
    assert not two.passed
    assert "failed its check" in two.said
    assert not file.exists()
    mended = freeze(catalogue(60), file)
    assert (mended.passed, mended.said) == (True, "yes")
    assert read_parquet(file).equals(mended.split.table)


def test_a_frozen_split_that_fails_is_made_anew_unless_a_champion_rests_on_it(tmp_path: Path) -> None:
    file, products = tmp_path / "splits.parquet", catalogue(60)
    write_table(file, all_train(products))
    held = freeze(products, file, crowned=True)
    assert (held.passed, held.anew, held.kept(products)) == (False, False, 60)
    assert set(read_parquet(file)["split"]) == {"train"}
    anew = freeze(products, file)
    assert (anew.passed, anew.anew, anew.kept(products)) == (True, True, 0)
    assert "made anew" in anew.said
    assert set(read_parquet(file)["split"]) == {"train", "validation", "test"}


def test_the_shop_s_own_split_moves_products_until_a_champion_knows_them(tmp_path: Path) -> None:
    file, products = tmp_path / "splits.parquet", catalogue(60)
    first = freeze(products, file).split.table.set_index("product_id")["split"]
    one = first.index[first == "test"][0]
    own = {one: "train"}
    crowned = freeze(products, file, own, crowned=True)
    assert crowned.unmoved(own) == 1
    assert crowned.split.table.set_index("product_id")["split"][one] == "test"
    free = freeze(products, file, own)
    assert free.unmoved(own) == 0
    assert free.split.table.set_index("product_id")["split"][one] == "train"


def test_a_champion_s_split_that_was_deleted_is_taken_from_its_copy_and_a_lost_one_is_told(
    tmp_path: Path,
) -> None:
    file, products = tmp_path / "splits.parquet", catalogue(60)
    drawn = freeze(products, file).split.table
    turned = drawn.assign(split=drawn["split"].map({"train": "test", "test": "train"}).fillna(drawn["split"]))
    write_table(tmp_path / "prepared.parquet", turned)
    file.unlink()
    assert freeze(products, file).split.table.equals(drawn), "no champion rests on it"
    file.unlink()
    held = freeze(catalogue(70), file, crowned=True)
    sides = held.split.table.set_index("product_id")["split"]
    assert sides[turned["product_id"]].tolist() == turned["split"].tolist()
    assert (held.kept(products), held.lost) == (60, False)
    for path in (file, tmp_path / "prepared.parquet"):
        path.unlink()
    assert freeze(products, file, crowned=True).lost
    assert not freeze(products, file, crowned=True).lost
