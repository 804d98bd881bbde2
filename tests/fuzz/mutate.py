"""Seeded mutations: of bytes, of JSON values, of forms. The same seed gives the same inputs."""

import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.fuzz.seeds import BOUNDARY, PHOTOS, bodies, built, form, seeds

__all__ = ["broken_files", "broken_forms", "broken_json"]

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def truncate(data: bytes, rng: random.Random, other: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def flip(data: bytes, rng: random.Random, other: bytes) -> bytes:
    broken = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def lie(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """Extreme numbers where the header has its own."""
    broken = bytearray(data)
    for _ in range(rng.choice((1, 2, 4))):
        form = rng.choice((">B", ">H", "<H", ">I", "<I"))
        size = struct.calcsize(form)
        if len(broken) > size:
            place = rng.randrange(min(len(broken) - size, rng.choice((32, 64, 256, len(broken)))))
            struct.pack_into(form, broken, place, rng.choice(EXTREMES) & ((1 << 8 * size) - 1))
    return bytes(broken)


def splice(data: bytes, rng: random.Random, other: bytes) -> bytes:
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def cut(data: bytes, rng: random.Random, other: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.choice((1, 2, 7, 100, 1000)) :]


def repeat(data: bytes, rng: random.Random, other: bytes) -> bytes:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.choice((1, 4, 64, 1000))]
    return data[:start] + piece * rng.choice((2, 10, 300)) + data[start:]


def insert(data: bytes, rng: random.Random, other: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + rng.randbytes(rng.choice((1, 4, 100, 5000))) + data[start:]


def noise(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """The signature and then nothing but noise."""
    return data[: rng.choice((4, 12, 40))] + rng.randbytes(rng.choice((0, 10, 1000, 20_000)))


Mutation = Callable[[bytes, random.Random, bytes], bytes]
BYTES: tuple[Mutation, ...] = (truncate, flip, flip, lie, lie, splice, cut, repeat, insert, noise)


def mutated(data: bytes, rng: random.Random, other: bytes) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(BYTES)(data, rng, other) or data[:1]
    return data


def broken_files(kind: str, number: int, seed: int = 0) -> Iterator[bytes]:
    """`number` files of a format that are none: those built by hand first, then mutations."""
    rng = random.Random(f"{kind} {seed}")
    yield from built(kind)[:number]
    others = [*seeds(kind), *seeds("PNG" if kind in PHOTOS else "WAV")]
    for _ in range(number - len(built(kind))):
        yield mutated(rng.choice(seeds(kind)), rng, rng.choice(others))


NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, -(2**63), 2**64 - 1, 1e308, -0.0, 5e-324, 0.1, "", " ",
    "\x00", "a\x00b", "\ufeff", "\u202e", "\ud7ff", "🙂" * 50, "a" * 70_000, "%s%n{0}", "../../etc/passwd",
    "';--",
    "<script>alert(1)</script>", "http://127.0.0.1:3000/livez", "file:///etc/passwd", "data:,x", "AAAA",
    "====", "data:image/png;base64,", "NaN", "1e400", "2026-13-45T99:99:99Z", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59", [], {}, [[]], [None], [[[[[[]]]]]], {"": ""}, {"a": {"b": {"c": 1}}},
    ["a"] * 100, [0] * 5_000, {str(n): n for n in range(300)}, {"__proto__": 1, "constructor": 2},
)  # fmt: skip
"""Values where another one belongs."""
RAW: tuple[bytes, ...] = (
    b"NaN", b"Infinity", b"-", b"1e999", b"-1e999", b"0x10", b"01", b'"\\ud800"', b'"\\udc00\\ud800"',
    b'"\xff"',
    b'"\xc0\x80"', b'"\xed\xa0\x80"', b"'a'", b'"\n"', b"[" * 3_000, b'{"a":' * 3_000, b"9" * 10_000, b"tru",
    b'{"a":1,"a":2}', b"\x00", b"// a\n1", b'"a', b"[1,]", b'{"a" 1}',
)  # fmt: skip
"""Bytes where a value belongs; most are no JSON."""


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*path, number))


