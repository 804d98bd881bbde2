"""Hostile and odd photos: what is refused, before what, and how the rest is shown."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from catalog.media import open_photo, probe_photo
from shelfspace.errors import MediaError
from shelfspace.settings import Media

LIMITS = Media()


def encoded(image: Image.Image, form: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8))


def png_claiming(width: int, height: int) -> bytes:
    png = bytearray(encoded(Image.new("RGB", (1, 1)), "PNG"))
    png[16:24] = struct.pack(">II", width, height)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    return bytes(png)


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("RGB", (8, 8)), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4)
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_good_photo_opens_and_both_ways_agree(form: str, noise: Image.Image) -> None:
    data = encoded(noise, form)
    facts = probe_photo(data, LIMITS)
    image = open_photo(data, LIMITS)
    assert (facts.width, facts.height, facts.format, facts.bytes) == (80, 60, form, len(data))
    assert image.size == (80, 60)
    assert image.mode == "RGB"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_a_truncated_photo_is_refused_by_both(form: str, share: float, noise: Image.Image) -> None:
    data = encoded(noise, form)
    cut = data[: max(1, int(len(data) * share))]
    for use in (open_photo, probe_photo):
        with pytest.raises(MediaError) as caught:
            use(cut, LIMITS)
        assert caught.value.field.startswith("photo.")
        assert caught.value.remedy


@pytest.mark.parametrize("claim", [png_claiming, jpeg_claiming, webp_claiming])
def test_a_huge_header_is_refused_before_decoding(claim, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pixels are refused, so neither a decoder nor its memory was asked for."""
    data = claim(16_000, 16_000)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(MediaError, match="megapixels") as caught:
        open_photo(data, LIMITS)
    assert caught.value.field == "photo.pixels"
    assert "16000x16000" in caught.value.value


def test_pillows_own_limit_is_left_alone(noise: Image.Image) -> None:
    before = Image.MAX_IMAGE_PIXELS
    open_photo(encoded(noise, "PNG"), LIMITS)
    assert before == Image.MAX_IMAGE_PIXELS
    assert before is not None


def test_the_cap_of_the_settings_may_lie_below_or_above_pillows(monkeypatch, recwarn, noise) -> None:
    data = encoded(noise, "PNG")
    with pytest.raises(MediaError, match="megapixels"):
        open_photo(data, Media(max_photo_megapixels=0.004))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)  # Pillow would warn (80 x 60 = 4800)
    assert open_photo(data, LIMITS).size == (80, 60)
    assert not recwarn.list


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF"])
def test_a_format_outside_the_list_is_named_and_refused(form: str, noise: Image.Image) -> None:
    with pytest.raises(MediaError, match=f"{form}.*JPEG, PNG, WEBP"):
        open_photo(encoded(noise, form), LIMITS)


def test_the_list_can_be_longer(noise: Image.Image) -> None:
    wide = Media(photo_formats=("JPEG", "GIF"))
    assert open_photo(encoded(noise, "GIF"), wide).size == (80, 60)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"not a photo at all", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", bytes(4096), b"<svg/>"],
)
def test_junk_is_refused(data: bytes) -> None:
    for use in (open_photo, probe_photo):
        with pytest.raises(MediaError):
            use(data, LIMITS)


def test_every_bit_flip_gives_a_picture_or_a_media_error(noise: Image.Image) -> None:
    rng = np.random.default_rng(1)
    for form in ("JPEG", "PNG", "WEBP"):
        good = encoded(noise, form)
        for _ in range(150):
            data = bytearray(good)
            for place in rng.integers(0, min(len(data), 600), 4):
                data[place] ^= int(rng.integers(1, 256))
            with contextlib.suppress(MediaError):
                assert open_photo(bytes(data), Media(max_photo_megapixels=1)).mode == "RGB"


def test_a_file_over_the_cap_is_refused_unread(noise: Image.Image) -> None:
    data = encoded(noise, "PNG")
    with pytest.raises(MediaError) as caught:
        open_photo(data, Media(max_photo_bytes=len(data) - 1))
    assert caught.value.field == "photo.bytes"


def test_a_jpeg_of_a_thousand_scans_is_refused(noise: Image.Image) -> None:
    data = encoded(noise, "JPEG", progressive=True)
    assert open_photo(data, LIMITS).size == (80, 60)
    scan = data.rindex(b"\xff\xda")
    with pytest.raises(MediaError, match="scans"):
        open_photo(data[:scan] + data[scan:-2] * 1000 + data[-2:], LIMITS)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    pixels = np.full((40, 60, 3), 255, np.uint8)
    pixels[:20, :20] = (255, 0, 0)
    pixels[20:, 40:] = (0, 0, 255)
    upright = Image.fromarray(pixels)
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, "PNG", exif=exif)
    assert np.array_equal(np.asarray(open_photo(data, LIMITS)), pixels)
    facts = probe_photo(data, LIMITS)
    assert (facts.width, facts.height) == (60, 40)


def test_a_damaged_exif_block_turns_nothing(noise: Image.Image) -> None:
    data = encoded(noise, "JPEG", exif=b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x09\xff\xff")
    assert open_photo(data, LIMITS).size == (80, 60)


def test_cmyk_becomes_rgb() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixels = np.asarray(open_photo(encoded(red, "JPEG", quality=95), LIMITS)).reshape(-1, 3).mean(axis=0)
    assert pixels[0] > 200
    assert pixels[1] < 60
    assert pixels[2] < 60


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    grey = np.asarray(open_photo(encoded(Image.fromarray(ramp), "PNG"), LIMITS))[..., 0]
    assert grey.min() == 0
    assert grey.max() == 255
    assert abs(int(np.median(grey)) - 127) <= 1


def test_transparency_lies_on_white() -> None:
    clear = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    assert open_photo(encoded(clear, "PNG"), LIMITS).getpixel((4, 4)) == (255, 255, 255)
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    data = encoded(palette, "PNG", transparency=1)
    assert open_photo(data, LIMITS).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(form: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100)
    red, _, blue = open_photo(data, LIMITS).getpixel((10, 10))
    assert red > 200
    assert blue < 60


def test_a_large_jpeg_may_be_decoded_smaller() -> None:
    smooth = Image.linear_gradient("L").convert("RGB").resize((1600, 1200))
    data = encoded(smooth, "JPEG")
    small = open_photo(data, LIMITS, at_least=96)
    assert 96 <= min(small.size) < 300
    assert open_photo(data, LIMITS).size == (1600, 1200)
    assert small.size[0] / small.size[1] == pytest.approx(4 / 3, abs=0.02)
