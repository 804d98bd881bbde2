"""Valid files and requests to mutate, and files that are hostile by construction."""

import base64
import io
import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
import orjson
import soundfile
from PIL import Image

__all__ = ["BOUNDARY", "PHOTOS", "SOUNDS", "bodies", "built", "form", "seeds"]

PHOTOS = ("JPEG", "PNG", "WEBP")
SOUNDS = ("WAV", "FLAC", "OGG", "MP3")
BOUNDARY = "form-boundary-7d1"


def picture(mode: str = "RGB") -> Image.Image:
    """48 by 40 pixels of a gradient with noise."""
    rng = np.random.default_rng(3)
    base = np.add.outer(np.arange(40), np.arange(48))[..., None] * np.array([1, 2, 3])
    pixels = ((base + rng.integers(0, 40, (40, 48, 3))) % 256).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def recorded(form: str, subtype: str | None = None, rate: int = 16_000, channels: int = 1) -> bytes:
    """A third of a second of a tone."""
    tone = 0.4 * np.sin(np.arange(rate // 3) * 440 * 2 * np.pi / rate)
    stream = io.BytesIO()
    soundfile.write(stream, np.tile(tone[:, None], (1, channels)), rate, format=form, subtype=subtype)
    return stream.getvalue()


@cache
def seeds(kind: str) -> tuple[bytes, ...]:
    """Valid files of a format."""
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [picture(), picture().rotate(90, expand=False)]
    return {
        "JPEG": lambda: (
            encoded(picture(), "JPEG"),
            encoded(picture(), "JPEG", progressive=True, exif=exif, comment=b"note"),
            encoded(picture("CMYK"), "JPEG"),
            encoded(picture("L"), "JPEG", restart_marker_rows=1),
        ),
        "PNG": lambda: (
            encoded(picture(), "PNG"),
            encoded(picture("RGBA"), "PNG", exif=exif),
            encoded(picture("P"), "PNG", transparency=3),
            encoded(Image.fromarray(np.arange(1920, dtype=np.uint16).reshape(40, 48)), "PNG"),
            encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50),
        ),
        "WEBP": lambda: (
            encoded(picture(), "WEBP"),
            encoded(picture("RGBA"), "WEBP", lossless=True, exif=exif),
            encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50),
        ),
        "WAV": lambda: (
            recorded("WAV"),
            recorded("WAV", "FLOAT", 44_100, 2),
            recorded("WAV", "PCM_U8", 8_000),
            recorded("WAV", "IMA_ADPCM"),
            recorded("WAV", "ULAW"),
        ),
        "FLAC": lambda: (recorded("FLAC"), recorded("FLAC", "PCM_24", 48_000, 2)),
        "OGG": lambda: (
            recorded("OGG"),
            recorded("OGG", "OPUS", 48_000, 2),
            recorded("OGG", "VORBIS", 44_100, 2),
        ),
        "MP3": lambda: (recorded("MP3"), recorded("MP3", rate=44_100, channels=2)),
    }[kind]()


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk with the right checksum: a lie that is not found out by it."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, depth: int, colour: int, rows: int, *more: bytes) -> bytes:
    """A PNG of zeros with its header's claim and `rows` rows really there."""
    bits = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1) * depth
    packed = zlib.compressobj(1)
    line = b"\0" * (1 + min(width * bits // 8 + 1, 100_000))
    data = b"".join(packed.compress(line) for _ in range(rows)) + packed.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(more)
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(seeds("JPEG")[0])
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    """34 bytes of lossless WebP in one colour, which no pixel takes a bit of: any size is a true one."""
    data = bytearray(encoded(Image.new("RGB", (16, 16)), "WEBP", lossless=True, quality=0, method=0))
    bits = int.from_bytes(data[21:25], "little") >> 28 << 28 | (height - 1) << 14 | (width - 1)
    data[21:25] = bits.to_bytes(4, "little")
    return bytes(data)


def wav(rate: int, channels: int, bits: int, claim: int, data: bytes, kind: int = 1) -> bytes:
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    body = b"fmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", claim) + data
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def flac_claiming(rate: int, channels: int, frames: int) -> bytes:
    """A FLAC whose STREAMINFO lies (RFC 9639, section 8.2)."""
    data = bytearray(seeds("FLAC")[0])
    data[18:26] = struct.pack(">Q", rate << 44 | (channels - 1) << 41 | 15 << 36 | frames)
    return bytes(data)


@cache
def built(kind: str) -> tuple[bytes, ...]:
    """Files that are hostile by construction: bombs, lies, polyglots."""
    others = [seeds(other)[0] for other in (*PHOTOS, *SOUNDS) if other != kind]
    polyglots = [seeds(kind)[0] + other for other in others] + [
        seeds(kind)[0][:12] + other for other in others
    ]
    polyglots += [
        seeds(kind)[0] + b"<script>alert(1)</script>",
        b"<script>" + seeds(kind)[0],
        b"GIF89a" + seeds(kind)[0],
    ]
    own: dict[str, Callable[[], list[bytes]]] = {
        "PNG": lambda: [
            png(30_000, 30_000, 8, 2, 1),
            png(2**31 - 1, 2**31 - 1, 8, 6, 1),
            png(0, 5, 8, 2, 1),
            png(100, 0, 8, 2, 1),
            png(24_000_000, 1, 8, 0, 1),
            png(1, 23_000_000, 1, 0, 10),
            png(6_000, 6_000, 16, 0, 60),
            png(9_999, 9_999, 8, 6, 200),
            png(4_000, 4_000, 8, 6, 4_000),
            png(50, 50, 7, 9, 50),
            png(50, 50, 8, 2, 50, chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 50_000_000))),
            png(50, 50, 8, 2, 50, chunk(b"iCCP", b"a\0\0" + zlib.compress(b"\0" * 50_000_000))),
            png(50, 50, 8, 2, 50, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
            png(50, 50, 8, 2, 50, *[chunk(b"tEXt", b"k%d\0v" % n) for n in range(5_000)]),
        ],
        "JPEG": lambda: [
            jpeg_claiming(65_500, 65_500),
            jpeg_claiming(65_500, 1_500),
            jpeg_claiming(9_000, 9_000),
            jpeg_claiming(0, 0),
            jpeg_claiming(1, 65_500),
            many_scans(2_000, 190),
            many_scans(64, 5_000),
            seeds("JPEG")[0][:-2] + b"\xff\xda" * 10_000,
            b"\xff\xd8" + b"\xff" * 500_000,
            b"\xff\xd8\xff\xe1\xff\xff" + b"Exif\0\0" + b"\xff" * 70_000,
        ],
        "WEBP": lambda: [
            webp_claiming(10_000, 9_999),
            webp_claiming(16_383, 16_383),
            webp_claiming(4_000, 4_000),
            b"RIFF\xff\xff\xff\xffWEBPVP8X\x0a\0\0\0\x10\0\0\0\xff\xff\xff\xff\xff\xff",
            b"RIFF\x10\0\0\0WEBPVP8 ",
        ],
        "WAV": lambda: [
            wav(16_000, 1, 16, 2**31 - 2, b"\1\2" * 4_000),
            wav(16_000, 1, 16, 0xFFFFFFFF, b"\1\2" * 4_000),
            wav(0, 1, 16, 8_000, b"\1\2" * 4_000),
            wav(2**32 - 1, 1, 16, 8_000, b"\1\2" * 4_000),
            wav(384_000, 8, 8, 1_600_000, b"\1\2" * 800_000),
            wav(16_000, 65_535, 8, 8_000, b"\1\2" * 4_000),
            wav(16_000, 0, 16, 8_000, b"\1\2" * 4_000),
            wav(16_000, 1, 0, 8_000, b"\1\2" * 4_000),
            wav(16_000, 1, 16, 8_000, b"\1\2" * 4_000, kind=0xFFFE),
            wav(16_000, 1, 32, 8_000, struct.pack("<f", float("nan")) * 2_000, kind=3),
            wav(16_000, 1, 32, 8_000, struct.pack("<f", 3e38) * 2_000, kind=3),
            wav(2_000, 1, 8, 1_000_000, b"\1\xfe" * 500_000),
            wav(16_000, 1, 16, 0, b""),
        ],
        "FLAC": lambda: [
            flac_claiming(16_000, 1, 2**36 - 1),
            flac_claiming(655_350, 8, 5_000),
            flac_claiming(0, 1, 5_000),
            flac_claiming(1, 8, 5_000),
            flac_claiming(384_000, 8, 0),
            b"fLaC" + b"\x7f\xff\xff\xff" + b"\0" * 1_000,
            silent_flac(192_000, 8, 18),
            silent_flac(48_000, 4, 119),
        ],
        "OGG": lambda: [
            b"OggS" * 10_000,
            seeds("OGG")[0].replace(b"\x80\x3e\x00\x00", b"\xff\xff\xff\x7f", 1),
            seeds("OGG")[0].replace(b"\x01vorbis\0\0\0\0\x01", b"\x01vorbis\0\0\0\0\xff", 1),
        ],
        "MP3": lambda: [
            b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + seeds("MP3")[0],
            b"ID3\x04\0\0\0\0\0\0" * 5_000 + seeds("MP3")[0],
            b"\xff\xfb\x90\x00" * 50_000,
            (b"\xff\xfb\xe0\x00" + b"\0" * 1_040) * 10_000,
        ],
    }
    return (*own[kind](), *polyglots)


