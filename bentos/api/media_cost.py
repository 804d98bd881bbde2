"""What a photo or sound would cost to decode, read from its header; refused before it is decoded.

The catalogue's caps (`params.yaml`, media) bound one file of a trusted delivery. A request comes
from anybody and shares its process with others, so here memory and time are bounded as well:
34 bytes of WebP can ask for 1.8 GB, a megabyte of progressive JPEG for 40 seconds, 400 kB of FLAC
for 8 (all measured within those caps).
"""

import io
import struct

import soundfile

from bentos.api.limits import Limits
from bentos.api.parsing import ParsedRequest
from bentos.errors import RequestError
from catalog.media.headers import jpeg_scans, sniff, webp_size

__all__ = ["check_costs", "check_photo_cost", "check_sound_cost", "jpeg_size"]

SCAN_MEGAPIXELS = 500
"""Megapixels times scans of a JPEG: about a second on one core. A 50-megapixel photo has one to ten scans."""
SAMPLES = 25_000_000
"""Samples over all channels: two minutes of stereo at 96 kHz, about a second of decoding."""


def check_costs(call: ParsedRequest, limits: Limits) -> None:
    """Check every photo and sound of a call.

    Raises:
        RequestError: 422 naming the item and what is too large.
    """
    for number, item in enumerate(call.items):
        place = call.item_place(number)
        for photo in item.photos:
            check_photo_cost(f"{place}photo", photo, limits.megapixels)
        for sound in item.sounds:
            check_sound_cost(f"{place}sound", sound)


def check_photo_cost(field: str, data: bytes, megapixels: float) -> None:
    """Refuse what decodes to too many pixels.

    A JPEG is decoded at a reduced scale, line by line, so its size alone costs little; what is
    bounded is its size times its scans. A header that cannot be read is left to the decoder to refuse.

    Raises:
        RequestError: 422.
    """
    found = sniff(data)
    try:
        if found == "PNG":
            width, height = struct.unpack(">II", data[16:24])
        elif found == "WEBP":
            width, height = webp_size(data)
        elif found == "JPEG":
            width, height = jpeg_size(data)
        else:
            return
    except (ValueError, struct.error):
        return
    size = width * height / 1e6
    if found == "JPEG":
        scans = max(1, jpeg_scans(data))
        if size * scans > SCAN_MEGAPIXELS:
            remedy = "send a smaller photo, or one with fewer scans (a baseline JPEG has one)"
            raise RequestError(422, f"{field}.scans", f"{scans} scans of {width}x{height}", remedy)
    elif size > megapixels:
        remedy = f"send at most {megapixels:g} megapixels as {found}; scale it down, or send a JPEG"
        raise RequestError(422, f"{field}.pixels", f"{width}x{height}", remedy)


def check_sound_cost(field: str, data: bytes) -> None:
    """Refuse a recording with too many samples; one that does not say how many is bounded by its seconds.

    Raises:
        RequestError: 422.
    """
    if sniff(data) not in {"FLAC", "OGG"}:  # MP3 cannot hold more, a WAV is bounded by its bytes
        return
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            frames, channels = file.frames, file.channels
    except (soundfile.LibsndfileError, ValueError):
        return  # the decoder refuses it, and says why
    if frames * channels > SAMPLES:
        remedy = f"send at most {SAMPLES} samples over all channels; shorten it, or lower its rate"
        raise RequestError(422, f"{field}.samples", f"{frames} in {channels} channels", remedy)


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height of a JPEG's frame (ITU-T T.81, B.2.2).

    Raises:
        ValueError: no frame header before the first scan.
    """
    position = 2
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            position += 1  # bytes between segments, which decoders skip
            continue
        marker = data[position + 1]
        if marker in {0x00, 0x01, 0xFF} or 0xD0 <= marker <= 0xD8:
            position += 1 if marker == 0xFF else 2  # fill bytes, and markers without a segment
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        if marker in {0xD9, 0xDA}:
            break
        position += 2 + max(2, struct.unpack_from(">H", data, position + 2)[0])
    raise ValueError("no frame header in the JPEG")
