"""A release measured on judgements that people made.

The queries are divided into five parts; the fusion that ranks for one learned from the other four.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search.report import rows_of
from benchmarks.search.runner import PARTS, FoldResult, Query, judged, learned, measure_queries
from catalog.product import ProductInput
from models.inference.product_encoder import ProductEncoder
from releases import Release
from releases.search_parts import search_of
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.training.judgements import read_judgements
from shelfspace.errors import InputError

__all__ = ["measure_release", "release_queries"]


def release_queries(
    judgements: Mapping[str, Mapping[str, int]], release: Release, encoder: ProductEncoder
) -> list[Query]:
    """The judged queries as the release's encoder reads them, in alphabetical order.

    Raises:
        InputError: a judged product that the release lacks.
    """
    texts = sorted(judgements)
    items = [ProductInput(title=text) for text in texts]
    features = encoder.featurize(items, queries=True)
    encoded = encoder.encode_features(features)
    own = encoder.own_evidence(features, encoded.vectors)
    queries = []
    for place, text in enumerate(texts):
        grades = np.zeros(len(release.product_ids), dtype=np.int8)
        for product, grade in judgements[text].items():
            if product not in release.rows:
                raise InputError("product_id", product, f"judge products of release {release.id}")
            grades[release.rows[product]] = grade
        said = encoded.vectors[place], encoded.probabilities[place]
        queries.append(Query(text, *said, grades, own[place], "judgement", place))
    return queries


def measure_release(folder: Path, release_folder: Path) -> list[dict[str, Any]]:
    """Rows of the report for one release.

    Raises:
        InputError: fewer than five queries with a relevant product, or as `read_judgements`.
    """
    release = Release.load(release_folder)
    encoder = ProductEncoder.load(release.model_folder)
    queries = release_queries(read_judgements(folder).grades, release, encoder)
    if sum(bool(query.grades.any()) for query in queries) < PARTS:
        raise InputError("judgements", len(queries), f"judge {PARTS} queries with a relevant product or more")
    return rows_of({"with": crossed(search_of(release, encoder), queries)})


def crossed(search: HybridSearch, queries: Sequence[Query]) -> list[FoldResult]:
    """Each fifth of the queries, by a fusion that learned from the others."""
    # Queries without an answer teach, but there is nothing to measure on them.
    asked = [query for query in queries if query.grades.any()]
    lost = [query for query in queries if not query.grades.any()]
    results = []
    for part in range(PARTS):
        held = asked[part::PARTS]
        others = [query for i, query in enumerate(asked) if i % PARTS != part]
        fusion = learned(judged(search, [*others, *lost]))
        by_it = copy(search)
        by_it.fusion = fusion
        results.append(FoldResult({"judged": measure_queries(by_it, held)}, [], [], fusion))
    return results
