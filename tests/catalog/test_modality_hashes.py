"""Content hashes: one modality's change is no other's."""

from pathlib import Path

import pandas as pd
import pytest

from catalog.modality_hashes import modality_hashes
from catalog.snapshot.media_store import MediaStore, add_media

COLUMNS = ["text_hash", "image_hash", "audio_hash", "tabular_hash"]


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    add_media(tmp_path, [(f"{name}.bin", name.encode(), None) for name in "abc"], 1000)
    return MediaStore.open(tmp_path)


def hashes(products: pd.DataFrame, media: MediaStore) -> pd.DataFrame:
    """Of products whose cleaned text is their title and attributes."""
    return modality_hashes(products, media, list(products["title"] + products["attributes"]))


def row(**changes: object) -> pd.DataFrame:
    values = {
        "product_id": "p", "title": "cup", "description": "", "brand": "", "attributes": "{}", "price": 10.0,
        "photos": ["a.bin"], "sounds": ["b.bin"], "group_id": "", "category": "x",
    }  # fmt: skip
    return pd.DataFrame([values | changes])


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({}, []), ({"title": "mug"}, ["text_hash"]), ({"attributes": '{"a": "b"}'}, ["text_hash"]),
        ({"photos": ["c.bin"]}, ["image_hash"]), ({"photos": ["a.bin", "c.bin"]}, ["image_hash"]),
        ({"sounds": ["c.bin"]}, ["audio_hash"]), ({"price": 20.0}, ["tabular_hash"]), ({"price": 10.1}, []),
        ({"category": "y", "group_id": "g", "product_id": "q"}, []),
    ],
)  # fmt: skip
def test_a_change_moves_the_hash_of_its_modality(store: MediaStore, changes: dict, moved: list[str]) -> None:
    before, after = hashes(row(), store), hashes(row(**changes), store)
    assert [name for name in COLUMNS if before.at[0, name] != after.at[0, name]] == moved


def test_an_absent_modality_has_no_hash(store: MediaStore) -> None:
    nothing = row(title="", attributes="", photos=[], sounds=[], price=float("nan"))
    assert hashes(nothing, store).loc[0, COLUMNS].tolist() == [""] * 4
    assert hashes(row(), store).loc[0, COLUMNS].ne("").all()
