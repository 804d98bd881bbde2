"""Co-purchase graph: what shoppers buy together refines the released vectors; off by default."""

from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd

from assets.preconditions import require_checks
from assets.presentation import markdown_table, result
from assets.records import Facts, build
from assets.shop import Shop
from catalog.files import write_bytes, write_json, write_table

__all__ = ["graph_on", "graph_vectors"]


def graph_on(shop: Shop) -> bool:
    """Whether the settings ask for refined vectors."""
    return shop.settings.graph.encoder != "none"


@dg.asset(
    deps=["product_embeddings", "events"],
    group_name="release",
    owners=["team:representation"],
    kinds={"torch", "scipy"},
    code_version="1",
    description="Vectors refined by co-purchase neighbours, beside the vectors as they were; "
    "off while graph.encoder is none.",
)
def graph_vectors(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Count co-purchases, train the refiner on the earlier baskets, refine every product."""
    settings = shop.settings.graph
    if not graph_on(shop):
        record = build(
            shop.folder("graph_vectors"),
            inputs={},
            code_version="1",
            settings=["none"],
            compute=lambda _: {"graph": "off: graph.encoder is none"},
        )
        return result("graph_vectors", record)
    inputs = shop.versions("product_embeddings", "events")
    require_checks(context.instance, inputs)

    def compute(folder: Path) -> Facts:
        from models.graph.artefact import save_refiner
        from models.graph.copurchase import copurchases, read_baskets
        from models.graph.picture import graph_picture
        from models.graph.refiner import refine
        from models.graph.training import train_refiner
        from models.index import build_index

        embedded = shop.folder("product_embeddings")
        vectors = np.load(embedded / "embeddings.npy", allow_pickle=False)
        ids = pd.read_parquet(embedded / "embedded.parquet")["product_id"].to_numpy(dtype=object)
        baskets = read_baskets(shop.table("events"), list(ids), settings)
        trained = train_refiner(vectors, baskets, settings, shop.settings.seed)
        graph = copurchases(baskets, settings)
        refined = refine(trained.refiner, vectors, graph.weights)
        save_refiner(trained.refiner, settings, folder / "refiner")
        np.save(folder / "graph_embeddings.npy", refined)
        (folder / "index").mkdir()
        build_index(refined, shop.settings.release).save(folder / "index")
        pairs = graph.weights.tocoo()
        edges = pd.DataFrame(
            {"product_id": ids[pairs.row], "neighbour_id": ids[pairs.col], "weight": pairs.data}
        )
        write_table(folder / "edges.parquet", edges)
        write_json(folder / "figures.json", {**trained.figures, "history": trained.history})
        write_bytes(folder / "graph.png", graph_picture(trained, settings.encoder))
        table = pd.DataFrame(trained.figures).T.reset_index(names="vectors").drop(columns="products")
        return {
            "dagster/row_count": len(refined),
            "encoder": settings.encoder,
            "edges": graph.edges,
            "baskets": graph.baskets,
            "baskets_left_out": graph.oversized,
            "products_with_neighbours": int(graph.connected.sum()),
            "recall_at_20_of_next_copurchases": markdown_table(table.round(4)),
            "products_asked": {"json": trained.figures["refined"]["products"]},
            "mean_cosine_to_unrefined": float((refined * vectors).sum(axis=1).mean()),
            "picture": {"png": "graph.png"},
        }

    record = build(
        shop.folder("graph_vectors"),
        inputs=inputs,
        code_version="1",
        settings=[
            settings.model_dump(mode="json"),
            shop.settings.seed,
            shop.settings.release.model_dump(exclude={"keep"}),
        ],
        compute=compute,
    )
    return result("graph_vectors", record)
