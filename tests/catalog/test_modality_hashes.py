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
    before, after = modality_hashes(row(), store), modality_hashes(row(**changes), store)
    assert [name for name in COLUMNS if before.at[0, name] != after.at[0, name]] == moved


def test_an_absent_modality_has_no_hash(store: MediaStore) -> None:
    nothing = row(title="", photos=[], sounds=[], price=float("nan"))
    assert modality_hashes(nothing, store).loc[0, COLUMNS].tolist() == [""] * 4
    assert modality_hashes(row(), store).loc[0, COLUMNS].ne("").all()


def test_words_do_not_slip_from_one_field_to_another(store: MediaStore) -> None:
    one, other = row(title="red cup", brand=""), row(title="red", brand=" cup")
    assert modality_hashes(one, store).at[0, "text_hash"] != modality_hashes(other, store).at[0, "text_hash"]
