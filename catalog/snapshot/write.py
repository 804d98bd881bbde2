"""The snapshot: a source as it came, in append-only shards that a later run only adds to.

Nothing in it says "now": the same input gives the same bytes, unchanged input writes nothing, and
a run that was killed is repeated with the same result, since only the manifest makes shards count.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from catalog.cells import Reading
from catalog.contract import TABLES
from catalog.erasure.tombstones import NOTHING_ERASED, Tombstones
from catalog.media.video_cells import COLUMN, with_videos
from catalog.snapshot.coming_media import ComingMedia
from catalog.snapshot.compare import difference_of, products_at
from catalog.snapshot.guards import Guards
from catalog.snapshot.intake import Outcome, take_in
from catalog.snapshot.media_files import MediaFiles, media_delivery, media_keys
from catalog.snapshot.media_guard import NO_MEDIA, MediaVerdict, judge_media
from catalog.snapshot.media_index import read_index
from catalog.snapshot.media_index import withdrawn as without_media
from catalog.snapshot.media_store import MediaStore, add_media
from catalog.snapshot.operations import difference, keyed, no_operations, source_rows
from catalog.snapshot.orders import hashed_orders, with_keyed_orders
from catalog.snapshot.present import present
from catalog.snapshot.shards import append, operations_of, read_manifest, remove_strays
from catalog.snapshot.user_key import pseudonym
from catalog.snapshot.withdrawals import Withdrawals, withdraw
from catalog.sources.base import CatalogSource
from catalog.sources.delivery import Delivery
from shelfspace.files import write_sealed_json
from shelfspace.hashing import file_hash, fingerprint
from shelfspace.settings import Media, Settings

__all__ = ["Look", "SnapshotReport", "Verdicts", "write_snapshot"]

Look = Callable[[str, pd.DataFrame, pd.DataFrame, ComingMedia], str]
"""An objection (`catalog.snapshot.guards`) that may read photos and sounds as they would be."""


@dataclass(frozen=True)
class Verdicts:
    """What is to be let in, found before anything is written.

    Attributes:
        source: hash of what the source holds now.
        source_held: why the source's change is not taken; "" where it is, or nothing changed.
        outcomes: what becomes of each delivery, by its key.
        media: what becomes of photos and sounds that replace others.
    """

    source: str = ""
    source_held: str = ""
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    media: MediaVerdict = NO_MEDIA


@dataclass(frozen=True)
class SnapshotReport(Verdicts):
    """What one run changed.

    Attributes:
        rows: raw product rows that are there now.
        added, changed, removed: product ids.
        media_added, media_bytes: files stored, and their size.
        missing_media: media keys that rows name and no file answers to.
        unchanged: nothing was written.
        media_taken: delivered media that rows name, key to the hash of the bytes.
    """

    rows: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    media_added: int = 0
    media_bytes: int = 0
    missing_media: int = 0
    unchanged: bool = False
    media_taken: Mapping[str, str] = field(default_factory=dict)


def write_snapshot(
    source: CatalogSource,
    directory: Path,
    settings: Settings,
    deliveries: Sequence[Delivery] = (),
    media: Mapping[str, Path] | None = None,
    *,
    approved_source: tuple[str, int] = ("", 0),
    approved_media: str = "",
    arrived: int = 0,
    held: bool = False,
    withdrawn: Withdrawals = Withdrawals(),  # noqa: B008 - frozen
    user_key: bytes = b"",
    stones: Tombstones = NOTHING_ERASED,
    progress: bool = True,
    note: Callable[[Verdicts], None] = lambda _: None,
    look: Look = lambda name, before, after, media: "",
) -> SnapshotReport:
    """Bring a snapshot up to date with its source and its deliveries.

    A change of the source, or a delivery, that the guards object to is held: nothing of it is
    written, and the others go on.

    Args:
        source: the catalogue.
        directory: the snapshot folder; made when absent.
        deliveries: in the order they came; one whose key the snapshot has is in already.
        media: media key to delivered file; those that a row names are stored, whoever brought the row.
        approved_source: hash of the source's state (`SnapshotReport.source`) that is let through, and
            the arrival number under which it was held.
        approved_media: digest of replaced media (`Verdicts.media`) that are let through.
        arrived: arrival number of the last delivery that came before this run.
        held: something of earlier runs waits for a person; what comes after it is kept in full.
        withdrawn: what is in already and held since.
        user_key: secret of the keyed hashes that replace ids of shoppers and orders; at most 64 bytes.
        stones: of what was erased; such rows are passed over, and nothing but their number is said.
        note: called with what was found, before anything is written: a kill must not lose it.
        look: says of the content of the source's change or of a delivery why it is to be held.
        progress: say how far it is (`shelfspace.progress`).

    Raises:
        CatalogError: a table or path of the source is not usable. Nothing is written then.
    """
    manifest = withdraw(with_keyed_orders(directory, read_manifest(directory), user_key), withdrawn)
    remove_strays(directory, manifest)
    operations = {name: operations_of(directory, manifest, name) for name in TABLES}
    reading = source.reading("products")
    before = present(operations["products"], "products", reading).rows
    versions = without_media(read_index(directory / "media"), withdrawn.media, withdrawn.media_restored)
    coming = ComingMedia(MediaStore.open(directory, versions), source, media or {}, settings.media)
    objection = partial(_seen, look, coming)
    guards = Guards(before, reading, settings.collection, objection)
    changes = {name: no_operations(name) for name in TABLES}
    read_from, source_held = _version(source, user_key), ""
    if manifest["source"] != read_from:
        approved, arrival = approved_source
        seen = arrival if approved == read_from else arrived
        found = _source_changes(source, operations, seen, user_key, stones, settings.media)
        if approved != read_from:
            own, withheld = operations["products"], withdrawn.holds(read_from)
            source_held = withheld or _objected(guards, own, found["products"], before, reading)
        held |= bool(source_held)
        if not source_held:
            changes, manifest["source"] = found, read_from
    taken = set(manifest["deliveries"])
    outcomes = {}
    for delivery in deliveries:
        if delivery.key in taken:
            outcomes[delivery.key] = Outcome()
            continue
        name = delivery.kind
        hashed, gone = _without_erased(_with_hashes(delivery, user_key), stones)
        known = _joined(operations[name], changes[name])
        fresh, outcome = take_in(
            known, hashed, guards, source.reading(name), settings.validation.max_bad_share, in_full=held
        )
        outcomes[delivery.key] = replace(outcome, erased=gone)
        held |= bool(outcome.held)
        if len(fresh):
            changes[name] = _joined(changes[name], fresh)
            manifest["deliveries"] = [*manifest["deliveries"], delivery.key]
    rows = present(_joined(operations["products"], changes["products"]), "products", reading).rows
    named = media_keys(rows, source)
    fresh_media = coming.fresh(named, progress)
    judged = judge_media(rows, fresh_media, coming, source.photo_separator, objection, approved_media)
    note(Verdicts(read_from, source_held, outcomes, judged))
    files = MediaFiles(source, judged.let_in(fresh_media), media or {}, settings.media)
    added = add_media(
        directory,
        files.read(False),
        settings.collection.media_shard_megabytes * 1_000_000,
        versions=versions,
        brought=lambda: media_delivery(files.taken),
        held=withdrawn.media,
    )
    for name in TABLES:
        append(directory, manifest, name, changes[name], settings.collection.shard_rows)
    manifest |= _of_all(directory, manifest, reading)
    told = difference_of(_stood(directory, manifest, before, reading), rows)
    if not (unchanged := manifest == read_manifest(directory)):
        write_sealed_json(directory / "manifest.json", manifest)
    return SnapshotReport(
        rows=len(rows),
        **told,
        media_added=added.files,
        media_bytes=added.bytes,
        missing_media=len(set(named) - set(MediaStore.open(directory).keys())),
        unchanged=unchanged,
        source=read_from,
        source_held=source_held,
        outcomes=outcomes,
        media=judged,
        media_taken=files.taken,
    )


def _of_all(directory: Path, manifest: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """What a manifest says beside the shards."""
    index = directory / "media" / "index.parquet"
    dates = reading.of("updated_at").dates
    said = {"dates": dates} if dates or "dates" in manifest else {}
    return {**said, "media": file_hash(index) if index.exists() else "", "written": True}


def _objected(
    guards: Guards, own: pd.DataFrame, found: pd.DataFrame, before: pd.DataFrame, reading: Reading
) -> str:
    """Why the source's change of its products has to be approved; "" where it is let through."""
    after = present(_joined(own, found), "products", reading).rows
    held = guards.objection("source", before, after, source=True)
    if not held:
        guards.let_through(before, after)
    return held


