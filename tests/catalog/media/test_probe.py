"""Findings of a whole store: one row a key, refusals with field, value and reason."""

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from catalog.media import probe_media
from shelfspace.settings import Media


class Store(dict):
    """A media store in memory."""

    def read(self, key: str) -> bytes:
        return self[key]


@pytest.fixture(scope="module")
def store() -> Store:
    photo, sound = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(photo, "JPEG")
    soundfile.write(sound, np.full(8000, 0.1, np.float32), 16_000, format="FLAC")
    return Store({"a.jpg": photo.getvalue(), "cut.jpg": photo.getvalue()[:400], "b.flac": sound.getvalue()})


def test_photos(store: Store) -> None:
    found = probe_media(store, ["a.jpg", "cut.jpg", "gone.jpg", "a.jpg"], "photos", Media(), progress=False)
    assert found["key"].tolist() == ["a.jpg", "cut.jpg", "gone.jpg"]
    assert found["ok"].tolist() == [True, False, False]
    assert found.loc[0, ["width", "height", "bytes"]].tolist() == [30, 20, len(store["a.jpg"])]
    assert found.loc[1, "field"].startswith("photo.")
    assert "undamaged" in found.loc[1, "reason"]
    assert found.loc[2, ["reason", "field", "value"]].tolist() == [
        "the file is missing",
        "photo.file",
        "gone.jpg",
    ]
    assert found["width"].dtype == np.int64


def test_sounds(store: Store) -> None:
    found = probe_media(store, ["b.flac", "a.jpg"], "sounds", Media(), progress=False)
    assert found["ok"].tolist() == [True, False]
    assert found.loc[0, "seconds"] == pytest.approx(0.5)
    assert found.loc[1, "field"] == "sound.format"


def test_nothing_to_probe_keeps_the_columns(store: Store) -> None:
    found = probe_media(store, [], "photos", Media(), progress=False)
    assert len(found) == 0
    assert {"key", "ok", "reason", "width", "seconds"} <= set(found.columns)


def test_only_two_kinds_exist(store: Store) -> None:
    with pytest.raises(KeyError):
        probe_media(store, ["a.jpg"], "films", Media(), progress=False)
