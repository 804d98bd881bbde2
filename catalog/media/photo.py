"""Opening one photo: checks of its header first, then a decode to the end."""

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile

from catalog.media.headers import check_file, jpeg_scans, webp_size
from shelfspace.errors import MediaError
from shelfspace.settings import Media

__all__ = ["DECODER_ERRORS", "PhotoFacts", "open_photo", "probe_photo"]

MAX_SCANS = 200
"""Scans of a progressive JPEG. Real ones have about ten; thousands make a small file decode for minutes."""
COARSE = 64
"""Pixels of the shorter side at which a photo's look and sharpness are taken."""

# EXIF orientation to the transposition that shows the photo upright (EXIF 2.32, tag 0x0112).
ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What damaged or hostile bytes make Pillow's format plugins raise; each becomes a MediaError.
DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, struct.error,
    OverflowError, ZeroDivisionError, NotImplementedError, MemoryError, Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True)
class PhotoFacts:
    """What a decodable photo is: pixels as shown (after its EXIF turn), Pillow format, file size; its look:
    the means of 8 by 8 parts in grey and of the whole in colour, a byte each, hexadecimal; and its
    sharpness (`_sharpness`)."""

    width: int
    height: int
    format: str
    bytes: int
    look: str = ""
    sharpness: float = 0.0


def open_photo(data: bytes, limits: Media, at_least: int | None = None) -> Image.Image:
    """Decode a photo to RGB, turned as its EXIF orientation says, transparency laid on white.

    Of an animation the first frame is taken. 16-bit greys are scaled to 8 bits. A damaged EXIF
    block means no turn; it does not refuse a photo that decodes.

    Args:
        data: the file's bytes.
        limits: allow-list and caps.
        at_least: let a JPEG be decoded at a reduced scale (1/2, 1/4, 1/8) whose shorter side is
            still at least this many pixels; much faster for large photos, same for small ones.

    Raises:
        MediaError: no allowed format, over a cap, truncated or damaged.
    """
    image = _photo_header(data, limits)
    side = min(image.size)
    if at_least is not None and image.format == "JPEG" and side > at_least:
        factor = at_least / side
        image.draft("RGB", (int(image.width * factor), int(image.height * factor)))
    try:
        image.load()
        return _rgb(_turned(image))
    except DECODER_ERRORS as error:
        raise _undecodable(image, error) from error


def probe_photo(data: bytes, limits: Media) -> PhotoFacts:
    """Facts of a photo that decodes to its end.

    Raises:
        MediaError: as `open_photo`.
    """
    image = _photo_header(data, limits)
    width, height = image.size
    orientation = _orientation(image)
    if image.format == "JPEG":
        image.draft("RGB", (COARSE, COARSE))  # reads every byte and skips most of the arithmetic
    try:
        image.load()
        colour = _rgb(image)
        look, sharpness = _look(colour), _sharpness(colour.convert("L"))
    except DECODER_ERRORS as error:
        raise _undecodable(image, error) from error
    if orientation >= 5:  # these orientations swap the sides
        width, height = height, width
    return PhotoFacts(width, height, str(image.format), len(data), look, sharpness)


def _look(image: Image.Image) -> str:
    """See `PhotoFacts`."""
    parts = image.convert("L").resize((8, 8), Image.Resampling.BOX)
    whole = image.resize((1, 1), Image.Resampling.BOX)
    return (parts.tobytes() + whole.tobytes()).hex()


def _sharpness(grey: Image.Image) -> float:
    """How much of a photo's contrast is between neighbouring pixels: variance of the Laplacian (Pech-Pacheco
    et al. 2000) over that of the grey itself, so that a darker copy is as sharp.

    Measured where the shorter side has 64 to 127 pixels, as a JPEG is read; 0 of one colour.
    """
    image = grey.reduce(max(1, min(grey.size) // COARSE))
    seen = np.asarray(image, np.float32)
    if min(seen.shape) < 3 or not seen.var():
        return 0.0
    edges = 4 * seen[1:-1, 1:-1] - seen[:-2, 1:-1] - seen[2:, 1:-1] - seen[1:-1, :-2] - seen[1:-1, 2:]
    return round(float(edges.var() / seen.var()), 4)


def _photo_header(data: bytes, limits: Media) -> Image.Image:
    """The undecoded image, after every check that its header allows."""
    found = check_file(data, "photo", limits.photo_formats, limits.max_photo_bytes)
    try:
        if found == "WEBP":  # Pillow's plugin makes the canvas when it is constructed
            _check_pixels(webp_size(data), limits)
        if found == "JPEG" and jpeg_scans(data) > MAX_SCANS:
            raise MediaError("photo.scans", jpeg_scans(data), f"send a JPEG with at most {MAX_SCANS} scans")
        image = _lazy_image(found, data)
    except DECODER_ERRORS as error:
        raise MediaError(
            "photo.header", f"{found}: {error}", "send the whole, undamaged file; its header is not readable"
        ) from error
    _check_pixels(image.size, limits)
    return image


def _lazy_image(found: str, data: bytes) -> Image.Image:
    """Parse the header alone. `Image.open` would warn about sizes that the settings allow."""
    if found not in Image.OPEN:
        Image.init()
    factory = JpegImageFile if found == "JPEG" else Image.OPEN[found][0]
    return factory(io.BytesIO(data), "")


def _check_pixels(size: tuple[int, int], limits: Media) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise MediaError("photo.pixels", f"{width}x{height}", "send a photo with at least one pixel")
    if width * height > limits.max_photo_megapixels * 1e6:
        raise MediaError(
            "photo.pixels",
            f"{width}x{height}",
            f"send at most {limits.max_photo_megapixels:g} megapixels; scale the photo down",
        )


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1..8; 1 when there is none or the EXIF block is damaged."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODER_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turned(image: Image.Image) -> Image.Image:
    turn = ORIENTATIONS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey: a plain conversion would clip to white
        grey = np.asarray(image) >> 8
        image = Image.fromarray(np.clip(grey, 0, 255, out=grey).astype(np.uint8))
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _undecodable(image: Image.Image, error: Exception) -> MediaError:
    remedy = "send the whole, undamaged file; it does not decode"
    return MediaError("photo.data", f"{image.format}: {error}", remedy)
