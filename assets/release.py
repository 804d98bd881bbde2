"""Release: vectors, index and model of the champion, together in one immutable folder."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from assets.evaluation import provenance
from assets.graph import graph_on
from assets.lib.checks import build_check
from assets.lib.learning import read_catalogue
from assets.lib.preconditions import require_checks
from assets.lib.presentation import result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build
from assets.search import release_parts
from releases.champion import champion as current_champion
from releases.champion import champion_model
from shelfspace.files import read_json, write_bytes, write_json, write_table

__all__ = ["CHECKS", "product_embeddings", "release", "search_index"]

GROUP = "release"
OWNERS = ["team:serving"]


def _champion_version(shop: Shop) -> dict[str, str]:
    kept = current_champion(shop.workspace)
    champion_model(shop.workspace)
    return {"champion": kept["fingerprint"]} if kept else {}


@dg.asset(
    deps=["champion", "products", "texts", "raw_media", "quarantine"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"torch", "numpy"},
    code_version="1",
    description="One vector a product by the champion; only changed products are computed.",
)
def product_embeddings(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Embed every product that has any modality, through a ledger keyed by content and model."""
    inputs = {**shop.versions("products", "texts", "raw_media"), **_champion_version(shop)}
    require_checks(context.instance, shop.versions("products", "quarantine"))
    work: Facts = {"computed_rows": 0, "reused_rows": 0}

    def compute(folder: Path) -> Facts:
        from models.evaluation.pictures import embedding_map
        from models.features.catalogue import embed_catalogue
        from models.inference.product_encoder import ProductEncoder

        encoder = ProductEncoder.load(champion_model(shop.workspace), device=shop.settings.features.device)
        embedded = embed_catalogue(encoder, read_catalogue(shop), level=shop.source.label_level)
        work.update(computed_rows=embedded.computed, reused_rows=embedded.reused)
        np.save(folder / "embeddings.npy", embedded.vectors)
        write_table(folder / "embedded.parquet", embedded.table)
        labels = embedded.table["label"].to_numpy(dtype=object)
        write_bytes(folder / "embedding_map.png", embedding_map(embedded.vectors, labels))
        return {
            "dagster/row_count": len(embedded.vectors),
            "dimensions": int(embedded.vectors.shape[1]),
            "map": {"png": "embedding_map.png"},
        }

    record = build(
        shop.folder("product_embeddings"),
        inputs=inputs,
        code_version="1",
        settings=[shop.settings.features.model_dump(include={"text_encoder", "image_encoder"})],
        compute=compute,
    )
    return result("product_embeddings", record, {**record.facts, **work})


@dg.asset(
    deps=[product_embeddings],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"faiss"},
    code_version="2",
    description="Nearest-neighbour index over the vectors, with the recall it was measured to have.",
)
def search_index(shop: Shop) -> dg.MaterializeResult:
    """Build the index from the embeddings; approximate only where measured recall allows."""

    def compute(folder: Path) -> Facts:
        from retrieval.vectors import build_index

        vectors = np.load(shop.folder("product_embeddings") / "embeddings.npy", allow_pickle=False)
        index = build_index(vectors, shop.settings.release)
        (folder / "index").mkdir()
        index.save(folder / "index")
        measured = index.describe()
        write_json(folder / "measured.json", {k: v for k, v in measured.items() if k != "timing"})
        return {
            "dagster/row_count": len(vectors),
            "kind": measured["kind"],
            "recall_at_10": measured["recall_at_10"],
            "index": {"json": measured},
        }

    record = build(
        shop.folder("search_index"),
        inputs=shop.versions("product_embeddings"),
        code_version="2",
        settings=[shop.settings.release.model_dump(exclude={"keep"})],
        compute=compute,
    )
    return result("search_index", record)


