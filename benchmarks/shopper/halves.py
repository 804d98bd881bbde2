"""People's judgements learned from: half of the queries teach, the other half are asked.

The release's own learning is used, with the lessons that it makes of the listings, and the release that comes
of it answers whole. The simple rival, reciprocal ranks, answers the same halves.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.shopper.intention import FIRST, generator
from benchmarks.shopper.judged import judged_queries, ndcg, write_judgements
from catalog.snapshot.media_store import MediaStore
from models.inference.product_encoder import ProductEncoder
from releases import Release, current_id
from releases.in_memory import InMemoryRelease
from releases.opened import OpenedRelease
from releases.search_learning import LearnedFrom, learn_search, search_lessons
from releases.search_parts import MODALITIES, OWN, release_lexical, release_tables
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.training.held_out import Lesson
from shelfspace.settings import Media

__all__ = ["halved", "learned_figure"]

HALVES = 20
PEOPLE = "judgement"
"""Kind of the lessons that people's judgements are."""


def learned_figure(root: Path, scratch: Path, halves: int = HALVES) -> dict[str, Any]:
    """`value`, mean nDCG@10 over the queries asked; `simple`, that of reciprocal ranks; how many were asked.

    Args:
        root: a released workspace of judged_search.
        scratch: an empty folder.
    """
    release = Release.load(root / "releases" / str(current_id(root)))
    judgements = judged_queries()
    lessons = lessons_of(root, release, judgements, scratch)
    # In alphabetical order, as lessons of judgements are made.
    queries = sorted(judgements)
    people = dict(zip(queries, (one for one in lessons if one.kind == PEOPLE), strict=True))
    made = [one for one in lessons if one.kind != PEOPLE]
    source = source_of(root, release, scratch / "none")
    FusionModel.fallback().save(scratch / "search_fusion.json")
    rule = answered(with_parts(release, scratch, scratch / "simple"), queries, judgements)
    learned, simple = [], []
    for number in tqdm(range(halves), f"{root.name}, halves", mininterval=1):
        for turn, (taught, asked) in enumerate(halved(queries, number)):
            folder = scratch / f"half-{number}-{turn}"
            folder.mkdir()
            learn_search([*made, *(people[query] for query in taught)], source, folder)
            opened = with_parts(release, folder, scratch / "release")
            learned += answered(opened, asked, judgements).values()
            simple += [rule[query] for query in asked]
            shutil.rmtree(scratch / "release")
    value, rival = (float(np.mean(scores)) for scores in (learned, simple))
    return {"value": value, "queries": len(learned), "simple": rival, "halves": halves}


def halved(queries: Sequence[str], number: int) -> list[tuple[list[str], list[str]]]:
    """(taught, asked) of one random half, in both directions."""
    order = generator(f"half {number}").permutation(len(queries)).tolist()
    parts = order[: len(order) // 2], order[len(order) // 2 :]
    one, other = (sorted(queries[place] for place in part) for part in parts)
    return [(one, other), (other, one)]


def source_of(root: Path, release: Release, judgements: Path) -> LearnedFrom:
    """What the release's search was learned from, with other judgements."""
    sides = pd.read_parquet(root / "prepared" / "splits" / "splits.parquet").set_index("product_id")["split"]
    return LearnedFrom(
        products=release.products,
        vectors=np.asarray(release.embeddings),
        alone=release_tables(release, MODALITIES),
        own=release_tables(release, OWN),
        sides=release.products["product_id"].map(sides).tolist(),
        model=release.id,
        code="",
        judgements=judgements,
    )


def lessons_of(
    root: Path, release: Release, judgements: Mapping[str, Mapping[str, int]], scratch: Path
) -> list[Lesson]:
    """Lessons of the listings, and of all judgements."""
    write_judgements(judgements, scratch / "judgements")
    source = source_of(root, release, scratch / "judgements")
    encoder = ProductEncoder.load(release.model_folder)
    media = MediaStore.open(root / "snapshot")
    # As the release is read: the words of an older one are indexed anew.
    words = scratch / "words"
    words.mkdir()
    release_lexical(release).save(words)
    return search_lessons(source, encoder, media, words, release.folder / "index")


def with_parts(release: Release, parts: Path, folder: Path) -> OpenedRelease:
    """A release in which files of another folder stand for its own of the same names."""
    folder.mkdir()
    for own in release.folder.iterdir():
        other = parts / own.name
        (folder / own.name).symlink_to((other if other.is_file() else own).resolve())
    return OpenedRelease(InMemoryRelease.load(Release.load(folder, verify=False), Media()))


def answered(
    opened: OpenedRelease, queries: Sequence[str], judgements: Mapping[str, Mapping[str, int]]
) -> dict[str, float]:
    """nDCG@10 of each query."""
    found = {query: opened.search(query, k=FIRST)["product_id"].tolist() for query in queries}
    return {query: ndcg(ids, judgements[query]) for query, ids in found.items()}
