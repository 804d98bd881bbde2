"""Co-purchase graph: what shoppers buy together refines the released vectors; off by default."""

from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd

from assets.lib.preconditions import require_checks
from assets.lib.presentation import markdown_table, result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build
from shelfspace.files import write_bytes

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
        from models.graph.catalogue import refine_catalogue
        from models.graph.picture import graph_picture
        from retrieval.vectors import build_index, search_rows

        embedded = shop.folder("product_embeddings")
        vectors = np.load(embedded / "embeddings.npy", allow_pickle=False)
        ids = list(pd.read_parquet(embedded / "embedded.parquet")["product_id"])
        events = shop.table("events")
        made = refine_catalogue(vectors, ids, events, settings, shop.settings.seed, search_rows)
        made.save(folder)
        (folder / "index").mkdir()
        build_index(made.vectors, shop.settings.release).save(folder / "index")
        write_bytes(folder / "graph.png", graph_picture(made.trained, settings.encoder))
        return {
            "dagster/row_count": len(made.vectors),
            "encoder": settings.encoder,
            **made.counts,
            "recall_at_20_of_next_copurchases": markdown_table(made.recalls),
            "products_asked": {"json": made.trained.figures["refined"]["products"]},
            "mean_cosine_to_unrefined": float((made.vectors * vectors).sum(axis=1).mean()),
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
