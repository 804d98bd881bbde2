"""Erased products taken out of what the service keeps: changes since a release, their media, query texts."""

from collections.abc import Set as AbstractSet
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from assets.lib.erasure.search import Needles
from catalog.erasure.tombstones import Tombstones
from releases.pointer import current_id
from releases.release import Release, list_releases
from retrieval.changes.migrate import log_path
from retrieval.changes.records import Header, Record
from retrieval.changes.segment import DeltaSegment
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.workspace import REQUEST_LOG, Workspace

__all__ = ["erase_changes", "erase_requests", "hide"]

MEDIA = "media"


def hide(workspace: Workspace, products: AbstractSet[str]) -> int:
    """Take products out of what the running service answers, at once; how many were there.

    It is told as of any deleted product, by the log of changes: what that says goes when the next release is
    live. Without a log no service answers with this release.
    """
    current = current_id(workspace.root)
    path = log_path(workspace.root / "delta", current or "")
    if current is None or not path.exists():
        return 0
    with closing(DurableLog(path)) as log:
        header = Header(**log.owner)
    ids = Release.load(workspace.releases / current, verify=False).product_ids
    rows = {product: row for row, product in enumerate(ids)}
    at, number = datetime.now(UTC).isoformat(), int(current.split("-")[0])
    said = [Record("delete", one, time=at, arrival=True, release=number) for one in sorted(products)]
    with closing(DeltaSegment(path, header, rows)) as segment:
        return len(segment.write(said).records)


def erase_changes(workspace: Workspace, stones: Tombstones, *, but_deletions: bool) -> int:
    """Take changes of erased products out of all logs, and files that they alone name; how many.

    Args:
        but_deletions: leave what says that they are gone, for as long as a release that holds them answers.

    Raises:
        ArtifactError: a log is damaged.
    """
    named: set[str] = set()
    kept_names: set[str] = set()
    taken = 0
    for path in sorted((workspace.root / "delta").glob("*.log")):
        with closing(DurableLog(path)) as log:
            entries, _ = log.read()
            ids = pd.Series([str(entry.record["product_id"]) for entry in entries], dtype=object)
            gone = stones.erased_products(ids)
            for entry, out in zip(entries, gone, strict=True):
                (named if out else kept_names).update(media_of(entry))
            chosen = [
                entry.sequence
                for entry, out in zip(entries, gone, strict=True)
                if out and not (but_deletions and entry.record["kind"] == "delete")
            ]
            taken += len(chosen)
            erase(log, chosen)
    for key in named - kept_names:
        file = workspace.root / "delta" / MEDIA / Path(key).name
        taken += file.exists()
        file.unlink(missing_ok=True)
    return taken


def media_of(entry: LogEntry) -> set[str]:
    """Keys of the files that a change names."""
    facts = entry.record.get("facts", {})
    return {str(key) for name in ("photos", "sounds") for key in facts.get(name, ())}


def erase_requests(workspace: Workspace, stones: Tombstones, needles: Needles) -> int:
    """Take requests out of the request log whose texts are kept and say what is erased, or that asked for
    what is like it, which keeps its vector; how many."""
    path = workspace.live / REQUEST_LOG
    if not path.exists():
        return 0
    with closing(DurableLog(path)) as log:
        entries, _ = log.read(damaged=lambda _: None)
        vectors = vectors_of(workspace, stones)
        chosen = [
            e.sequence
            for e in entries
            if needles.within(str(e.record.get("text", "")).encode())
            or (e.vector is not None and e.vector.tobytes() in vectors)
        ]
        erase(log, chosen)
    return len(chosen)


def vectors_of(workspace: Workspace, stones: Tombstones) -> set[bytes]:
    """Vectors of erased products, as releases and changes since have them: 4 bytes a number."""
    found: set[bytes] = set()
    for folder in list_releases(workspace.releases):
        release = Release.load(folder, verify=False)
        gone = stones.erased_products(pd.Series(release.product_ids, dtype=object))
        vectors = np.asarray(release.embeddings)
        found |= {row.astype("<f4").tobytes() for row in vectors[gone]}
    for path in sorted((workspace.root / "delta").glob("*.log")):
        with closing(DurableLog(path)) as log:
            entries, _ = log.read()
        ids = pd.Series([str(entry.record["product_id"]) for entry in entries], dtype=object)
        gone = stones.erased_products(ids)
        found |= {
            e.vector.tobytes() for e, out in zip(entries, gone, strict=True) if out and e.vector is not None
        }
    return found


def erase(log: DurableLog, sequences: list[int]) -> None:
    if sequences:
        with log.writing():
            log.delete(sequences)
    log.compact()