def _version(source: CatalogSource, user_key: bytes) -> str:
    return fingerprint([source.fingerprint(), hashlib.blake2b(key=user_key).hexdigest()])


def _seen(look: Look, media: ComingMedia, name: str, before: pd.DataFrame, after: pd.DataFrame) -> str:
    return look(name, before, after, media)


def _without_erased(delivery: Delivery, stones: Tombstones) -> tuple[Delivery, int]:
    """A delivery without rows of what was erased, and how many they are."""
    gone = stones.rows(delivery.rows)
    return delivery.with_rows(stones.renamed(delivery.rows[~gone])), int(gone.sum())


def _stood(
    directory: Path, manifest: Mapping[str, Any], before: pd.DataFrame, reading: Reading
) -> pd.DataFrame:
    """Product rows of the snapshot on disk, with what this run withdraws; `before` is without it."""
    last = read_manifest(directory)
    if all(last.get(name) == manifest.get(name) for name in ("withdrawn", "source_cuts")):
        return before
    return products_at(directory, last, reading)


def _joined(before: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    parts = [part for part in (before, fresh) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else before


def _source_changes(
    source: CatalogSource,
    operations: Mapping[str, pd.DataFrame],
    arrival: int,
    user_key: bytes,
    stones: Tombstones,
    limits: Media,
) -> dict[str, pd.DataFrame]:
    """Operations that bring each table to what the source has now."""
    changes = {}
    for name, read in (("products", source.products), ("events", source.events), ("stock", source.stock)):
        table = read()
        if name == "events":
            table = _hashed(table, user_key)
        if COLUMN in table:
            table = with_videos(table, source.photo_separator, source.media_root, limits)
        rows = keyed(table, name)
        rows = stones.renamed(rows[~stones.rows(rows)])
        changes[name] = difference(source_rows(operations[name]), rows, name, arrival)
    return changes


def _with_hashes(delivery: Delivery, key: bytes) -> Delivery:
    return delivery.with_rows(_hashed(delivery.rows, key)) if delivery.kind == "events" else delivery


def _hashed(events: pd.DataFrame, key: bytes) -> pd.DataFrame:
    """Events with keyed hashes for ids of shoppers and orders. Each distinct id is hashed once."""
    users = events["user_id"]
    events = events.assign(
        user_id=users.map({user: pseudonym(user, key) for user in users.unique()}).astype(object)
    )
    if "order_id" not in events:
        return events
    return events.assign(order_id=hashed_orders(events["order_id"], key))