def changed(value: Any, path: tuple, rng: random.Random) -> Any:
    """The value with something else at `path`."""
    if not path:
        return rng.choice(NASTY)
    copy = dict(value) if isinstance(value, dict) else list(value)
    action = rng.random()
    if len(path) > 1 or action < 0.6:
        copy[path[0]] = changed(value[path[0]], path[1:], rng)
    elif action < 0.75:
        del copy[path[0]]
    elif isinstance(copy, dict):
        name = rng.choice(
            ("", "k", "items", "item", "\x00", "a" * 5_000, "photo", str(path[0]).upper(), "__class__")
        )
        copy[name] = copy.pop(path[0]) if action < 0.9 else rng.choice(NASTY)
    else:
        copy *= rng.choice((2, 70))
    return copy


MARK = "@@mark@@"


def broken_json(number: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """`number` bodies and the paths they are sent to; some are still right."""
    rng = random.Random(f"json {seed}")
    cases = bodies()
    for _ in range(number):
        path, value = rng.choice(cases)
        how = rng.random()
        if how < 0.65:
            for _ in range(rng.choice((1, 1, 2, 3))):
                value = changed(value, rng.choice(list(places(value))), rng)
                if not isinstance(value, (dict, list)):
                    break
            yield path, orjson.dumps(value)
        elif how < 0.8 and isinstance(value, dict):
            inner = dict(value)
            inner[rng.choice(list(inner))] = MARK
            yield path, orjson.dumps(inner).replace(orjson.dumps(MARK), rng.choice(RAW))
        else:
            other = orjson.dumps(rng.choice(cases)[1])
            yield path, mutated(orjson.dumps(value), rng, other)


def broken_forms(number: int, seed: int = 0) -> Iterator[tuple[str, str, bytes]]:
    """`number` forms: path, content type, body."""
    rng = random.Random(f"form {seed}")
    good = (
        "photo",
        "sound",
        "title",
        "text",
        "price",
        "k",
        "attributes",
        "product_id",
        "category",
        "on_hand",
    )
    odd = ("", "a" * 3_000, "\x00", "photos", 'x"; filename="y', "updated_at", "é", "query", "title\r\n")
    files = (seeds("JPEG")[0], seeds("WAV")[0], seeds("PNG")[0])
    values = (
        b"",
        b"1",
        b"-1",
        b"1e999",
        b"nan",
        b"{",
        b'{"a": "b"}',
        b"[" * 1000,
        b"\xff\xfe",
        b"\x00",
        b"a" * 90_000,
    )
    boundaries = (BOUNDARY, "", "a" * 71, "a" * 60_000, '"quoted b"', "b\x00", "é", "-" * 70, "b; boundary=c")
    for _ in range(number):
        parts: list[tuple[str, str, bytes]] = []
        for _ in range(rng.choice((0, 1, 1, 2, 3, 60))):
            name = rng.choice(good if rng.random() < 0.8 else odd)
            media = name in {"photo", "sound"} or rng.random() < 0.1
            file = rng.choice(("a.jpg", "a.jpg", "../../etc/passwd", "a\x00b", "x" * 2_000)) if media else ""
            data = rng.choice(files if media and rng.random() < 0.8 else values)
            parts.append((name, file, data))
        boundary = rng.choice((BOUNDARY,) * 12 + boundaries)
        body = form(parts, boundary if rng.random() < 0.9 else BOUNDARY)
        if rng.random() < 0.5:
            body = mutated(body, rng, form([("photo", "b.png", seeds("PNG")[0])]))
        odd_kind = rng.choice(
            ("multipart/form-data", "multipart/form-data; boundary", "multipart/mixed; boundary=x",
             "text/plain",
             "application/json", "multipart/form-data; charset=utf-99; boundary=" + BOUNDARY)
        )  # fmt: skip
        kind = f"multipart/form-data; boundary={boundary}" if rng.random() < 0.9 else odd_kind
        path = rng.choice(("/embed", "/classify", "/search", "/similar", "/products/put", "/products/change"))
        yield path, kind, body
