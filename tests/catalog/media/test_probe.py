"""Findings of a whole store: one row a key, refusals with field, value and reason."""

import io
import struct

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from catalog.media import probe_catalogue, probe_media
from catalog.media.headers import sniff
from catalog.media.missing import MISSING
from shelfspace.hashing import content_hash
from shelfspace.settings import Media


class Store(dict):
    """A media store in memory."""

    def read(self, key: str) -> bytes:
        return self[key]

    def digest(self, key: str) -> str:
        return content_hash(self[key])


@pytest.fixture(scope="module")
def store() -> Store:
    photo, sound = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(photo, "JPEG")
    soundfile.write(sound, 0.1 * np.sin(np.arange(8000) / 9, dtype=np.float32), 16_000, format="FLAC")
    return Store({"a.jpg": photo.getvalue(), "cut.jpg": photo.getvalue()[:400], "b.flac": sound.getvalue()})


def test_photos(store: Store) -> None:
    found = probe_media(store, ["a.jpg", "cut.jpg", "gone.jpg", "a.jpg"], "photos", Media(), progress=False)
    assert found["key"].tolist() == ["a.jpg", "cut.jpg", "gone.jpg"]
    assert found["ok"].tolist() == [True, False, False]
    assert found.loc[0, ["width", "height", "bytes"]].tolist() == [30, 20, len(store["a.jpg"])]
    assert found.loc[1, "field"].startswith("photo.")
    assert "undamaged" in found.loc[1, "reason"]
    assert found.loc[2, ["reason", "field", "value"]].tolist() == [MISSING, "photo.file", "gone.jpg"]
    assert found["width"].dtype == np.int64


def test_sounds(store: Store) -> None:
    found = probe_media(store, ["b.flac", "a.jpg"], "sounds", Media(), progress=False)
    assert found["ok"].tolist() == [True, False]
    assert found.loc[0, "seconds"] == pytest.approx(0.5)
    assert found.loc[1, "field"] == "sound.format"


def encoded(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def test_a_blurred_photo_is_less_sharp_and_a_dark_one_is_not() -> None:
    rng = np.random.default_rng(0)
    crisp = 255 * (rng.random((128, 96, 1)) > 0.5) * np.ones(3)
    blurred = np.asarray(Image.fromarray(crisp.astype(np.uint8)).resize((12, 16)).resize((96, 128)))
    store = Store(
        crisp=encoded(crisp), blurred=encoded(blurred), dark=encoded(crisp / 4), plain=encoded(0 * crisp)
    )
    sharp = probe_media(store, store, "photos", Media(), progress=False).set_index("key")["sharpness"]
    assert sharp["blurred"] < sharp["crisp"] / 5
    assert sharp["dark"] == pytest.approx(sharp["crisp"], rel=0.05)
    assert sharp["plain"] == 0


def test_loudness_is_that_of_the_mean_power_and_silence_the_share_of_parts_without() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    half = np.concatenate([tone[:8000], np.zeros(8000)])
    files = Store()
    for name, wave in {"tone": tone, "half": half, "quiet": tone / 100}.items():
        out = io.BytesIO()
        soundfile.write(out, wave, 16_000, format="FLAC")
        files[name] = out.getvalue()
    found = probe_media(files, files, "sounds", Media(), progress=False).set_index("key")
    assert found["loudness"].to_dict() == pytest.approx(
        {"tone": -9.03, "half": -12.04, "quiet": -49.03}, abs=0.01
    )
    assert found["silence"].to_dict() == {"tone": 0, "half": 0.5, "quiet": 0}


class Counted(Store):
    """One that notes what was read."""

    def __init__(self, files: Store) -> None:
        super().__init__(files)
        self.reads: list[str] = []

    def read(self, key: str) -> bytes:
        self.reads.append(key)
        return self[key]


def test_what_was_probed_before_is_not_opened_again_under_another_name_either(store: Store) -> None:
    raw = pd.DataFrame({"photos": ["a.jpg|cut.jpg|gone.jpg"], "sounds": ["b.flac"]})
    first = probe_catalogue(Counted(store), raw, "|", Media())
    moved = Counted(Store({**store, "new.jpg": store["a.jpg"]}))
    again = probe_catalogue(moved, raw.assign(photos="a.jpg|cut.jpg|gone.jpg|new.jpg"), "|", Media(), first)
    assert moved.reads == []
    pd.testing.assert_frame_equal(again[again["key"].ne("new.jpg")].reset_index(drop=True), first)
    renamed = again.set_index("key").loc["new.jpg"]
    assert renamed.equals(again.set_index("key").loc["a.jpg"])


def test_nothing_to_probe_keeps_the_columns(store: Store) -> None:
    found = probe_media(store, [], "photos", Media(), progress=False)
    assert len(found) == 0
    assert {"key", "ok", "reason", "width", "seconds"} <= set(found.columns)


def test_only_two_kinds_exist(store: Store) -> None:
    with pytest.raises(KeyError):
        probe_media(store, ["a.jpg"], "films", Media(), progress=False)


def boxed(brand: bytes, *compatible: bytes, tracks: tuple[bytes, ...] = ()) -> bytes:
    """A file of boxes: its brands, and a film box with a handler a track."""
    head = brand + bytes(4) + b"".join(compatible)
    film = b"".join(struct.pack(">I", 24) + b"hdlr" + bytes(8) + kind + bytes(4) for kind in tracks)
    boxes = [(b"ftyp", head), (b"free", b""), *([(b"moov", film)] if tracks else [])]
    return b"".join(struct.pack(">I", 8 + len(body)) + kind + body for kind, body in boxes)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        *((boxed(brand, b"mif1"), "HEIC") for brand in (b"heic", b"heix", b"hevc", b"mif1", b"msf1")),
        (boxed(b"mif1", b"mif1", b"avif"), "AVIF"), (boxed(b"avis"), "AVIF"),
        (boxed(b"M4A ", b"isom"), "M4A"), (boxed(b"isom", b"mp41", tracks=(b"soun",)), "M4A"),
        (b"\xff\xf1\x50\x80" + bytes(9), "AAC"),
    ],
)  # fmt: skip
def test_phone_photos_and_apple_sounds_are_named_with_the_formats_to_send(data: bytes, name: str) -> None:
    for kind, formats in (("photos", "JPEG, PNG, WEBP"), ("sounds", "WAV, FLAC, OGG, MP3")):
        found = probe_media(Store(a=data), ["a"], kind, Media(), progress=False).iloc[0]
        assert (found["ok"], found["value"]) == (False, repr(name))
        assert f"send one of {formats}" in found["reason"]


def test_a_film_is_still_a_film() -> None:
    assert sniff(boxed(b"isom", b"mp41", tracks=(b"vide", b"soun"))) == "MP4"
    assert sniff(boxed(b"qt  ")) == "MP4"
    assert sniff(b"\0\0\0\0ftyp") == "MP4"
