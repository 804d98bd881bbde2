from pathlib import Path

import pandas as pd
import pytest

from catalog.erasure.tombstones import FILE, FOLDER, KEY, Tombstones
from shelfspace.errors import ArtifactError

WHEN = "2026-03-01T04:45:00+00:00"


def test_a_tombstone_knows_its_own_again_and_does_not_say_whose_it_is(tmp_path: Path) -> None:
    stones = Tombstones.open(tmp_path)
    assert not stones.erased_products(pd.Series(["sku-777"])).any()
    stone = stones.add("product", "sku-777", WHEN, "asked for by letter")
    assert stones.add("product", " sku-777 ", "2027-01-01T00:00:00+00:00") == stone
    again = Tombstones.open(tmp_path)
    found = again.erased_products(pd.Series(["sku-777", "sku-778", "", " sku-777"], index=[4, 2, 9, 1]))
    assert found.tolist() == [True, False, False, True]
    # A shopper with the same text is another.
    assert not again.erased_shoppers(pd.Series(["sku-777"])).any()
    assert (again.count("product"), again.count("shopper"), again.count()) == (1, 0, 1)
    assert again.of("product", "sku-777") == stone
    assert stone.when == WHEN
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or b"sku-777" not in file.read_bytes()
    assert (tmp_path / KEY).stat().st_mode & 0o077 == 0


def test_the_same_id_has_another_mark_in_another_workspace(tmp_path: Path) -> None:
    marks = {Tombstones.open(tmp_path / name).add("shopper", "ab12", WHEN).mark for name in ("a", "b")}
    assert len(marks) == 2


def test_what_is_allowed_again_is_erased_no_more(tmp_path: Path) -> None:
    stones = Tombstones.open(tmp_path)
    stones.add("shopper", "ab12", WHEN)
    stones.add("shopper", "cd34", WHEN)
    assert stones.remove("shopper", "ab12") is not None
    assert stones.remove("shopper", "ab12") is None
    again = Tombstones.open(tmp_path)
    assert again.erased_shoppers(pd.Series(["ab12", "cd34", None])).tolist() == [False, True, False]


def test_without_its_key_or_with_a_flipped_byte_nothing_is_let_through(tmp_path: Path) -> None:
    Tombstones.open(tmp_path).add("product", "sku-777", WHEN)
    key = (tmp_path / KEY).read_bytes()
    (tmp_path / KEY).unlink()
    with pytest.raises(ArtifactError, match=r"erasure\.key is missing or damaged; restore it"):
        Tombstones.open(tmp_path)
    (tmp_path / KEY).write_bytes(key)
    file = tmp_path / FOLDER / FILE
    kept = file.read_bytes()
    file.write_bytes(kept.replace(b'"product"', b'"shopper"'))
    with pytest.raises(ArtifactError, match="tombstones"):
        Tombstones.open(tmp_path)