def many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = encoded(Image.new("RGB", (side, side)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (scans - data.count(b"\xff\xda")) + data[-2:]


def silent_flac(rate: int, channels: int, seconds: int) -> bytes:
    """Small as a file, large as samples."""
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", rate, channels, format="FLAC") as file:
        block = np.zeros((rate, channels), dtype=np.int16)
        block[0] = 3_000
        for _ in range(seconds):
            file.write(block)
    return stream.getvalue()


def text64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@cache
def bodies() -> tuple[tuple[str, dict], ...]:
    """Valid JSON bodies, by path."""
    item = {"product_id": "F1", "title": "Blue shoe", "description": "<b>light</b>", "brand": "b",
            "attributes": {"colour": "blue", "size": 42, "new": True}, "price": 9.5}  # fmt: skip
    rich = {**item, "photos": [text64(seeds("JPEG")[0])], "sounds": [text64(seeds("WAV")[0])]}
    put = {**item, "category": "Shoes", "currency": "EUR", "on_hand": 3, "updated_at": "2026-01-01T00:00:00Z"}
    return (
        ("/embed", {"item": rich}),
        ("/embed", {"items": [item, {"title": "a"}]}),
        ("/classify", {"item": item}),
        ("/classify", {"items": [item, rich]}),
        ("/search", {"query": {"text": "蓝色 shoe"}, "k": 3}),
        ("/search", {"query": {"photo": text64(seeds("PNG")[0]), "sound": text64(seeds("OGG")[0])}, "k": 3}),
        ("/search", {"queries": [{"text": "a"}, {"text": "b"}], "k": 2}),
        ("/similar", {"product_id": "P001", "k": 3}),
        ("/similar", {"product_ids": ["P001", "P002"], "k": 3}),
        ("/products/put", {"item": put}),
        ("/products/put", {"items": [put, {"product_id": "F2", "title": "b"}]}),
        ("/products/change", {"change": {"product_id": "P003", "price": 3, "on_hand": 0}}),
        ("/products/change", {"changes": [{"product_id": "P003", "price": 3}]}),
        ("/products/delete", {"product_id": "F1"}),
        ("/products/delete", {"product_ids": ["F1"]}),
        ("/session", {"key": "anything"}),
    )


def form(parts: list[tuple[str, str, bytes]], boundary: str = BOUNDARY) -> bytes:
    """A multipart body of (name, filename or "", bytes)."""
    lines = []
    for name, file, data in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
        lines.append(f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + data + b"\r\n")
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def dumped(value: object) -> bytes:
    return orjson.dumps(value)
