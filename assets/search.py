"""Search: words, vectors by modality, and how words and vectors are fused."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assets.lib.learning import read_catalogue
from assets.lib.presentation import table_fact
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from catalog.listings import listings_version
from releases.champion import champion_model
from shelfspace.hashing import file_hash

if TYPE_CHECKING:
    from releases.search_learning import LearnedFrom

__all__ = ["lexical_index", "modality_vectors", "search_fusion"]

search = partial(stage, group="release", owners=["team:serving"])
LEARNING = "9"
"""Code version of what is learned of search."""


def _words(shop: Shop) -> list[Any]:
    from retrieval.lexical.tokens import tokens_code

    return [tokens_code(), {path: dict(names) for path, names in shop.source.names.items()}]


@search(
    folder="state/lexical_index",
    deps=["product_embeddings", "products"],
    inputs=[],
    judged=["products", "quarantine"],
    also=lambda shop: {"listings": listings_version(shop.embedded_products())},
    settings=_words,
    kinds={"numpy"},
    code_version="2",
    description="BM25 over the words of every product, English stemmed and Chinese cut.",
)
def lexical_index(shop: Shop, folder: Path) -> Facts:
    """Index title, brand, attributes, category with its names, and description, rows as the vectors have
    them."""
    from retrieval.lexical.index import LexicalIndex

    index = LexicalIndex.build(shop.embedded_products(), categories=shop.source.names)
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


@search(
    folder="state/modality_vectors",
    deps=["product_embeddings", "products", "texts", "raw_media", "champion"],
    inputs=["product_embeddings", "raw_media"],
    judged=["products", "quarantine"],
    kinds={"torch", "numpy"},
    code_version="4",
    description="Each product seen through one modality alone, and as the modality's encoder knew it before "
    "training: evidence of its own for search, and what says why.",
)
def modality_vectors(shop: Shop, folder: Path) -> Facts:
    """Embed by text, photo and sound alone, through the same ledger as the whole product."""
    from models.inference.by_modality import modality_vectors as seen_by_modality
    from models.inference.product_encoder import ProductEncoder
    from models.inference.steadying import kept_maps
    from releases.search_parts import save_tables

    encoder = ProductEncoder.load(champion_model(shop.workspace), device=shop.settings.features.device)
    products = shop.embedded_products()
    encoder.own_maps = kept_maps(encoder, shop.workspace.state, partial(_files, shop, products))
    save_tables(folder / "own_maps", encoder.own_maps)
    seen = seen_by_modality(encoder, read_catalogue(shop, list(products["product_id"])))
    save_tables(folder / "vectors", seen.alone)
    save_tables(folder / "own", seen.own)
    there = {name: int(np.any(table != 0, axis=1).sum()) for name, table in seen.alone.items()}
    tables = [*seen.alone.values(), *seen.own.values()]
    return {
        "dagster/row_count": len(next(iter(seen.alone.values()), ())),
        "products_by_modality": {"json": there},
        "own_vectors": {"json": {name: table.shape[1] for name, table in sorted(seen.own.items())}},
        "megabytes": round(sum(table.nbytes for table in tables) / 1e6, 1),
        "computed_rows": seen.computed,
        "reused_rows": len(products) * len(seen.alone) - seen.computed,
    }


def _files(shop: Shop, products: pd.DataFrame, modality: str) -> Iterator[bytes]:
    """First photos or sounds of products all over the catalogue; those that are lost are left out."""
    keys = products["photos" if modality == "image" else "sounds"]
    there = [str(cell[0]) for cell in keys if len(cell)]
    media = shop.media
    for key in np.random.default_rng(0).permutation(np.array(there, object)).tolist():
        data = media.read(key)
        if data is not None:
            yield data


def _listings_and_judgements(shop: Shop) -> dict[str, str]:
    files = sorted((shop.workspace.root / "judgements").glob("*.csv"))
    return {
        "listings": listings_version(shop.embedded_products()),
        **{f"judgements/{path.name}": file_hash(path) for path in files},
        **(shop.versions("click_judgements") if len(shop.table("click_judgements")) else {}),
    }


@search(
    folder="state/search_fusion",
    deps=[
        "product_embeddings",
        "search_index",
        "lexical_index",
        "modality_vectors",
        "raw_media",
        "splits",
        "champion",
        "click_judgements",
    ],
    inputs=["product_embeddings", "modality_vectors", "splits"],
    judged=["search_index"],
    also=_listings_and_judgements,
    kinds={"scipy"},
    code_version=LEARNING,
    description="How words and vectors are put together, learned from listings the encoder has not learned "
    "from, from the shop's own judgements and, at little weight, from clicks.",
)
def search_fusion(shop: Shop, folder: Path) -> Facts:
    """Learn on validation rows asked of training rows; test rows ask nothing, so that claims stay clean."""
    from models.inference.product_encoder import ProductEncoder
    from releases.search_learning import FEWEST, keep_learned, learn_search, search_lessons
    from releases.search_parts import load_tables
    from retrieval.ranking.answers import floors_said

    source = _learned_from(shop)
    kept = keep_learned(shop.folder("search_fusion"), source, shop.settings.release.relearn_share, folder)
    if kept:
        return {**shop.record("search_fusion").facts, "kept": kept}
    encoder = ProductEncoder.load(champion_model(shop.workspace))
    encoder.own_maps = load_tables(shop.folder("modality_vectors") / "own_maps")
    lessons = search_lessons(
        source,
        encoder,
        shop.media,
        shop.folder("lexical_index") / "index",
        shop.folder("search_index") / "index",
    )
    made = learn_search(lessons, source, folder)
    said = made.fusion.describe()
    kinds = pd.DataFrame(said).T.drop(columns="compared", errors="ignore").reset_index(names="kind")
    compared = {kind: one["compared"]["said"] for kind, one in said.items() if "compared" in one}
    figures = table_fact(pd.DataFrame(made.figures).T.reset_index(names="query").round(3))
    return {
        "fusion": "compared with simple rules"
        if made.learned
        else f"simple rules: {made.useful} of {FEWEST} judged queries",
        "kinds_of_query": table_fact(kinds),
        "learned_or_rule": {"json": compared},
        "queries": {"json": made.queries},
        "judgement_files": len(source.judgement_files()),
        **({"queries_that_clicks_judged": len(source.clicks.grades)} if source.clicks.grades else {}),
        "ndcg_at_10_on_queries_left_out": figures if made.learned else "not measured",
        "score_floors": {"json": {kind: round(floor, 4) for kind, floor in made.floors.items()}},
        "no_answer": {"json": floors_said(made.answers, encoder.modalities)},
        "weights": {"png": "weights.png"},
    }


def _learned_from(shop: Shop) -> "LearnedFrom":
    from releases.search_learning import LearnedFrom
    from releases.search_parts import load_tables
    from retrieval.ranking.training.judgements import judgements_of

    products = shop.embedded_products()
    return LearnedFrom(
        products=products,
        vectors=shop.vectors(),
        alone=load_tables(shop.folder("modality_vectors") / "vectors"),
        own=load_tables(shop.folder("modality_vectors") / "own"),
        sides=products["product_id"].map(shop.split()["split"]).tolist(),
        model=champion_model(shop.workspace).name,
        code=LEARNING,
        judgements=shop.workspace.root / "judgements",
        clicks=judgements_of(shop.table("click_judgements")),
    )
