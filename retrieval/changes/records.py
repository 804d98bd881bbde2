"""One change of the catalogue between two releases, as bytes of a delta log.

A record is `mark | length u32 | checksum u64 | payload`, little-endian; the payload is
`JSON length u32 | JSON | vector float32 | photos and sounds`. The checksum (xxh3) is seeded with
the log's own random number, so bytes of another log, or a record hidden in a photo, are never
taken for one of this log.
"""

import struct
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import orjson
import xxhash

from catalog.product import ProductInput

__all__ = ["FRAME", "MARK", "Record", "pack", "unpack"]

MARK = b"\xd5REC"
FRAME = struct.Struct("<4sIQ")


@dataclass(frozen=True, eq=False)
class Record:
    """One change of one product.

    Attributes:
        kind: `put` adds or replaces a product, `change` replaces some of its facts (price, stock),
            `delete` takes it out.
        sequence: number of the change; 0 until the log has given it one.
        placed: 0 for a product that keeps its row of the release, else the sequence of the put
            that added it; decides ties.
        time: when it was true, ISO 8601 in UTC; "" where nobody said.
        release: number of the release it was made on.
        base: fingerprint of the product's row in that release; "" where it had none.
        facts: what is shown and filtered by, JSON-able.
        vector: (dim,) float32 of length 1, of a put.
        inputs: what the vector was encoded from; None where the vector itself was given.
        left: records of the same write that follow; a write counts when its last record is there.
    """

    kind: Literal["put", "change", "delete"]
    product_id: str
    sequence: int = 0
    placed: int = 0
    time: str = ""
    release: int = 0
    base: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    vector: np.ndarray | None = None
    inputs: ProductInput | None = None
    left: int = 0


def pack(record: Record, nonce: int) -> bytes:
    """The record with its frame."""
    head: dict[str, Any] = {
        "kind": record.kind,
        "id": record.product_id,
        "sequence": record.sequence,
        "placed": record.placed,
        "time": record.time,
        "release": record.release,
        "base": record.base,
        "facts": record.facts,
        "left": record.left,
        "vector": 0 if record.vector is None else len(record.vector),
    }
    blobs: list[bytes] = []
    if record.inputs is not None:
        texts = asdict(record.inputs)
        for name in ("photos", "sounds"):
            files: tuple[bytes, ...] = texts.pop(name)
            head[name] = [len(file) for file in files]
            blobs += files
        head["inputs"] = texts
    text = orjson.dumps(head)
    numbers = b"" if record.vector is None else np.asarray(record.vector, "<f4").tobytes()
    payload = b"".join((struct.pack("<I", len(text)), text, numbers, *blobs))
    checksum = xxhash.xxh3_64_intdigest(payload, seed=nonce)
    return FRAME.pack(MARK, len(payload), checksum) + payload


def unpack(data: memoryview, start: int, nonce: int, media: bool = False) -> tuple[Record, int] | None:
    """The record that begins at `start` and where it ends; None where no whole record begins there.

    Args:
        data: the log's bytes.
        nonce: the log's random number.
        media: whether to read the inputs too, with their photos and sounds.
    """
    begin = start + FRAME.size
    if len(data) < begin:
        return None
    mark, length, checksum = FRAME.unpack_from(data, start)
    end = begin + length
    if mark != MARK or end > len(data):
        return None
    payload = data[begin:end]
    if xxhash.xxh3_64_intdigest(payload, seed=nonce) != checksum:
        return None
    (size,) = struct.unpack_from("<I", payload)
    head = orjson.loads(payload[4 : 4 + size])
    place = 4 + size
    vector = None
    if head["vector"]:
        vector = np.frombuffer(payload, "<f4", head["vector"], place).astype(np.float32)
        place += 4 * head["vector"]
    inputs = None
    if media and "inputs" in head:
        files: dict[str, tuple[bytes, ...]] = {}
        for name in ("photos", "sounds"):
            parts = []
            for size in head[name]:
                parts.append(bytes(payload[place : place + size]))
                place += size
            files[name] = tuple(parts)
        inputs = ProductInput(**head["inputs"], photos=files["photos"], sounds=files["sounds"])
    record = Record(
        head["kind"], head["id"], head["sequence"], head["placed"], head["time"], head["release"],
        head["base"], head["facts"], vector, inputs, head["left"],
    )  # fmt: skip
    return record, end
