"""Photos become squares that keep the aspect ratio."""

import io

import numpy as np
import pytest
from PIL import Image

from models.inputs.photos import photo_pixels
from shelfspace.errors import MediaError
from shelfspace.settings import Media


def encoded(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def plain(height: int, width: int, colour: tuple[int, int, int] = (200, 30, 40)) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(40, 80), (80, 40), (32, 32), (7, 300), (1, 1), (999, 3)])
def test_letterbox_keeps_the_ratio_on_white(height: int, width: int) -> None:
    pixels = photo_pixels(encoded(plain(height, width)), 32, Media())
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    inside = (pixels != 255).any(axis=2)
    scale = 32 / max(height, width)
    assert inside.any(axis=1).sum() == max(1, round(height * scale))
    assert inside.any(axis=0).sum() == max(1, round(width * scale))
    assert (pixels[inside] == (200, 30, 40)).all()
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    assert abs(rows[0] - (31 - rows[-1])) <= 1
    assert abs(columns[0] - (31 - columns[-1])) <= 1


def test_a_jpeg_decoded_at_a_reduced_scale_looks_the_same() -> None:
    y, x = np.mgrid[:800, :1200]
    picture = np.stack([x // 5, y // 4, (x + y) // 10], axis=2).astype(np.uint8)
    fast = photo_pixels(encoded(picture, "JPEG", quality=95), 96, Media())
    whole = photo_pixels(encoded(picture), 96, Media())
    assert np.abs(fast.astype(int) - whole).mean() < 2


def test_an_exif_turn_is_followed() -> None:
    upright = plain(60, 60)
    upright[:30] = (0, 0, 250)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = photo_pixels(encoded(np.rot90(upright), "JPEG", exif=exif.tobytes()), 60, Media())
    assert turned[10, 30, 2] > 200
    assert turned[50, 30, 2] < 100


def test_a_damaged_photo_is_refused() -> None:
    with pytest.raises(MediaError, match="photo"):
        photo_pixels(encoded(plain(64, 64))[:90], 32, Media())


def test_real_photos_are_centred_on_white(public_data) -> None:
    files = sorted((public_data / "flipkart1050" / "images").glob("*.jpg"))[:40]
    made = np.stack([photo_pixels(file.read_bytes(), 48, Media()) for file in files])
    assert made.shape == (40, 48, 48, 3)
    assert made.reshape(40, -1).std(axis=1).min() > 5
