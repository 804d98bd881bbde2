"""Search: words, vectors by modality, what is bought together, and how words and vectors are fused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from assets.lib.learning import read_catalogue
from assets.lib.preconditions import require_checks
from assets.lib.presentation import markdown_table, result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build
from releases.champion import champion_model
from shelfspace.files import write_table
from shelfspace.hashing import content_hash, file_hash

__all__ = ["bought_together", "lexical_index", "modality_vectors", "release_parts", "search_fusion"]

GROUP = "release"
OWNERS = ["team:serving"]
WORDS = ("title", "brand", "attributes", "category", "description")


def embedded_products(shop: Shop) -> pd.DataFrame:
    """Rows of the cleaned products that have a vector, in the order of the vectors."""
    ids = pd.read_parquet(shop.folder("product_embeddings") / "embedded.parquet")["product_id"]
    return shop.table("products").set_index("product_id").loc[ids].reset_index()


def listings_version(products: pd.DataFrame) -> str:
    """Hash of the words of all products: a price that changes is no reason to read them again."""
    return content_hash(*(str(cell) for name in ("product_id", *WORDS) for cell in products[name]))


@dg.asset(
    deps=["product_embeddings", "products"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"numpy"},
    code_version="1",
    description="BM25 over the words of every product, English stemmed and Chinese cut.",
)
def lexical_index(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Index title, brand, attributes, category and description, rows as the vectors have them."""
    require_checks(context.instance, shop.versions("products", "quarantine"))
    products = embedded_products(shop)

    def compute(folder: Path) -> Facts:
        from retrieval.lexical.index import LexicalIndex

        index = LexicalIndex.build(products)
        (folder / "index").mkdir()
        index.save(folder / "index")
        said = index.describe()
        return {
            "dagster/row_count": len(index),
            "terms": said["terms"],
            "terms_a_listing": round(index.mean_length, 1),
            "field_weights": {"json": index.weights},
            "words": said["tokens"],
        }

    from retrieval.lexical.tokens import tokens_code

    record = build(
        shop.folder("lexical_index"),
        inputs={"listings": listings_version(products)},
        code_version="1",
        settings=[tokens_code()],
        compute=compute,
    )
    return result("lexical_index", record)


