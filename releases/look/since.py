"""What came since the champion learned, taken together (`releases.look.together`), from the snapshot's rows.

What is certain only together is found after the last of it was taken: it is held then by the ledger, and the
collection is done again without it before anything else reads the snapshot.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from catalog.cells import media_cell, stripped
from catalog.deliveries.ledger import Ledger, State, read_ledger
from catalog.deliveries.withdraw import MEDIA, SOURCE, TAKEN, changes_since, hold_source, hold_taken
from catalog.snapshot.media_index import Versions, read_index, withdrawn
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.operations import WITHDRAWN
from catalog.snapshot.present import present
from catalog.snapshot.shards import operations_of, read_manifest
from releases.champion import champion
from releases.look.delivery import READ, DeliveryLook, said
from releases.look.judge import changed_rows
from releases.look.looked import LEAST, Looked
from releases.look.together import LARGE, Came, together
from shelfspace.errors import ArtifactError
from shelfspace.hashing import lowest_hashes

__all__ = ["hold_together"]

READ_SET = frozenset(READ)
TOGETHER = "what came since the champion learned"
MOST = 400
"""Products that are looked at together, the newest."""


def hold_together(look: DeliveryLook) -> list[str]:
    """Hold the deliveries since the champion learned that are certainly wrong together.

    Args:
        look: of this collection; takes what was found.

    Returns:
        names of those that are held by this; collect again without them.

    Raises:
        ArtifactError: the ledger, the snapshot or the champion is damaged.
    """
    workspace = look.workspace
    learned = (champion(workspace) or {}).get("data", {}).get("snapshot_md5", "")
    ledger = read_ledger(workspace.state)
    if not look.settings.collection.look or learned not in ledger.snapshots:
        return []
    came, shards = _came(ledger, learned)
    if not came:
        return []
    with_them, without = _operations(workspace.snapshot, came, shards)
    origin = _origin(with_them[with_them["_layer"].ne(WITHDRAWN) & without["_layer"].eq(WITHDRAWN)])
    reading = look.source.reading("products")
    after, before = (present(rows, "products", reading).rows for rows in (with_them, without))
    origin = origin[origin.index.isin(stripped(after["product_id"][~said(after).isin(said(before))]))]
    versions, files = read_index(workspace.snapshot / "media"), _digests(ledger, came)
    photos = _photographed(after, versions, files, look.source.photo_separator)
    photos = photos[~_approved_with(photos, with_them, ledger)]
    origin = pd.concat([origin, photos]).groupby(level=0).max()
    ids = _newest(origin)
    if len(ids) < LEAST:
        return []
    media = MediaStore.open(workspace.snapshot, withdrawn(versions, (), files))
    media_before = MediaStore.open(workspace.snapshot, withdrawn(versions, files))
    coming = look.cleaned(after[stripped(after["product_id"]).isin(ids)], media)
    was = look.contents(look.cleaned(before[stripped(before["product_id"]).isin(ids)], media_before))
    was = was.set_index("product_id")
    coming = coming.take(changed_rows(look.contents(coming), was).nonzero()[0])
    if len(coming.products) < LEAST:
        return []
    try:
        reference = look.reference(media_before)
    except ArtifactError as error:
        look.looks.append(Looked(TOGETHER, len(coming.products), notes=[f"nothing is judged: {error}"]))
        return []
    arrivals = origin[coming.products["product_id"]].to_numpy()
    found, guilty = together(came, arrivals, look.evidence(coming), reference, was, look.labels(after))
    look.looks.append(found)
    hold_taken(workspace, [one.arrival for one in guilty if one.arrival], found.sentence)
    if not all(one.arrival for one in guilty):
        hold_source(workspace, learned, found.sentence)
    return [one.name for one in guilty]


def _came(ledger: Ledger, learned: str) -> tuple[list[Came], int | None]:
    """Deliveries since a snapshot that nobody approved, those held since too, in the order they came.

    Returns:
        them, and how many shards of products there were before the catalogue's own tables changed; None
        where they have not, or a person has approved it.
    """
    taken = ledger.unfinished(*TAKEN)
    held = [entry for entry in ledger.unfinished(State.HELD) if entry.withdrawn and not entry.cut]
    came = [
        Came(entry.arrival, entry.name, held=entry.state is State.HELD)
        for entry in sorted([*taken, *held], key=lambda entry: entry.arrival)
        if entry.kind in ("products", MEDIA) and not entry.approved and not ledger.has(learned, entry)
    ]
    own = changes_since(ledger, learned)
    if not own or any(e.kind == SOURCE and e.approved and not ledger.has(learned, e) for e in taken):
        return came, None
    return [*came, Came(0, SOURCE)], own[1]["shards"]["products"]


def _operations(
    snapshot: Path, came: Sequence[Came], shards: int | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The operations on products as if all that came counted, and as if nothing of it did."""
    manifest = read_manifest(snapshot)
    out, arrivals = set(manifest.get("withdrawn", [])), {one.arrival for one in came}
    cuts = manifest.get("source_cuts", {})
    if shards is not None:
        cuts = {**cuts, "since": {"products": [shards, len(manifest["products"])]}}
    with_them = operations_of(snapshot, {**manifest, "withdrawn": list(out - arrivals)}, "products")
    without = {**manifest, "withdrawn": list(out | arrivals), "source_cuts": cuts}
    return with_them, operations_of(snapshot, without, "products")


