"""What a workspace keeps, kind by kind: which files, and what reads them.

Each reader gives a hash of what the code that uses the bytes gets of them, so that two readings can be
compared. A reader of damaged bytes refuses, or gives what a clean reading gives; anything else is silent.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shelfspace.hashing import content_hash, fingerprint
from shelfspace.workspace import REQUEST_LOG, Workspace

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """Bytes of one kind.

    Attributes:
        files: glob patterns below the workspace.
        read: what their user gets of them, as a hash.
    """

    files: tuple[str, ...]
    read: Callable[[Workspace], str]

    def found(self, workspace: Workspace) -> list[Path]:
        """The files that are there."""
        return sorted(
            file
            for p in self.files
            for file in workspace.root.glob(p)
            if file.is_file() and file.stat().st_size
        )


def tables(*found: pd.DataFrame) -> str:
    """Hash of tables by names, types and values."""
    return fingerprint(
        [[list(t.columns), list(map(str, t.dtypes)), t.to_json(orient="split")] for t in found]
    )


def arrays(found: dict[str, Any]) -> str:
    """Hash of arrays by name, type and values."""
    kept = {name: np.ascontiguousarray(array) for name, array in found.items()}
    return fingerprint({n: [str(a.dtype), a.shape, content_hash(a.tobytes())] for n, a in kept.items()})


def shop_of(workspace: Workspace) -> Any:
    import dagster_project.definitions  # noqa: F401 - registers the folders of assets
    from assets.lib.shop import Shop

    made = Shop(catalog=workspace.catalog)
    made.__dict__["workspace"] = workspace
    return made


def snapshot_tables(workspace: Workspace) -> str:
    from catalog.snapshot import shards

    return tables(
        shards.read_raw_products(workspace.snapshot),
        shards.read_raw_events(workspace.snapshot),
        shards.read_raw_stock(workspace.snapshot),
    )


def media(workspace: Workspace) -> str:
    from catalog.snapshot.media_store import MediaStore

    store = MediaStore.open(workspace.snapshot)
    keys = store.keys()
    return fingerprint([[key, content_hash(store.read(key))] for key in keys])


def prepared(workspace: Workspace) -> str:
    shop = shop_of(workspace)
    return tables(shop.table("products"), shop.table("events"), shop.table("stock"), shop.table("quarantine"))


def features(workspace: Workspace) -> str:
    from assets.lib.learning import read_features

    shop = shop_of(workspace)
    return str(read_features(shop, shop.table("products"), ("text", "image")).content())


def stores(workspace: Workspace) -> str:
    from models.features.store import FeatureStore

    said = []
    for folder in sorted((workspace.state / "embeddings").glob("*/*")):
        store = FeatureStore(folder.parent.parent, folder.parent.name, folder.name)
        keys = sorted(store._index())
        said.append([folder.name, keys, arrays(store.gather(keys)) if keys else ""])
    return fingerprint(said)


def model(workspace: Workspace) -> str:
    from models.inference.product_encoder import ProductEncoder
    from releases.champion import champion_model

    encoder = ProductEncoder.load(champion_model(workspace))
    weights = {k: v.cpu().numpy() for k, v in encoder.network.state_dict().items()}
    return fingerprint([encoder.fingerprint, encoder.labels, encoder.temperature, arrays(weights)])


def release(workspace: Workspace) -> str:
    from releases.pointer import current
    from releases.release import file_hashes

    live = current(workspace.root)
    assert live is not None
    return fingerprint([live.manifest, file_hashes(live.folder)])


def history(workspace: Workspace) -> str:
    from releases import pointer

    return fingerprint([pointer.history(workspace.root), pointer.previous(workspace.root)])


def champion(workspace: Workspace) -> str:
    from releases.champion import champion as known

    return fingerprint(known(workspace))


def papers(workspace: Workspace) -> str:
    from releases.champion import champion_model, champion_paper, check_papers
    from shelfspace.files import read_json

    check_papers(workspace)
    model = champion_model(workspace)
    return fingerprint([
        read_json(champion_paper(model, "metrics.json")), champion_paper(model, "model_card.md").read_text(),
        read_json(champion_paper(model, "evaluation.json")),
    ])  # fmt: skip


def records(workspace: Workspace) -> str:
    from assets.lib.record import read_record

    found = [read_record(file.parent) for file in KINDS["record.json"].found(workspace)]
    return fingerprint([[r.fingerprint, r.data_version, r.facts] for r in found if r is not None])


def verdicts(workspace: Workspace) -> str:
    from shelfspace.files import read_json

    return fingerprint([read_json(file) for file in KINDS["verdicts of checks"].found(workspace)])


def vectors(workspace: Workspace) -> str:
    shop = shop_of(workspace)
    return fingerprint([arrays({"v": shop.vectors()}), tables(shop.embedded_products()[["product_id"]])])


def index(workspace: Workspace) -> str:
    from retrieval.vectors import load_index

    shop = shop_of(workspace)
    made = load_index(shop.folder("search_index") / "index", shop.vectors())
    scores, rows = made.search(shop.vectors()[:50], 10)
    described = {name: value for name, value in made.describe().items() if name != "timing"}
    return fingerprint([arrays({"scores": scores, "rows": rows}), described])


def words(workspace: Workspace) -> str:
    from retrieval.lexical.index import LexicalIndex

    index = LexicalIndex.load(shop_of(workspace).folder("lexical_index") / "index")
    held = {name: value for name, value in vars(index).items() if isinstance(value, np.ndarray)}
    return fingerprint([str(index.describe()), arrays(held)])


def reference(workspace: Workspace) -> str:
    from shelfspace.files import check_sealed_folder, read_array, read_parquet

    found = []
    for folder in sorted((workspace.state / "reference").iterdir()):
        check_sealed_folder(folder)
        vectors = read_array(folder / "embeddings.npy")
        found += [tables(read_parquet(folder / "products.parquet")), arrays({"vectors": vectors})]
    return fingerprint(found)


def log(path: Path) -> str:
    from shelfspace.durable_log import DurableLog

    with closing(DurableLog(path)) as opened:
        return fingerprint([
            [e.record, None if e.vector is None else e.vector.tolist(), e.sequence] for e in opened.read()[0]
        ] + [opened.owner])  # fmt: skip


def request_log(workspace: Workspace) -> str:
    return log(workspace.live / REQUEST_LOG)


def delta(workspace: Workspace) -> str:
    return fingerprint([log(file) for file in sorted((workspace.root / "delta").glob("*.log"))])


def bento(workspace: Workspace) -> str:
    from bentos.serve import bento_settings, find_bento

    tag = find_bento(workspace)
    return fingerprint([tag, bento_settings(workspace, tag, {}).model_dump(mode="json")])


def ledger(workspace: Workspace) -> str:
    from catalog.deliveries.ledger import read_ledger

    known = read_ledger(workspace.state)
    return fingerprint([known.snapshots, [str(entry) for entry in known.entries.values()]])


def split(workspace: Workspace) -> str:
    from shelfspace.files import read_parquet

    return tables(read_parquet(workspace.state / "splits.parquet"))


def secret(workspace: Workspace) -> str:
    from catalog.snapshot.user_key import user_key

    return content_hash(user_key(workspace.state))


KINDS: dict[str, Kind] = {
    "snapshot tables": Kind(
        ("snapshot/products/*", "snapshot/events/*", "snapshot/stock/*"), snapshot_tables
    ),
    "snapshot manifest": Kind(("snapshot/manifest.json",), snapshot_tables),
    "media shard": Kind(("snapshot/media/*.tar",), media),
    "media index": Kind(("snapshot/media/index.parquet",), media),
    "prepared tables": Kind(("prepared/*/*.parquet",), prepared),
    "features": Kind(("features/*/features/*",), features),
    "vector store": Kind(("state/embeddings/*/*/*.npy",), stores),
    "vector ledger": Kind(("state/embeddings/*/*/ledger.sqlite",), stores),
    "vectors": Kind(
        ("state/product_embeddings/embeddings.npy", "state/product_embeddings/embedded.parquet"), vectors
    ),
    "vector index": Kind(("state/search_index/index/*",), index),
    "index of words": Kind(("state/lexical_index/index/*",), words),
    "model": Kind(("state/champions/*/**/*",), model),
    "champion.json": Kind(("champion.json",), champion),
    "champion's papers": Kind(("state/champions/*.json", "state/champions/*.md"), papers),
    "record.json": Kind(("**/record.json",), records),
    "verdicts of checks": Kind(("state/checks/*.json",), verdicts),
    "release": Kind(("releases/0*/**/*",), release),
    "release.json": Kind(("releases/0*/release.json",), release),
    "current": Kind(("releases/current",), release),
    "promotions": Kind(("releases/promotions.jsonl",), history),
    "drift reference": Kind(("state/reference/*/*",), reference),
    "request log": Kind(("live/requests.log",), request_log),
    "change log": Kind(("delta/*.log",), delta),
    "bento.json": Kind(("bento/bento.json",), bento),
    "ledger of deliveries": Kind(("state/deliveries.json",), ledger),
    "frozen split": Kind(("state/splits.parquet",), split),
    "key of shopper ids": Kind(("state/user.key",), secret),
}
"""Kind to its files and its reader."""
