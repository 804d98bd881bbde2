"""What is to be erased, as it may be known again: ids, texts, photos and sounds.

Gathered from whatever still says it, so that an erasure that was killed half-way finds the rest.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path

import pandas as pd

from catalog.cells import filled, stripped
from catalog.contract import raw_columns
from catalog.erasure.tombstones import FOLDER, Tombstones
from catalog.snapshot.media_files import media_keys
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import operations_of, read_manifest
from catalog.snapshot.user_key import pseudonym
from catalog.sources.base import CatalogSource
from shelfspace.durable_log import DurableLog
from shelfspace.files import read_json, read_parquet, write_sealed_json
from shelfspace.workspace import Workspace

__all__ = ["Traces", "forget_traces", "traces_of"]

LEAST_OF_AN_ID = 5
"""An id of fewer characters, or of digits alone below nine, is sought in columns of ids only: `17` stands for
anything."""
LEAST_OF_A_TEXT = 12
PIECE = 48
"""Bytes out of a photo or sound by which a copy of it is found."""
PLACES = (4, 5, 6, 7)
"""Eighths of a file where such bytes are taken: formats begin with tables that many files share."""
BEGINNINGS = (24, 36, 54)
"""Characters of the beginning of a text by which an excerpt of it is known, the fewest that no other text
begins with; reports and Dagster show texts that are cut behind 37 characters or more, most behind 57."""


@dataclass
class Traces:
    """What an erasure looks for.

    Attributes:
        products: ids, as they are compared.
        shoppers: pseudonyms.
        raw_shoppers: the ids that the shop gives them.
        orders: keyed hashes of these shoppers' orders.
        texts: titles and descriptions that only these products have.
        beginnings: of these, as excerpts of them begin.
        media: keys of photos and sounds that only these products name.
        pieces: bytes of those.
    """

    products: set[str] = field(default_factory=set)
    shoppers: set[str] = field(default_factory=set)
    raw_shoppers: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    beginnings: set[str] = field(default_factory=set)
    media: set[str] = field(default_factory=set)
    pieces: set[bytes] = field(default_factory=set)

    @property
    def words(self) -> set[str]:
        """Texts to be looked for in any file."""
        named = {one for one in (*self.products, *self.shoppers, *self.raw_shoppers) if distinct(one)}
        return named | self.orders | self.texts | {key for key in self.media if distinct(key)}

    @property
    def short(self) -> list[str]:
        """Ids that are too short to be looked for in texts."""
        return sorted(one for one in (*self.products, *self.raw_shoppers) if not distinct(one))


def distinct(one: str) -> bool:
    """Whether a text names one thing wherever it stands."""
    return len(one) >= (9 if one.isdigit() else LEAST_OF_AN_ID)


def traces_of(
    workspace: Workspace,
    source: CatalogSource,
    stones: Tombstones,
    products: Iterable[str],
    shoppers: Iterable[str],
    user_key: bytes,
) -> Traces:
    """Gather what an erasure looks for: what is named, and what else has a tombstone and still lies here.

    It is kept in a private file until `forget_traces`: an erasure that was stopped would not know any more
    which texts to look for in what it had not come to.

    Args:
        products, shoppers: ids as the shop writes them; each has its tombstone.
    """
    found, named = _kept(workspace), set(shoppers)
    found.products |= set(products)
    found.raw_shoppers |= named
    found.shoppers |= {pseudonym(one, user_key) for one in named}
    for table in shoppers_of(workspace):
        mine = table[stones.erased_shoppers(table["user_id"])]
        found.shoppers |= set(mine["user_id"])
        found.orders |= set(mine["order_id"]) - {""}
    if stones.count("product"):
        _of_products(found, workspace, source, stones)
    kept = {**vars(found), "pieces": {piece.hex() for piece in found.pieces}}
    write_sealed_json(_file(workspace), {name: sorted(values) for name, values in kept.items()}).chmod(0o600)
    return found


def forget_traces(workspace: Workspace) -> None:
    """Delete what was kept of an erasure that has come to its end."""
    _file(workspace).unlink(missing_ok=True)


def _file(workspace: Workspace) -> Path:
    return workspace.state / FOLDER / "under_way.json"


def _kept(workspace: Workspace) -> Traces:
    if not _file(workspace).exists():
        return Traces()
    stored, known = read_json(_file(workspace)), {one.name for one in fields(Traces)}
    kept = {name: set(values) for name, values in stored.items() if name in known}
    return Traces(**{**kept, "pieces": {bytes.fromhex(piece) for piece in kept["pieces"]}})


def _of_products(found: Traces, workspace: Workspace, source: CatalogSource, stones: Tombstones) -> None:
    """Add what tells products: texts, photos and sounds."""
    shared: set[str] = set()
    shared_keys: set[str] = set()
    for table in tables_of_products(workspace):
        mine = stones.erased_products(table["product_id"])
        found.products |= set(stripped(table["product_id"][mine].astype(object)))
        found.texts |= texts_of(table[mine])
        shared |= texts_of(table[~mine])
        found.media |= keys_of(table[mine], source)
        shared_keys |= keys_of(table[~mine], source)
    found.texts -= shared
    found.texts |= {" ".join(text.split()) for text in found.texts}
    found.beginnings |= beginnings(found.texts, shared)
    found.media -= shared_keys
    store = MediaStore.open(workspace.snapshot)
    pieces = {piece for key in found.media if key in store for piece in pieces_of(store.read(key))}
    for data in media_of_others(workspace, stones, store, found.media) if pieces else ():
        pieces = {piece for piece in pieces if piece not in data}
    found.pieces |= pieces


def beginnings(texts: Iterable[str], others: Iterable[str]) -> set[str]:
    """How excerpts of texts begin, where no excerpt of another text begins so."""
    taken = {size: {" ".join(other.split())[:size] for other in others} for size in BEGINNINGS}
    found = set()
    for text in texts:
        own = (text[:size] for size in BEGINNINGS if len(text) > size and text[:size] not in taken[size])
        found |= {*list(own)[:1]}
    return found


def pieces_of(data: bytes) -> set[bytes]:
    """Bytes out of several places of a file; none of one that is too short."""
    pieces = (data[len(data) * place // 8 :][:PIECE] for place in PLACES)
    return {piece for piece in pieces if len(piece) == PIECE} if len(data) >= 2 * PIECE else set()


def media_of_others(
    workspace: Workspace, stones: Tombstones, store: MediaStore, erased: set[str]
) -> Iterator[bytes]:
    """Photos and sounds of all other products, those put between releases among them: one that is the same
    under another name is theirs."""
    yield from (store.read(key) for key in store.keys() if key not in erased)  # noqa: SIM118
    for path in sorted((workspace.root / "delta").glob("*.log")):
        with closing(DurableLog(path)) as log:
            entries, _ = log.read(files=True)
        ids = pd.Series([str(entry.record["product_id"]) for entry in entries], dtype=object)
        gone = stones.erased_products(ids)
        yield from (data for e, out in zip(entries, gone, strict=True) if not out for data in e.files)


def tables_of_products(workspace: Workspace) -> Iterator[pd.DataFrame]:
    """Every table of products that a workspace keeps, raw ones and clean ones."""
    manifest = read_manifest(workspace.snapshot)
    yield operations_of(workspace.snapshot, manifest, "products")[[*raw_columns("products")]]
    places = [workspace.prepared / "catalogue", *sorted((workspace.state / "reference").glob("*"))]
    places += sorted(path for path in workspace.releases.glob("[0-9]*") if path.is_dir())
    for place in places:
        if (place / "products.parquet").exists():
            yield read_parquet(place / "products.parquet")


def shoppers_of(workspace: Workspace) -> Iterator[pd.DataFrame]:
    """Pseudonyms, with the hashes of their orders, of every shard of events that a snapshot has."""
    for shard in read_manifest(workspace.snapshot)["events"]:
        table = read_parquet(workspace.snapshot / "events" / shard)
        yield table.reindex(columns=["user_id", "order_id"], fill_value="").drop_duplicates()


def texts_of(table: pd.DataFrame) -> set[str]:
    columns = [table[name] for name in ("title", "description") if name in table]
    cells = {str(cell).strip() for column in columns for cell in column[filled(column.astype(str))]}
    return {cell for cell in cells if len(cell) >= LEAST_OF_A_TEXT}


def keys_of(table: pd.DataFrame, source: CatalogSource) -> set[str]:
    """Media keys of raw rows, whose cells are texts, or of clean ones, whose cells are lists."""
    columns = [name for name in ("photos", "sounds") if name in table]
    if not len(table) or len(columns) < 2:
        return set()
    if table[columns].map(lambda cell: isinstance(cell, str)).to_numpy().all():
        return set(media_keys(table, source))
    return {str(key) for name in columns for cell in table[name] for key in cell}
