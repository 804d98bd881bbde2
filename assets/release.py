"""Release: vectors, index and model of the champion, together in one immutable folder."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from assets.graph import graph_on
from assets.insights import INSIGHTS
from assets.lib.checks import build_check
from assets.lib.learning import read_catalogue
from assets.lib.presentation import table_fact
from assets.lib.provenance import made_table, provenance, release_made_by
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from assets.lib.watched import described_catalogue, learned_ids, own_vectors
from catalog.deliveries.milestones import mark_released
from releases import Release, current_id
from releases.champion import champion_model, champion_paper, check_papers, crowned, prune_champions
from releases.references import prune_references
from releases.waiting import spared, waits_for_a_person
from shelfspace.files import read_json, write_json, write_table

__all__ = ["CHECKS", "product_embeddings", "release", "search_index"]

releasing = partial(stage, group="release", owners=["team:serving"])


@releasing(
    folder="state/product_embeddings",
    deps=["champion", "products", "texts", "raw_media", "quarantine"],
    judged=["quarantine"],
    settings=lambda shop: [shop.settings.features.model_dump(include={"text_encoder", "image_encoder"})],
    kinds={"torch", "numpy"},
    code_version="2",
    description="One vector a product by the champion, and what it names it; only changed ones are computed.",
)
def product_embeddings(shop: Shop, folder: Path) -> Facts:
    """Embed every product that has any modality, through a ledger keyed by content and model."""
    from models.evaluation.map_kept import MAP, draw_or_keep
    from models.features.catalogue import embed_catalogue
    from models.inference.product_encoder import ProductEncoder
    from releases.look.evidence import keep_evidence, kept_evidence

    model, catalogue, level = champion_model(shop.workspace), read_catalogue(shop), shop.source.label_level
    encoder = ProductEncoder.load(model, device=shop.settings.features.device)
    embedded = embed_catalogue(encoder, catalogue, level=level)
    # What later deliveries make of the holdout is seen beside what it is now.
    keep_evidence(kept_evidence(shop.workspace, model.name), encoder, catalogue, shop.split()["split"], level)
    np.save(folder / "embeddings.npy", embedded.vectors)
    write_table(folder / "embedded.parquet", embedded.table)
    share, before = shop.settings.release.relearn_share, shop.folder("product_embeddings")
    kept = draw_or_keep(before, embedded.table, embedded.vectors, model.name, share, folder)
    return {
        "dagster/row_count": len(embedded.vectors),
        "dimensions": int(embedded.vectors.shape[1]),
        "map": {"png": MAP},
        **({"map_kept": kept} if kept else {}),
        "computed_rows": embedded.computed,
        "reused_rows": embedded.reused,
    }


@releasing(
    folder="state/search_index",
    deps=["product_embeddings"],
    settings=lambda shop: [shop.settings.release.model_dump(exclude={"keep", "promotion", "relearn_share"})],
    kinds={"faiss"},
    code_version="2",
    description="Nearest-neighbour index over the vectors, with the recall it was measured to have.",
)
def search_index(shop: Shop, folder: Path) -> Facts:
    """Build the index from the embeddings; approximate only where measured recall allows."""
    from retrieval.vectors import build_index

    vectors = shop.vectors()
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


def _there(shop: Shop, facts: Facts) -> bool:
    """Whether the release that was made is there and any is live; which one is somebody's decision.

    Raises:
        ArtifactError: it is there and damaged.
    """
    made = shop.workspace.releases / str(facts["release"])
    if not made.is_dir() or current_id(shop.workspace.root) is None:
        return False
    Release.load(made)
    return True


def _shown(shop: Shop) -> Facts:
    """What of a release depends on the moment: the deliveries that came with it, what made it, and whether it
    waits.

    Also where nothing is made anew: then the release has had it all before.
    """
    made, said = str(shop.record("release").facts["release"]), waits_for_a_person(shop.workspace)
    told: Facts = {"waits": said[0]} if said else {}
    for sentence in said:
        tqdm.write(f"  {sentence}", file=sys.stderr)
    by = made_table(Release.load(shop.workspace.releases / made, verify=False).manifest.get("made_by", {}))
    return {
        "deliveries": mark_released(shop.workspace, made),
        "made_by": table_fact(by, len(by), 60),
        "make_it_again": shop.workspace.command("reproduce", RELEASE=made),
        **told,
    }


PARTS = (
    "product_embeddings",
    "search_index",
    "products",
    "stock",
    "splits",
    "lexical_index",
    "modality_vectors",
    *INSIGHTS,
    "search_fusion",
    "champion",
)


@releasing(
    folder="release",
    deps=[*PARTS, "texts", "graph_vectors"],
    inputs=PARTS,
    # While it is off, the release depends on nothing of the graph.
    also=lambda shop: shop.versions("graph_vectors") if graph_on(shop) else {},
    kinds={"python"},
    there=_there,
    shown=_shown,
    code_version="4",
    description="Model, vectors, index, data version and metrics in one folder, named by `current`.",
    op="write_release",
)
def release(shop: Shop, folder: Path) -> Facts:
    """Write the release and move the pointer to it; the same content gives the same release."""
    from models.features.store import prune_stores
    from releases import go_live, prune, write_release
    from releases.contents import graph_part, keep_reference, release_parts, released_card, with_stock
    from retrieval.ranking.answers import floors_said, load_answers
    from retrieval.ranking.fusion import FusionModel
    from retrieval.vectors import load_index

    workspace, vectors = shop.workspace, shop.vectors()
    model = champion_model(workspace)
    check_papers(workspace)
    graph = shop.folder("graph_vectors") if graph_on(shop) else None
    metrics = read_json(champion_paper(model, "metrics.json"))
    read = [path.stem for path in (shop.folder("modality_vectors") / "vectors").glob("*.npy")]
    # A release travels with the service, whose readers need not know what the shop pays.
    products = with_stock(shop.embedded_products(), shop.table("stock")).drop(columns="cost", errors="ignore")
    # Where the catalogue does not say it, shoppers filter by the language that was detected.
    # Drift goes on comparing what the catalogue says, or the filling itself would count as one.
    languages = list(read_catalogue(shop, list(products["product_id"])).texts["language"])
    made = write_release(
        workspace.releases,
        model,
        product_ids=list(products["product_id"]),
        embeddings=vectors,
        index=load_index(shop.folder("search_index") / "index", vectors),
        products=products.assign(language=languages),
        metrics=metrics,
        provenance={**provenance(shop), "champion": model.name, "created_at": crowned(workspace)},
        made_by=release_made_by(shop),
        model_card=released_card(
            champion_paper(model, "model_card.md").read_text(),
            FusionModel.load(shop.folder("search_fusion") / "search_fusion.json"),
            floors_said(load_answers(shop.folder("search_fusion") / "search_answers.json"), read),
            None if graph is None else read_json(graph / "verdict.json"),
        ),
        parts=release_parts(
            model,
            lexical=shop.folder("lexical_index"),
            fusion=shop.folder("search_fusion"),
            modalities=shop.folder("modality_vectors"),
            insights={name: shop.folder(name) for name in INSIGHTS},
            graph=graph,
            split=shop.folder("splits") / "splits.parquet",
        ),
        **({} if graph is None else graph_part(graph)),
    )
    settings = shop.settings.release
    go_live(workspace, made.id, shop.cause or "asked for", ask=settings.promotion == "ask")
    deleted = {
        "releases": prune(workspace.root, settings.keep, spared=spared(workspace)),
        "models": prune_champions(workspace),
        "kept of models": prune_references(workspace),
    }
    for stores in ("features", "embeddings"):
        prune_stores(workspace.state / stores)
    reference = workspace.state / "reference" / model.name
    if not reference.exists():
        seen = described_catalogue(shop, learned_ids(shop))
        keep_reference(reference, products, vectors, seen, own_vectors(shop))
    write_json(folder / "release.json", {"release": made.id, "folder": f"releases/{made.id}"})
    return {
        "release": made.id,
        "products": len(products),
        "release_folder": {"path": str(made.folder)},
        "metrics": {"json": metrics},
        **({"deleted": {"json": deleted}} if any(deleted.values()) else {}),
    }


def _recall(shop: Shop) -> Any:
    from data_checks.checks.vectors import recall_measured

    return recall_measured(read_json(shop.folder("search_index") / "measured.json"), shop.settings.release)


CHECKS = [
    build_check("search_index", "recall_measured", "The index finds what an exact scan finds.", _recall),
]
