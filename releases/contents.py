"""What goes into a release beside its model: the fields that are shown, and what search and pages read."""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from releases.champion import champion_paper
from releases.insights import insight_parts
from releases.search_parts import load_tables, search_part_writers
from retrieval.lexical.index import LexicalIndex
from retrieval.ranking.answers import load_answers
from retrieval.ranking.floors import load_floors
from retrieval.ranking.fusion import FusionModel
from retrieval.vectors import load_index
from shelfspace.files import atomic_directory, read_array, read_json, seal_folder, write_table

__all__ = ["GRAPH", "SPLIT", "graph_part", "keep_reference", "release_parts", "released_card", "with_stock"]

SPLIT = "made_from/splits.parquet"
"""Part with the frozen split as it stood: product_id, group, split."""
GRAPH = "graph.json"
"""Part that says who finds what is like a product, refined vectors or those as they are."""


def with_stock(products: pd.DataFrame, stock: pd.DataFrame) -> pd.DataFrame:
    """Products with their latest count and lead time, in the order of the products."""
    latest = stock.drop_duplicates("product_id", keep="last")[["product_id", "on_hand", "lead_time_days"]]
    return products.merge(latest, on="product_id", how="left", validate="one_to_one")


def release_parts(
    model: Path,
    lexical: Path,
    fusion: Path,
    modalities: Path,
    insights: Mapping[str, Path],
    graph: Path | None = None,
    split: Path | None = None,
) -> Mapping[str, Callable[[Path], None]]:
    """Parts as `releases.write_release` takes them.

    Args:
        model: the champion's folder; its evaluation, which the release page shows, lies beside it.
        lexical, fusion, modalities: folders that hold the index of words, what was learned of search, and
            the vectors by modality.
        insights: application to its folder.
        graph: folder of the refined vectors; None where the graph is off.
        split: file of the frozen split, without which the release could not be made again.
    """
    parts = search_part_writers(
        LexicalIndex.load(lexical / "index"),
        FusionModel.load(fusion / "search_fusion.json"),
        load_tables(modalities / "vectors"),
        load_floors(fusion / "search_floors.json"),
        load_tables(modalities / "own"),
        load_answers(fusion / "search_answers.json"),
        load_tables(modalities / "own_maps"),
    )
    judged = champion_paper(model, "evaluation.json")
    if split is not None:
        parts |= {SPLIT: partial(shutil.copyfile, split)}
    parts |= insight_parts(insights)
    if graph is not None:
        parts |= {GRAPH: partial(shutil.copyfile, graph / "verdict.json")}
    return {**parts, "evaluation.json": partial(shutil.copyfile, judged)} if judged.is_file() else parts


def released_card(
    card: str,
    fusion: FusionModel,
    floors: Mapping[str, Mapping[str, Any]],
    graph: Mapping[str, Any] | None = None,
) -> str:
    """A model card with who ranks each kind of query and who answers what is like a product, and by how much
    they won, and what finds nothing.

    Args:
        floors: as `retrieval.ranking.answers.floors_said` has them.
        graph: `models.graph.catalogue.RefinedCatalogue.verdict`; None where the graph is off.
    """
    lines = [
        "## Who ranks a query",
        "",
        "| kind | ranked by | compared on queries left out |",
        "|---|---|---|",
    ]
    for kind, said in fusion.describe().items():
        found = said.get("compared", {}).get("said", "not compared: too few queries")
        lines.append(f"| {kind} | {said['weights_of']} | {found} |")
    lines += [
        "",
        "## What finds nothing",
        "",
        "| kind | without an answer | of those, found nothing | with one | of those, wrongly empty |",
        "|---|---|---|---|---|",
    ]
    for kind, one in floors.items():
        if "no_floor" in one:
            lines.append(f"| {kind} | {one['no_floor']} | | | |")
        else:
            names = ("without_answer", "nothing_when_nothing", "queries", "wrongly_empty")
            lines.append(f"| {kind} | {' | '.join(str(one[name]) for name in names)} |")
    if graph is not None:
        by = f"vectors refined by {graph['encoder']}" if graph["used"] else "the vectors as they are"
        like = f"Found by {by}. Recall of what is bought next, on later baskets: {graph['said']}."
        lines += ["", "## What is like a product", "", like]
    return "\n".join([card.rstrip("\n"), "", *lines, ""])


def graph_part(folder: Path) -> dict[str, Any]:
    """Vectors refined by co-purchases and their index, as `releases.write_release` takes them; nothing where
    they did not win."""
    if not read_json(folder / "verdict.json")["used"]:
        return {}
    refined = read_array(folder / "graph_embeddings.npy")
    return {"graph_embeddings": refined, "graph_index": load_index(folder / "index", refined)}


def keep_reference(
    folder: Path,
    products: pd.DataFrame,
    vectors: np.ndarray,
    described: pd.DataFrame | None = None,
    own: Mapping[str, np.ndarray] | None = None,
) -> None:
    """What drift is measured against: the catalogue as the champion first embedded it, written once.

    Args:
        described: `data_checks.drift.described.described` of those products.
        own: name to (n, d) of what modalities say of them before any training.
    """
    if folder.exists():
        return
    with atomic_directory(folder) as temporary:
        write_table(temporary / "products.parquet", products)
        np.save(temporary / "embeddings.npy", vectors)
        if described is not None:
            write_table(temporary / "described.parquet", described)
        for name, table in (own or {}).items():
            np.save(temporary / f"own-{name}.npy", table)
        seal_folder(temporary)