def _origin(brought: pd.DataFrame) -> pd.Series:
    """Product id to the last delivery that speaks of its looks or category; 0: the source."""
    fields = brought["_fields"].str.split(",")
    about = brought[brought["_fields"].eq("") | fields.map(lambda names: not READ_SET.isdisjoint(names))]
    arrivals = about["_arrival"].where(about["_layer"].eq("inbox"), 0)
    last = pd.Series(arrivals.to_numpy(), index=stripped(about["product_id"]).to_numpy())
    return last[~last.index.duplicated(keep="last")]


def _digests(ledger: Ledger, came: Sequence[Came]) -> dict[str, int]:
    """Digest of each delivery of photos and sounds to its number."""
    entries = [ledger.entries[one.arrival] for one in came if one.arrival]
    return {entry.digest: entry.arrival for entry in entries if entry.kind == MEDIA}


def _photographed(
    rows: pd.DataFrame, versions: Versions, files: Mapping[str, int], separator: str
) -> pd.Series:
    """Product id to the last of some deliveries of media whose photo it shows."""
    last = {
        key: files[several[-1].brought] for key, several in versions.items() if several[-1].brought in files
    }
    shown = {
        cell: [last[key] for key in media_cell(cell, separator) if key in last]
        for cell in set(rows["photos"])
    }
    arrivals = {cell: max(found) for cell, found in shown.items() if found}
    named = rows["photos"].map(arrivals).dropna().astype("int64")
    return pd.Series(named.to_numpy(), index=stripped(rows["product_id"][named.index]).to_numpy())


def _approved_with(photos: pd.Series, operations: pd.DataFrame, ledger: Ledger) -> np.ndarray:
    """(n,) bool, whether a photo came with a delivery that a person approved and that speaks of its product.

    It waited for that one, and somebody has looked at both.
    """
    spoke = _origin(operations[operations["_layer"].ne(WITHDRAWN)]).reindex(photos.index, fill_value=0)
    entries = ledger.entries

    def looked_at(speaker: int, media: int) -> bool:
        known = speaker in entries and entries[speaker].approved
        return known and entries[speaker].snapshot == entries[media].snapshot

    return np.array([looked_at(*pair) for pair in zip(spoke, photos, strict=True)], bool)


def _newest(origin: pd.Series) -> set[str]:
    """Ids of products to look at: of each delivery a part, of the newest first."""
    ids: set[str] = set()
    # The source's own changes have no place among the deliveries; they are not left out for them.
    for arrival in sorted(origin.unique(), key=lambda one: (one > 0, -one)):
        if len(ids) < MOST:
            ids |= lowest_hashes(origin.index[origin == arrival], LARGE)
    return ids
