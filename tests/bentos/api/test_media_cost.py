"""What a file would cost is read from its header; what real shops send passes."""

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from bentos.api.limits import Limits
from bentos.api.media_cost import check_costs, check_photo_cost, check_sound_cost, jpeg_size
from bentos.api.parsing import ParsedRequest
from bentos.endpoints import ENDPOINTS
from bentos.errors import RequestError
from catalog.product import ProductInput
from shelfspace.settings import Settings
from tests.fuzz import seeds


def test_good_files_pass() -> None:
    for kind in seeds.PHOTOS:
        for data in seeds.seeds(kind):
            check_photo_cost("photo", data, 24)
    for kind in seeds.SOUNDS:
        for data in seeds.seeds(kind):
            check_sound_cost("sound", data)
    phone = io.BytesIO()
    Image.new("RGB", (8160, 6120)).save(phone, "JPEG")  # 50 megapixels, baseline
    check_photo_cost("photo", phone.getvalue(), 24)


@pytest.mark.parametrize("data", seeds.seeds("JPEG"))
def test_the_size_of_a_jpeg(data: bytes) -> None:
    assert jpeg_size(data) == Image.open(io.BytesIO(data)).size == (48, 40)
    for end in (0, 2, 10, 20):
        with pytest.raises(ValueError, match="no frame header"):
            jpeg_size(data[:end])


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (seeds.png(5_001, 5_000, 8, 2, 1), "photo.pixels"),
        (seeds.png(2**31 - 1, 2**31 - 1, 8, 2, 1), "photo.pixels"),
        (seeds.webp_claiming(10_000, 9_999), "photo.pixels"),
        (seeds.many_scans(2_000, 190), "photo.scans"),
        (seeds.jpeg_claiming(65_500, 65_500), "photo.scans"),
    ],
)
def test_costly_photos_are_refused_unread(data: bytes, field: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_photo_cost("photo", data, 24)
    assert (caught.value.status, caught.value.field) == (422, field)


def test_the_webp_bomb_is_a_real_one() -> None:
    small = seeds.webp_claiming(3_000, 2_000)
    assert len(small) < 50
    assert Image.open(io.BytesIO(small)).convert("RGB").size == (3_000, 2_000)


def test_costly_sounds_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    data = seeds.silent_flac(192_000, 8, 17)
    assert len(data) < 200_000
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_: pytest.fail("decoded"))
    with pytest.raises(RequestError, match="samples"):
        check_sound_cost("sound", data)
    monkeypatch.undo()
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros((96_000, 2), np.int16), 96_000, format="FLAC")
    check_sound_cost("sound", stream.getvalue())


def test_unreadable_headers_are_left_to_the_decoder() -> None:
    for data in (
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBPVP8L",
        b"\xff\xd8\xff",
        b"fLaC",
        b"OggS",
        b"text",
    ):
        check_photo_cost("photo", data, 24)
        check_sound_cost("sound", data)


def test_the_place_of_the_item_is_named() -> None:
    bomb = seeds.webp_claiming(10_000, 9_999)
    items = (ProductInput(title="a"), ProductInput(photos=(bomb,)))
    call = ParsedRequest(ENDPOINTS["embed"], False, items, ("", ""))
    with pytest.raises(RequestError) as caught:
        check_costs(call, Limits.of(Settings()))
    assert caught.value.field == "items[1].photo.pixels"
