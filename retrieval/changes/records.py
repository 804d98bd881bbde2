"""One change of the catalogue between two releases, and how a log keeps it."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np

from catalog.product import ProductInput
from shelfspace.durable_log import LogEntry

__all__ = ["AHEAD", "LONG_AGO", "Header", "Record", "entry_of", "moment", "record_of"]

AHEAD = timedelta(days=1)
"""How far ahead of this machine's clock a time may be: what is later than all to come would block it."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""Before all that anybody says a time of."""


def moment(time: str) -> datetime:
    """An ISO 8601 time with its zone, to compare; "" is before all others."""
    return datetime.fromisoformat(time) if time else LONG_AGO


@dataclass(frozen=True)
class Header:
    """Whose log it is.

    Attributes:
        release: id of the release the changes lie over.
        encoder: fingerprint of the encoder the vectors come from; "" where they were given.
        dim: length of the vectors.
    """

    release: str
    encoder: str
    dim: int


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
        arrival: whether the time is that of its arrival: then it is later than all that came before.
        release: number of the release it was made on.
        base: fingerprint of the product's row in that release; "" where it had none.
        facts: what is shown and filtered by, JSON-able.
        later: of a put, those of its facts that were said later than the rest, to their times.
        vector: (dim,) float32 of length 1, of a put.
        inputs: what the vector was encoded from; None where the vector itself was given.
    """

    kind: Literal["put", "change", "delete"]
    product_id: str
    sequence: int = 0
    placed: int = 0
    time: str = ""
    arrival: bool = False
    release: int = 0
    base: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    vector: np.ndarray | None = None
    inputs: ProductInput | None = None


PLAIN = ("kind", "product_id", "placed", "time", "release", "base", "facts", "later")


def entry_of(record: Record) -> LogEntry:
    """The record as a log keeps it."""
    said: dict[str, Any] = {name: getattr(record, name) for name in PLAIN}
    files: tuple[bytes, ...] = ()
    if record.inputs is not None:
        files = (*record.inputs.photos, *record.inputs.sounds)
        said["inputs"] = {**asdict(record.inputs), "photos": len(record.inputs.photos)}
        del said["inputs"]["sounds"]
    return LogEntry(said, record.vector, files, record.sequence)


def record_of(entry: LogEntry, inputs: bool = False) -> Record:
    """The record that an entry keeps.

    Args:
        inputs: whether to take the inputs too; the entry was read with its files.
    """
    said = dict(entry.record)
    given = said.pop("inputs", None)
    item = None
    if inputs and given is not None:
        photos = given["photos"]
        item = ProductInput(**{**given, "photos": entry.files[:photos], "sounds": entry.files[photos:]})
    return Record(**said, sequence=entry.sequence, vector=entry.vector, inputs=item)
