"""Mixed queries measured on the lessons of a workspace: a word with a photo, a sound or a product.

Validation listings ask, training listings are found (`retrieval.ranking.training.mixed`). The lessons are
divided into five parts by listing; the fusion that ranks for one learned from the other four.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.search.report import interval
from catalog.snapshot.media_store import MediaStore
from models.inference.product_encoder import ProductEncoder
from releases import Release, current_id
from releases.search_parts import MODALITIES, release_tables
from retrieval.ranking.candidates import MIXED
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.metrics import ndcg
from retrieval.ranking.training.catalogue import Embedded, lessons_of_listings
from retrieval.ranking.training.held_out import Lesson, left_out
from shelfspace.errors import InputError
from shelfspace.workspace import Workspace

__all__ = ["measure_mixes", "mixes_table", "rows_of_mixes", "workspace_lessons"]

SYSTEMS = ("words", "vectors", "reciprocal_ranks", "fused")
WEIGHTS = (0.25, 0.5, 1.0, 1.5, 1.75)
"""What the words weigh, of two parts that weigh 2 together."""


def workspace_lessons(workspace: Workspace) -> list[Lesson]:
    """Lessons of a workspace's release.

    Raises:
        InputError: the workspace has no release.
    """
    name = current_id(workspace.root)
    if not name:
        raise InputError("workspace", str(workspace.root), "run the chain first; it has no release")
    release = Release.load(workspace.root / "releases" / name)
    encoder = ProductEncoder.load(release.model_folder)
    products = pd.read_parquet(workspace.root / "prepared" / "catalogue" / "products.parquet")
    products = products.set_index("product_id").loc[list(release.product_ids)].reset_index()
    split = pd.read_parquet(workspace.root / "prepared" / "splits" / "splits.parquet")
    sides = products["product_id"].map(split.set_index("product_id")["split"]).tolist()
    vectors = np.asarray(release.embeddings)
    alone = release_tables(release, MODALITIES)
    classes = encoder.classify_vectors(vectors) if encoder.labels else None
    catalogue = Embedded(products, vectors, classes, alone.get("image"), alone.get("audio"))
    return lessons_of_listings(catalogue, sides, MediaStore.open(workspace.snapshot).read, encoder)


def measure_mixes(workspace: Workspace) -> dict[str, Any]:
    """The JSON-able figures of one workspace."""
    tried = list(left_out(workspace_lessons(workspace)))
    return {"catalogue": workspace.name, "rows": rows_of_mixes(tried), "weights": levels_of(tried)}


def rows_of_mixes(tried: Sequence[tuple[FusionModel, Sequence[Lesson]]]) -> list[dict[str, Any]]:
    """nDCG@10 by kind and system, and how far fused lies above each other, paired by part.

    Args:
        tried: lessons with the fusion that ranks them.
    """
    rows = []
    for kind in MIXED:
        parts = [[one for one in asked if one.kind == kind] for _, asked in tried]
        if not all(parts):
            continue
        means: dict[str, np.ndarray] = {}
        for system in SYSTEMS:
            scored = [
                float(np.mean([quality(one, system, fusion) for one in own]))
                for (fusion, _), own in zip(tried, parts, strict=True)
            ]
            means[system] = np.array(scored)
        row: dict[str, Any] = {"judgements": kind, "queries": sum(map(len, parts))}
        row |= {system: round(float(values.mean()), 4) for system, values in means.items()}
        for system in SYSTEMS[:-1]:
            names = ("difference", "low", "high")
            found = interval(means["fused"] - means[system])
            row[f"fused_less_{system}"] = {
                name: round(value, 4) for name, value in zip(names, found, strict=True)
            }
        row["taught_by"] = [fusion.describe()[kind].get("taught_by", "others") for fusion, _ in tried]
        rows.append(row)
    return rows


def quality(one: Lesson, system: str, fusion: FusionModel) -> float:
    """nDCG@10 of one query by one system."""
    found = one.judged.candidates
    scores = {
        "words": lambda: found.lexical,
        "vectors": lambda: found.cosine,
        "reciprocal_ranks": lambda: FusionModel.fallback().scores(found),
        "fused": lambda: fusion.scores(found),
    }[system]()
    order = np.lexsort((found.rows, -np.round(scores, 9)))
    return ndcg(one.judged.grades[order], one.grades)


def levels_of(tried: Sequence[tuple[FusionModel, Sequence[Lesson]]]) -> list[dict[str, Any]]:
    """What other weights do to the same candidates: the first hit's score, and how many of the first ten have
    the word and how many are of the category."""
    rows = []
    for kind in MIXED:
        for weight in WEIGHTS:
            first, worded, inside = [], [], []
            for fusion, asked in tried:
                for one in asked:
                    if one.kind != kind:
                        continue
                    found = replace(one.judged.candidates, words_weight=weight)
                    order, scores = fusion.rank(found)
                    first.append(float(scores[0]))
                    worded.append(float((found.lexical[order[:10]] > 0).mean()))
                    inside.append(float((one.judged.grades[order[:10]] > 0).mean()))
            if first:
                rows.append(
                    {
                        "judgements": kind,
                        "words_weight": weight,
                        "first_score_median": round(float(np.median(first)), 4),
                        "have_the_word": round(float(np.mean(worded)), 4),
                        "of_the_category": round(float(np.mean(inside)), 4),
                    }
                )
    return rows


def mixes_table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    gaps = [f"fused less {name.replace('_', ' ')}" for name in SYSTEMS[:-1]]
    head = ["judgements", *(name.replace("_", " ") for name in SYSTEMS), *gaps]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in found["rows"]:
        cells = [f"{row['judgements'].replace('_', ' ')} ({row['queries']})"]
        cells += [f"{row[name]:.3f}" for name in SYSTEMS[:-1]] + [f"**{row['fused']:.3f}**"]
        for name in SYSTEMS[:-1]:
            gap = row[f"fused_less_{name}"]
            cells.append(f"{gap['difference']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f})")
        lines.append("| " + " | ".join(cells) + " |")
    head = ["judgements", "words weigh", "first score (median)", "have the word", "of the category"]
    lines += ["", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in found["weights"]:
        cells = [row["judgements"].replace("_", " "), f"{row['words_weight']:g} of 2"]
        cells += [f"{row['first_score_median']:.2f}"]
        cells += [f"{row[name]:.2f}" for name in ("have_the_word", "of_the_category")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