@dg.multi_asset(
    # An op of the asset's own name would clash with the job of that name.
    name="write_release",
    specs=[
        dg.AssetSpec(
            "release",
            deps=[
                search_index,
                product_embeddings,
                "graph_vectors",
                "champion",
                "products",
                "texts",
                "stock",
                "lexical_index",
                "modality_vectors",
                "bought_together",
                "search_fusion",
            ],
            group_name=GROUP,
            owners=OWNERS,
            kinds={"python"},
            code_version="2",
            description="Model, vectors, index, data version and metrics in one folder, named by `current`.",
        )
    ],
)
def release(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Write the release and move the pointer to it; the same content gives the same release."""
    workspace = shop.workspace
    inputs = {
        **shop.versions("product_embeddings", "search_index", "products", "stock"),
        **shop.versions("lexical_index", "modality_vectors", "bought_together", "search_fusion"),
        # While it is off, the release depends on nothing of the graph.
        **(shop.versions("graph_vectors") if graph_on(shop) else {}),
        **_champion_version(shop),
    }
    require_checks(context.instance, {k: v for k, v in inputs.items() if k != "champion"})

    def compute(folder: Path) -> Facts:
        from models.features.store import prune_stores
        from releases import promote, prune, write_release
        from retrieval.vectors import load_index

        kept = current_champion(workspace)
        model = champion_model(workspace)
        table = pd.read_parquet(shop.folder("product_embeddings") / "embedded.parquet")
        products = shop.table("products").set_index("product_id").loc[table["product_id"]].reset_index()
        stock = shop.table("stock").drop_duplicates("product_id")
        products = products.merge(stock, on="product_id", how="left", validate="one_to_one")
        # Where the catalogue does not say it, shoppers filter by the language that was detected.
        # Drift goes on comparing what the catalogue says, or the filling itself would count as one.
        languages = list(read_catalogue(shop, list(table["product_id"])).texts["language"])
        vectors = np.load(shop.folder("product_embeddings") / "embeddings.npy", allow_pickle=False)
        graph: dict[str, Any] = {}
        if graph_on(shop):
            folder_of_graph = shop.folder("graph_vectors")
            refined = np.load(folder_of_graph / "graph_embeddings.npy", allow_pickle=False)
            graph = {
                "graph_embeddings": refined,
                "graph_index": load_index(folder_of_graph / "index", refined),
            }
        made = write_release(
            workspace.releases,
            model,
            product_ids=list(table["product_id"]),
            embeddings=vectors,
            index=load_index(shop.folder("search_index") / "index", vectors),
            products=products.assign(language=languages),
            metrics=read_json(model.parent / f"{model.name}.metrics.json"),
            provenance={
                **provenance(shop),
                "champion": model.name,
                "created_at": kept["crowned"] if kept else "",
            },
            model_card=(model.parent / f"{model.name}.model_card.md").read_text(),
            parts={**release_parts(shop), **judged_part(model)},
            **graph,
        )
        promote(workspace.root, made.id, shop.cause or "asked for")
        prune(workspace.root, keep=shop.settings.release.keep)
        for stores in ("features", "embeddings"):
            prune_stores(workspace.state / stores)
        _keep_reference(shop, model.name, products)
        write_json(folder / "release.json", {"release": made.id, "folder": f"releases/{made.id}"})
        return {
            "release": made.id,
            "products": len(products),
            "release_folder": {"path": str(made.folder)},
            "metrics": {"json": read_json(model.parent / f"{model.name}.metrics.json")},
        }

    record = build(shop.folder("release"), inputs=inputs, code_version="2", settings=[], compute=compute)
    return result("release", record, {**record.facts, "cause": shop.cause or "asked for"})


def judged_part(model: Path) -> dict[str, Callable[[Path], None]]:
    """The champion's whole evaluation, which the service's release page shows."""
    kept = model.parent / f"{model.name}.evaluation.json"
    return {"evaluation.json": partial(shutil.copyfile, kept)} if kept.is_file() else {}


def _keep_reference(shop: Shop, champion: str, products: pd.DataFrame) -> None:
    """What drift is measured against: the catalogue as the champion first embedded it."""
    folder = shop.workspace.state / "reference" / champion
    if folder.exists():
        return
    from shelfspace.files import atomic_directory

    with atomic_directory(folder) as temporary:
        write_table(temporary / "products.parquet", products)
        vectors = np.load(shop.folder("product_embeddings") / "embeddings.npy", allow_pickle=False)
        np.save(temporary / "embeddings.npy", vectors)


def _recall(shop: Shop) -> Any:
    from data_checks.checks.vectors import recall_measured

    return recall_measured(read_json(shop.folder("search_index") / "measured.json"), shop.settings.release)


CHECKS = [
    build_check("search_index", "recall_measured", "The index finds what an exact scan finds.", _recall),
]
