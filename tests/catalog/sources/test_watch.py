"""Whether a catalogue's files are those that were collected last."""

import os
from pathlib import Path

import pytest

from catalog.sources.open import open_catalog
from catalog.sources.watch import collected_state, note_collected, source_state
from shelfspace.errors import CatalogError


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "media" / "front").mkdir(parents=True)
    (folder / "products.csv").write_text("product_id,title\n1,Lamp\n")
    (folder / "catalog.yaml").write_text("currency: EUR\nproducts: {path: products.csv}\n")
    (folder / "media" / "front" / "1.jpg").write_bytes(b"photo")
    return folder


def signature(shop: Path) -> str:
    return source_state(open_catalog(str(shop))).signature


def test_what_was_collected_is_noted(shop: Path, tmp_path: Path) -> None:
    assert collected_state(tmp_path) is None
    note_collected(tmp_path, source_state(open_catalog(str(shop))))
    assert collected_state(tmp_path) == signature(shop)


@pytest.mark.parametrize("name", ["products.csv", "catalog.yaml", "media/front/1.jpg", "media/2.jpg"])
def test_another_size_or_time_of_any_file_is_a_change(shop: Path, name: str) -> None:
    before = signature(shop)
    assert signature(shop) == before
    with (shop / name).open("a") as stream:
        stream.write("\n")
    grown = signature(shop)
    assert grown != before
    os.utime(shop / name, ns=(1, 1))
    assert signature(shop) != grown, "the same size at another time"


def test_a_file_less_is_a_change_and_a_table_less_is_refused(shop: Path) -> None:
    before = signature(shop)
    (shop / "media" / "front" / "1.jpg").unlink()
    assert signature(shop) != before
    (shop / "products.csv").unlink()
    with pytest.raises(CatalogError, match="name a file that exists"):
        signature(shop)


def test_the_newest_file_is_named_and_how_long_it_has_been_quiet(shop: Path) -> None:
    for path in shop.rglob("*.*"):
        os.utime(path, (1_000_000, 1_000_000))
    (shop / "media" / "front" / "1.jpg").write_bytes(b"another")
    found = source_state(open_catalog(str(shop)))
    assert found.newest == "media/front/1.jpg"
    assert found.quiet < 60


def test_links_that_lead_nowhere_or_round_in_circles_stop_nothing(shop: Path) -> None:
    (shop / "media" / "gone.jpg").symlink_to(shop / "nowhere.jpg")
    (shop / "media" / "round").symlink_to(shop / "media", target_is_directory=True)
    assert signature(shop)
