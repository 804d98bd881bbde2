"""What was computed by content, features and vectors, without what an erasure takes out.

A store knows its rows by hashes of content. What a product said before its last change stands there too,
under a hash that nobody can tell any more: so what the products that are left do not need goes. A row that
goes in vain costs its computation again, nothing else.
"""

import numpy as np

from catalog.erasure.tombstones import Tombstones
from catalog.snapshot.media_store import MediaStore
from shelfspace.files import read_array, read_parquet
from shelfspace.hashing import content_hash
from shelfspace.workspace import Workspace

__all__ = ["sweep_stores"]


def sweep_stores(workspace: Workspace, stones: Tombstones) -> dict[str, int]:
    """Keep what products without a tombstone need alone; name of a group of stores to how many rows went.

    Raises:
        ArtifactError: a table or a store is damaged.
    """
    from models.features.store import FeatureStore

    embedded, vectors = workspace.state / "product_embeddings", np.empty((0, 0), np.float32)
    if (embedded / "embeddings.npy").exists():
        gone = stones.erased_products(read_parquet(embedded / "embedded.parquet")["product_id"])
        vectors = np.asarray(read_array(embedded / "embeddings.npy"))[~gone]
    stores = {
        group: [
            FeatureStore(ledger.parents[2], ledger.parents[1].name, ledger.parent.name)
            for ledger in sorted((workspace.state / group).glob("*/*/ledger.sqlite"))
        ]
        for group in ("features", "embeddings")
    }
    needed = _needed(workspace, stones)
    for store in stores["embeddings"]:
        # A product's key is made of whatever its model reads: its vector tells it more plainly.
        if store.folder.parent.name == "product":
            needed |= store.keys_of("vector", vectors)
    return {group: sum(store.keep(needed) for store in several) for group, several in stores.items()}


def _needed(workspace: Workspace, stones: Tombstones) -> set[str]:
    """Hashes of what the products that are left say and show, as the last run left them."""
    from catalog.text.clean import clean_text
    from models.features.catalogue import product_items
    from models.features.extract import tabular_hash

    table, found = workspace.prepared / "catalogue" / "products.parquet", set()
    if table.exists():
        products = read_parquet(table)
        left = products[~stones.erased_products(products["product_id"])].reset_index(drop=True)
        store = MediaStore.open(workspace.snapshot)
        keys = {str(key) for name in ("photos", "sounds") for cell in left[name] for key in cell}
        found |= {store.digest(key) for key in keys if key in store}
        found |= {content_hash(clean_text(title)) for title in left["title"]}
        found |= {tabular_hash(item) for item in product_items(left)}
    cleaned = workspace.prepared / "texts" / "texts.parquet"
    if cleaned.exists():
        texts = read_parquet(cleaned)
        texts = texts[~stones.erased_products(texts["product_id"])]
        found |= {one for name in map(str, texts) if name.endswith("_hash") for one in texts[name]}
    return found
