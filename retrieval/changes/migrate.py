"""Taking the changes since one release over to the next.

Every log that is kept is read, so a rollback finds what later releases had already taken in. A
record is dropped where the catalogue has spoken since: the target is a later release and its row
of the product is another than the one the record was made over; where both are dated, only if
the row is as new. What stays is encoded again when the encoder is another.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from catalog.product import ProductInput
from retrieval.changes.records import Header, Record, entry_of, moment, record_of
from retrieval.changes.segment import open_log
from retrieval.changes.state import superseded
from shelfspace.durable_log import DurableLog, delete_log
from shelfspace.errors import InputError

__all__ = ["Carried", "Target", "carry_over", "log_path", "prune_logs"]

ENCODE_AT_ONCE = 32
REMEMBERED = timedelta(days=90)
"""How long a deleted product that no release holds is known to be deleted."""


@dataclass(frozen=True, eq=False)
class Target:
    """The release that the changes are taken over to.

    Attributes:
        header: release, encoder and vector length.
        number: its place in the order of releases.
        rows: product id to row.
        base: fingerprint of a row's content.
        updated: time of a row as ISO 8601 in UTC; "" where the catalogue says none.
        encode: vectors (n, dim) of n inputs; raises InputError where one cannot be encoded.
        derived: facts of n inputs that depend on the encoder; where a record is encoded again, they
            replace those it had. None where no fact does.
    """

    header: Header
    number: int
    rows: Mapping[str, int]
    base: Callable[[int], str]
    updated: Callable[[int], str]
    encode: Callable[[Sequence[ProductInput]], np.ndarray]
    derived: Callable[[Sequence[ProductInput]], Sequence[Mapping[str, Any]]] | None = None


@dataclass(frozen=True)
class Carried:
    """What became of the changes.

    Attributes:
        kept: records in the new log.
        encoded: of those, vectors that were computed again.
        held: products whose changes the release holds already, or holds something newer than.
        lost: product id to why it cannot be kept; empty in all but odd cases.
    """

    kept: int = 0
    encoded: int = 0
    held: int = 0
    lost: dict[str, str] = field(default_factory=dict)


def log_path(folder: Path, release_id: str) -> Path:
    """Where the log of a release lies."""
    return folder / f"{release_id}.log"


def prune_logs(folder: Path, keep: set[str]) -> list[str]:
    """Delete the logs of all releases but `keep`; returns their ids."""
    gone = [path for path in sorted(folder.glob("*.log")) if path.stem not in keep]
    for path in gone:
        delete_log(path)
    return [path.stem for path in gone]


def carry_over(folder: Path, target: Target) -> Carried:
    """Write the target's log from all logs in `folder`, as one atomic replacement.

    Calling it again changes nothing. Sequence numbers are kept, and later ones go on from the
    highest ever given.

    Raises:
        ArtifactError: one of the logs is damaged.
    """
    path = log_path(folder, target.header.release)
    with ExitStack() as stack:
        own = stack.enter_context(closing(open_log(path, target.header)))
        logs = [own]
        for other in sorted(folder.glob("*.log")):
            if other != path:
                logs.append(stack.enter_context(closing(DurableLog(other))))
        with own.writing():
            # As after a restart: the target's own log has the newest change of all.
            sequence = max(log.sequence for log in logs)
            if own.sequence == sequence:
                return Carried()
            return merged(own, logs, sequence, target)


def merged(own: DurableLog, logs: Sequence[DurableLog], sequence: int, target: Target) -> Carried:
    """What `carry_over` does, while nobody else writes the target's log."""
    records: dict[int, tuple[Record, str]] = {}
    for log in logs:
        encoder = log.owner["encoder"]
        for entry in log.read(files=True)[0]:
            # The same change lies in the logs of several releases; vectors of this encoder are best.
            if entry.sequence not in records or encoder == target.header.encoder:
                records[entry.sequence] = (record_of(entry, inputs=True), encoder)
    encoders = {number: encoder for number, (_, encoder) in records.items()}
    newest = superseded(record for _, (record, _) in sorted(records.items()))
    kept = [record for record in newest if counts(record, target)]
    puts = {record.product_id for record in kept if record.kind == "put"}
    # A change of a product that has no put left is over the release's own row. That a product is gone is
    # remembered, so that an older put which comes late does not bring it back.
    since = datetime.now(UTC) - REMEMBERED
    kept = [
        r for r in kept
        if r.kind == "put" or r.product_id in target.rows or r.product_id in puts
        or (r.kind == "delete" and moment(r.time) > since)
    ]  # fmt: skip
    ready, encoded, lost = reencoded(kept, encoders, target)
    held = {r.product_id for r in newest} - {r.product_id for r in ready} - set(lost)
    own.replace(map(entry_of, ready), sequence)
    return Carried(len(ready), encoded, len(held), lost)


def counts(record: Record, target: Target) -> bool:
    """Whether a record says something newer than the target release."""
    row = target.rows.get(record.product_id)
    if row is None or target.number <= record.release or target.base(row) == record.base:
        return True
    there = target.updated(row)
    return bool(there and record.time) and moment(record.time) > moment(there)


def reencoded(
    records: list[Record], encoders: Mapping[int, str], target: Target
) -> tuple[list[Record], int, dict[str, str]]:
    """Records with vectors of the target's encoder and places in its rows; how many; what is lost."""
    ready: dict[int, Record] = {}
    waiting: list[Record] = []
    lost: dict[str, str] = {}
    for record in records:
        placed = 0 if record.product_id in target.rows else record.placed or record.sequence
        there = replace(record, placed=placed if record.kind == "put" else 0)
        if record.kind != "put" or encoders[record.sequence] == target.header.encoder:
            ready[record.sequence] = there
        elif record.inputs is None:
            lost[record.product_id] = "its vector was given, not encoded here, and is of another encoder"
        else:
            waiting.append(there)
    for start in range(0, len(waiting), ENCODE_AT_ONCE):
        for record, vector in encode(waiting[start : start + ENCODE_AT_ONCE], target):
            if isinstance(vector, InputError):
                lost[record.product_id] = str(vector)
            else:
                ready[record.sequence] = replace(record, vector=vector)
    done = [ready[number] for number in sorted(ready) if ready[number].product_id not in lost]
    return done, sum(record.product_id not in lost for record in waiting), lost


def encode(records: list[Record], target: Target) -> list[tuple[Record, np.ndarray | InputError]]:
    """Vectors of records together; one by one where one of them cannot be encoded."""
    inputs = [record.inputs for record in records if record.inputs is not None]
    try:
        vectors = target.encode(inputs)
        if target.derived is not None:
            pairs = zip(records, target.derived(inputs), strict=True)
            records = [replace(record, facts={**record.facts, **facts}) for record, facts in pairs]
        return list(zip(records, vectors, strict=True))
    except InputError as error:
        if len(records) == 1:
            return [(records[0], error)]
        return [pair for record in records for pair in encode([record], target)]
