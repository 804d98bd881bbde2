"""What the first bytes of a media file claim, read without a decoder.

Formats are recognised by their signature, never by a file name. Sizes that a decoder would
allocate for at once (the canvas of a WebP, the data chunk of a WAV) are read here first.
"""

import re
import struct

from shelfspace.errors import MediaError

__all__ = ["check_file", "jpeg_scans", "sniff", "wav_shortage", "webp_size"]

SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WEBP"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"\x1aE\xdf\xa3", "WEBM"),
    (8, b"WAVE", "WAV"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "OGG"),
    (8, b"AIFF", "AIFF"),
    (0, b"ID3", "MP3"),
    (0, b"%PDF", "PDF"),
    (0, b"<svg", "SVG"),
    (0, b"<?xml", "XML"),
    (0, b"<!DOCTYPE", "HTML"),
    (0, b"<html", "HTML"),
    (0, b"8BPS", "PSD"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL ", "JPEG XL"),
    (4, b"jP  ", "JPEG 2000"),
    (0, b"0&\xb2u", "WMA or WMV"),
    (0, b"#!AMR", "AMR"),
    (0, b"MThd", "MIDI"),
)

BRANDS = {
    "AVIF": {b"avif", b"avis"},
    "HEIC": {
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"hevx",
        b"hevm",
        b"hevs",
        b"mif1",
        b"mif2",
        b"msf1",
    },
}
"""Picture formats to the brands by which a file of boxes (ISO 14496-12) says that it is one."""
SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ")

UNKNOWN_LENGTHS = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""Data lengths that programs write which stream a WAV and cannot seek back."""


def sniff(data: bytes) -> str:
    """Format name by signature, "" when it is none that is known."""
    for offset, signature, name in SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return name
    if data[4:8] == b"ftyp":
        return _boxed(data)
    if len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2:  # MPEG frame sync, layer III
        return "MP3"
    if len(data) > 2 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:  # ADTS frame sync
        return "AAC"
    return ""


def _boxed(data: bytes) -> str:
    """Format of a file of boxes, by its brands and, of a film, by what its tracks hold."""
    end = min(max(int.from_bytes(data[:4], "big"), 16), 1024)
    brands = {data[8:12], *(data[place : place + 4] for place in range(16, end - 3, 4))}
    for name, known in BRANDS.items():
        if brands & known:
            return name
    tracks = set(re.findall(rb"hdlr.{8}(vide|soun)", _film(data), re.DOTALL))
    return "M4A" if data[8:12] in SOUND_BRANDS or tracks == {b"soun"} else "MP4"


def _film(data: bytes) -> bytes:
    """The box that says what tracks there are; b"" where it is not among the whole boxes."""
    place = 0
    while place + 8 <= len(data):
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if size == 1:
            size = int.from_bytes(data[place + 8 : place + 16], "big")
        size = size or len(data) - place
        if kind == b"moov":
            return data[place : place + size]
        if size < 8:
            break
        place += size
    return b""


def webp_size(data: bytes) -> tuple[int, int]:
    """Canvas width and height in pixels of a WebP (RFC 9649, section 2).

    Raises:
        ValueError: the file ends inside its header or has no image chunk.
    """
    kind, body = data[12:16], data[20:30]
    if len(body) == 10 and kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if len(body) == 10 and kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if len(body) == 10 and kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no image chunk in the WebP header")


def jpeg_scans(data: bytes) -> int:
    """Upper bound of the scans in a JPEG: its start-of-scan markers."""
    return data.count(b"\xff\xda")


def wav_shortage(data: bytes) -> int:
    """Bytes that the data chunk of a RIFF WAV promises beyond the end of the file.

    0 when all is there, or when the header says that the length is unknown (streamed files).

    Raises:
        ValueError: there is no data chunk.
    """
    if data[:4] != b"RIFF":
        return 0  # RIFX and RF64: libsndfile's own bounds have to do
    position = 12
    while position + 8 <= len(data):
        name = data[position : position + 4]
        (size,) = struct.unpack_from("<I", data, position + 4)
        if name == b"data":
            return 0 if size in UNKNOWN_LENGTHS else max(0, position + 8 + size - len(data))
        position += 8 + size + (size & 1)
    raise ValueError("no data chunk in the WAV file")


def check_file(data: bytes, single: str, formats: tuple[str, ...], max_bytes: int) -> str:
    """Format by signature, after the size of the file and the allow-list are checked.

    Args:
        data: the file's bytes.
        single: "photo" or "sound", for the error's field.
        formats: allowed format names.
        max_bytes: largest file.

    Raises:
        MediaError: empty, too large, or of no allowed format.
    """
    if not data:
        raise MediaError(f"{single}.bytes", 0, "send a file that is not empty")
    if len(data) > max_bytes:
        raise MediaError(f"{single}.bytes", len(data), f"send at most {max_bytes} bytes")
    found = sniff(data)
    if found not in formats:
        raise MediaError(
            f"{single}.format",
            found or data[:12],
            f"send one of {', '.join(formats)}; others are not decoded",
        )
    return found
