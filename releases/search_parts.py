"""Hybrid search over a release: its vectors and index, its products' words, its classes, its fusion."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from releases import Release
from retrieval.catalogue.parts import SearchParts
from retrieval.catalogue.products import ProductFacts
from retrieval.filters.columns import Columns
from retrieval.lexical.index import FORMAT, LexicalIndex
from retrieval.lexical.tokens import tokens_code
from retrieval.query import Encoder
from retrieval.ranking.answers import AnswerFloor, load_answers, save_answers
from retrieval.ranking.colours import ColourWords
from retrieval.ranking.floors import load_floors, save_floors
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.kinship import told_columns
from shelfspace.files import read_array, read_json

__all__ = [
    "MAPS",
    "MODALITIES",
    "OWN",
    "load_tables",
    "release_floors",
    "release_fusion",
    "release_lexical",
    "release_tables",
    "save_tables",
    "search_of",
    "search_part_writers",
    "search_parts",
]

LEXICAL, FUSION, FLOORS = "lexical", "search_fusion.json", "search_floors.json"
ANSWERS, MODALITIES, OWN, MAPS = "search_answers.json", "modalities", "own", "own_maps"
"""Parts of a release; one without any of them is searched all the same."""


def search_part_writers(
    lexical: LexicalIndex,
    fusion: FusionModel,
    modalities: Mapping[str, np.ndarray],
    floors: Mapping[str, float] | None = None,
    own: Mapping[str, np.ndarray] | None = None,
    answers: Mapping[str, AnswerFloor] | None = None,
    own_maps: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Callable[[Path], None]]:
    """The parts as `releases.write_release` takes them.

    Args:
        modalities: name to (n, d) vectors of each product seen through that modality alone.
        floors: kind of query to the lowest score of a relevant hit; None for none.
        own: name to (n, d) vectors that the modalities' encoders had before training.
        answers: kind of query to what is no answer; None for none: then every candidate is one.
        own_maps: name to (d, d) map that the encoder's own vectors went through.
    """
    return {
        LEXICAL: lexical.save,
        FUSION: fusion.save,
        FLOORS: lambda path: save_floors(path, floors or {}),
        ANSWERS: lambda path: save_answers(path, answers or {}),
        MODALITIES: lambda folder: save_tables(folder, modalities),
        **({OWN: lambda folder: save_tables(folder, own)} if own else {}),
        **({MAPS: lambda folder: save_tables(folder, own_maps)} if own_maps else {}),
    }


def save_tables(folder: Path, tables: Mapping[str, np.ndarray]) -> None:
    """One .npy file a name."""
    folder.mkdir()
    for name, vectors in sorted(tables.items()):
        np.save(folder / f"{name}.npy", vectors, allow_pickle=False)


def load_tables(folder: Path) -> dict[str, np.ndarray]:
    """What `save_tables` wrote, memory-mapped."""
    files = sorted(folder.glob("*.npy"))
    return {p.stem: np.asarray(read_array(p, mmap_mode="r")) for p in files}


def release_lexical(release: Release) -> LexicalIndex:
    """The release's words; read from its products where it has no index of them, or an older one.

    Raises:
        ArtifactError: the index is damaged.
    """
    folder = release.part(LEXICAL)
    made_by = {} if folder is None else read_json(folder / "lexical.json")
    if folder is None or (made_by.get("tokens"), made_by.get("format")) != (tokens_code(), FORMAT):
        return LexicalIndex.build(release.products, categories=made_by.get("categories", {}))
    return LexicalIndex.load(folder, len(release.product_ids))


def release_fusion(release: Release) -> FusionModel:
    """How the release puts words and vectors together; the rule where it does not say.

    Raises:
        ArtifactError: the weights are damaged, or of other features.
    """
    path = release.part(FUSION)
    return FusionModel.fallback() if path is None else FusionModel.load(path)


def release_floors(release: Release) -> dict[str, float]:
    """Kind of query to the lowest score of a relevant hit; {} where the release does not say.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = release.part(FLOORS)
    return {} if path is None else load_floors(path)


def release_answers(release: Release) -> dict[str, AnswerFloor]:
    """Kind of query to what is no answer; {} of a release from before that was asked.

    Raises:
        ArtifactError: the file is damaged.
    """
    path = release.part(ANSWERS)
    return {} if path is None else load_answers(path)


def release_tables(release: Release, part: str) -> dict[str, np.ndarray]:
    """Name to (n, d) vectors of the products, memory-mapped; {} of a release from before there were any.

    Args:
        part: MODALITIES, of products seen through one modality alone, or OWN, by what a modality's encoder
            had before training.
    """
    folder = release.part(part)
    return {} if folder is None else load_tables(folder)


def search_of(
    release: Release,
    encoder: Encoder,
    fusion: FusionModel | None = None,
    lexical: LexicalIndex | None = None,
) -> HybridSearch:
    """Search over the products of a release.

    Args:
        fusion: default that of the release.
        lexical: over the release's products; default that of the release.
    """
    own = release_tables(release, MODALITIES) | release_tables(release, OWN)
    facts = ProductFacts(release.products)
    return HybridSearch(
        lexical or release_lexical(release),
        release.index,
        release.embeddings,
        fusion or release_fusion(release),
        encoder.classify_vectors(release.embeddings) if encoder.labels else None,
        own,
        ColourWords.learn(facts.title, facts.brand, own),
        told_columns(facts.category, encoder.labels),
    )


def search_parts(release: Release, encoder: Encoder) -> SearchParts:
    """All that a release brings to its search; of an older one, words are read from its products and the
    fusion is the rule."""
    products, facts = release.products, ProductFacts(release.products)
    parts = SearchParts(
        facts=facts,
        columns=Columns(products),
        lexical=release_lexical(release),
        fusion=release_fusion(release),
        classes=encoder.classify_vectors(release.embeddings) if encoder.labels else None,
        told=told_columns(facts.category, encoder.labels) if encoder.labels else None,
        modalities=release_tables(release, MODALITIES),
        own=release_tables(release, OWN),
        answers=release_answers(release),
        floors=release_floors(release),
    )
    _ = facts.named, parts.colours  # read now, so that no answer waits for them
    return parts