@dg.asset(
    deps=["product_embeddings", "products", "texts", "raw_media", "champion"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"torch", "numpy"},
    code_version="1",
    description="Each product seen through one modality alone: says which is closest to a query, and why.",
)
def modality_vectors(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Embed by text, photo and sound alone, through the same ledger as the whole product."""
    inputs = shop.versions("product_embeddings", "raw_media")
    require_checks(context.instance, shop.versions("products", "quarantine"))
    work: Facts = {"computed_rows": 0}

    def compute(folder: Path) -> Facts:
        from models.inference.by_modality import modality_vectors as vectors_of
        from models.inference.product_encoder import ProductEncoder
        from releases.search_parts import save_modalities

        encoder = ProductEncoder.load(champion_model(shop.workspace), device=shop.settings.features.device)
        embedded = pd.read_parquet(shop.folder("product_embeddings") / "embedded.parquet")
        vectors, work["computed_rows"] = vectors_of(
            encoder, read_catalogue(shop, list(embedded["product_id"]))
        )
        save_modalities(folder / "vectors", vectors)
        there = {name: int(np.any(table != 0, axis=1).sum()) for name, table in vectors.items()}
        return {
            "dagster/row_count": len(next(iter(vectors.values()), ())),
            "products_by_modality": {"json": there},
            "megabytes": round(sum(table.nbytes for table in vectors.values()) / 1e6, 1),
        }

    record = build(
        shop.folder("modality_vectors"), inputs=inputs, code_version="1", settings=[], compute=compute
    )
    return result("modality_vectors", record, {**record.facts, **work})


@dg.asset(
    deps=["product_embeddings", "events"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"scipy", "parquet"},
    code_version="1",
    description="What stands in the same baskets as a product, the strongest ten; empty without events.",
)
def bought_together(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Count co-purchases of the products that have a vector."""
    inputs = shop.versions("product_embeddings", "events")
    require_checks(context.instance, inputs)

    def compute(folder: Path) -> Facts:
        from insights.bought_together import bought_together as companions

        products = embedded_products(shop)
        table = companions(shop.table("events"), products["product_id"].tolist(), shop.settings.graph)
        write_table(folder / "bought_together.parquet", table)
        titles = products.set_index("product_id")["title"]
        shown = table.sort_values("weight", ascending=False, kind="stable").head(10)
        named = shown.assign(product=shown["product_id"].map(titles), with_it=shown["other_id"].map(titles))
        return {
            "dagster/row_count": len(table),
            "products_with_companions": int(table["product_id"].nunique()),
            "strongest": markdown_table(named[["product", "with_it", "baskets", "weight"]].round(3)),
        }

    record = build(
        shop.folder("bought_together"),
        inputs=inputs,
        code_version="1",
        settings=[
            shop.settings.graph.model_dump(include={"together", "neighbours", "shrinkage", "max_basket"})
        ],
        compute=compute,
    )
    return result("bought_together", record)


@dg.asset(
    deps=[
        "product_embeddings",
        "search_index",
        lexical_index,
        modality_vectors,
        "raw_media",
        "splits",
        "champion",
    ],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"scipy"},
    code_version="3",
    description="How words and vectors are put together, learned from listings the encoder has not learned "
    "from and from the shop's own judgements.",
)
def search_fusion(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Learn on validation rows asked of training rows; test rows ask nothing, so that claims stay clean."""
    require_checks(context.instance, shop.versions("splits", "search_index"))
    files = sorted((shop.workspace.root / "judgements").glob("*.csv"))
    products = embedded_products(shop)

    def compute(folder: Path) -> Facts:
        from retrieval.ranking.fit import fit_fusion
        from retrieval.ranking.floors import learn_floors, save_floors
        from retrieval.ranking.fusion import FusionModel
        from retrieval.ranking.training.held_out import FEWEST, crossed, left_out
        from retrieval.ranking.training.picture import fusion_picture
        from shelfspace.files import write_bytes, write_json

        lessons = _lessons(shop, products, bool(files))
        useful = sum(one.judged.useful for one in lessons)
        learned = useful >= FEWEST
        fusion = fit_fusion([one.judged for one in lessons]) if learned else FusionModel.fallback()
        fusion.save(folder / "search_fusion.json")
        tried = list(left_out(lessons)) if learned else []
        floors = learn_floors(tried)
        save_floors(folder / "search_floors.json", floors)
        write_bytes(folder / "weights.png", fusion_picture(fusion))
        kinds = pd.Series([one.kind for one in lessons], dtype=object).value_counts()
        figures = crossed(tried)
        write_json(folder / "figures.json", figures)
        table = pd.DataFrame(figures).T.reset_index(names="query")
        return {
            "fusion": "learned" if learned else f"reciprocal ranks: {useful} of {FEWEST} judged queries",
            "kinds_of_query": markdown_table(pd.DataFrame(fusion.describe()).T.reset_index(names="kind")),
            "queries": {"json": {str(kind): int(count) for kind, count in sorted(kinds.items())}},
            "judgement_files": len(files),
            "ndcg_at_10_on_queries_left_out": markdown_table(table.round(3)) if learned else "not measured",
            "score_floors": {"json": {kind: round(floor, 4) for kind, floor in floors.items()}},
            "weights": {"png": "weights.png"},
        }

    record = build(
        shop.folder("search_fusion"),
        inputs={
            **shop.versions("product_embeddings", "modality_vectors", "splits"),
            "listings": listings_version(products),
            **{f"judgements/{path.name}": file_hash(path) for path in files},
        },
        code_version="3",
        settings=[],
        compute=compute,
    )
    return result("search_fusion", record)


def _lessons(shop: Shop, products: pd.DataFrame, judged: bool) -> list[Any]:
    """Lessons of held-out listings, and of the shop's judgements where there are any."""
    from catalog.snapshot.media_store import MediaStore
    from models.inference.product_encoder import ProductEncoder
    from releases.search_parts import load_modalities
    from retrieval.lexical.index import LexicalIndex
    from retrieval.ranking.fusion import FusionModel
    from retrieval.ranking.hybrid import HybridSearch
    from retrieval.ranking.training.catalogue import Embedded, lessons_of_listings
    from retrieval.ranking.training.held_out import judged_by_people
    from retrieval.ranking.training.judgements import read_judgements
    from retrieval.vectors import load_index

    encoder = ProductEncoder.load(champion_model(shop.workspace))
    vectors = np.load(shop.folder("product_embeddings") / "embeddings.npy", allow_pickle=False)
    classes = encoder.classify_vectors(vectors) if encoder.labels else None
    alone = load_modalities(shop.folder("modality_vectors") / "vectors")
    catalogue = Embedded(products, vectors, classes, alone.get("image"), alone.get("audio"))
    split = pd.read_parquet(shop.folder("splits") / "splits.parquet").set_index("product_id")["split"]
    sides = products["product_id"].map(split).tolist()
    media = MediaStore.open(shop.workspace.snapshot)
    found = lessons_of_listings(catalogue, sides, media.read, encoder)
    if judged:
        words = LexicalIndex.load(shop.folder("lexical_index") / "index", len(products))
        index = load_index(shop.folder("search_index") / "index", vectors)
        search = HybridSearch(words, index, vectors, FusionModel.fallback(), classes)
        rows = {product: row for row, product in enumerate(products["product_id"])}
        judgements = read_judgements(shop.workspace.root / "judgements")
        found += judged_by_people(search, judgements, rows, encoder)
    return found


def release_parts(shop: Shop) -> Mapping[str, Any]:
    """What the release holds for search, as `releases.write_release` takes it."""
    from releases.search_parts import load_modalities, search_part_writers
    from retrieval.lexical.index import LexicalIndex
    from retrieval.ranking.floors import load_floors
    from retrieval.ranking.fusion import FusionModel

    return search_part_writers(
        LexicalIndex.load(shop.folder("lexical_index") / "index"),
        FusionModel.load(shop.folder("search_fusion") / "search_fusion.json"),
        load_modalities(shop.folder("modality_vectors") / "vectors"),
        pd.read_parquet(shop.folder("bought_together") / "bought_together.parquet"),
        load_floors(shop.folder("search_fusion") / "search_floors.json"),
    )
