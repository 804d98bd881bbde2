"""Co-purchase graph: what shoppers buy together refines the released vectors; off by default, and released
only where it finds the next purchases better than the vectors as they were."""

from pathlib import Path
from typing import Any

from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from shelfspace.files import read_parquet, write_bytes

__all__ = ["graph_on", "graph_vectors"]


def graph_on(shop: Shop) -> bool:
    """Whether the settings ask for refined vectors."""
    return shop.settings.graph.encoder != "none"


def _settings(shop: Shop) -> list[Any]:
    if not graph_on(shop):
        return ["none"]
    index = shop.settings.release.model_dump(exclude={"keep", "relearn_share"})
    return [shop.settings.graph.model_dump(mode="json"), shop.settings.seed, index]


@stage(
    folder="state/graph_vectors",
    deps=["product_embeddings", "events"],
    # While it is off, it depends on nothing.
    inputs=[],
    also=lambda shop: shop.versions("product_embeddings", "events") if graph_on(shop) else {},
    settings=_settings,
    group="release",
    owners=["team:representation"],
    kinds={"torch", "scipy"},
    code_version="2",
    description="Vectors refined by co-purchase neighbours, compared with the vectors as they were on the "
    "latest baskets; off while graph.encoder is none.",
)
def graph_vectors(shop: Shop, folder: Path) -> Facts:
    """Count co-purchases, train the refiner on the earlier baskets, refine every product."""
    if not graph_on(shop):
        return {"graph": "off: graph.encoder is none"}
    from models.graph.catalogue import refine_catalogue
    from models.graph.picture import graph_picture
    from retrieval.vectors import build_index, search_rows

    settings, vectors = shop.settings.graph, shop.vectors()
    ids = list(read_parquet(shop.folder("product_embeddings") / "embedded.parquet")["product_id"])
    events, seed = shop.table("events"), shop.settings.seed
    made = refine_catalogue(vectors, ids, events, settings, seed, search_rows)
    made.save(folder)
    (folder / "index").mkdir()
    build_index(made.vectors, shop.settings.release).save(folder / "index")
    write_bytes(folder / "graph.png", graph_picture(made.trained, settings.encoder))
    return {
        "dagster/row_count": len(made.vectors),
        "encoder": settings.encoder,
        "refined_or_not": made.verdict["said"],
        "released": made.verdict["used"],
        **made.counts,
        "recall_at_20_of_next_copurchases": table_fact(made.recalls),
        "products_asked": {"json": made.trained.figures["refined"]["products"]},
        "mean_cosine_to_unrefined": float((made.vectors * vectors).sum(axis=1).mean()),
        "picture": {"png": "graph.png"},
    }
