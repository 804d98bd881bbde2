"""One fold: fit the fusion on queries of the training listings, then rank for the held-out ones.

Lessons of the fusion: titles of the training listings that the model did not learn from, a few words
of them, their photos, their titles spelt backwards (queries without an answer), and names of
categories. The second level's names are judged in turn: a fusion that ranks for a fifth of them learned
from the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.search.listings import Listings, name_of, terms
from benchmarks.search.vectors import FoldVectors, backwards, fold_rows, fragments
from retrieval.lexical.index import FIELD_WEIGHTS, LexicalIndex
from retrieval.ranking.fit import fit_fusion
from retrieval.ranking.fusion import FusionModel
from retrieval.ranking.hybrid import HybridSearch
from retrieval.ranking.metrics import ndcg
from retrieval.ranking.training.held_out import Lesson, left_out, lesson
from retrieval.ranking.training.rivals import chosen
from retrieval.vectors import ExactIndex

__all__ = [
    "METRICS",
    "PARTS",
    "SYSTEMS",
    "FoldResult",
    "Query",
    "judged",
    "measure",
    "measure_queries",
    "run_fold",
]

SYSTEMS = ("lexical", "dense", "fused")
METRICS = ("ndcg_at_10", "mrr", "recall_at_100")
PARTS = 5
"""Into which the second level's names are divided."""
LARGE = 10
"""Listings of a category whose name is reported apart as well: the data's protocol has no smaller classes."""
DEEPEST = 100
"""Places of a ranking that are looked at."""
MOST = 2
"""Grade of one of the same second-level category; a listing alone in its own asks nothing."""
FIRST_NAME = 1_000_000
"""Group of the first category's name, after those of listings."""


@dataclass(frozen=True)
class Query:
    """A query with the grade of every product of the gallery.

    Attributes:
        text: its words, "" for a photo.
        vector, classes: (d,) and (k,) of the encoder.
        grades: (gallery,).
        own: what it is compared by beside `vector` (`EncodedQuery.own`).
        kind, group: as those of a `Lesson`.
    """

    text: str
    vector: np.ndarray
    classes: np.ndarray
    grades: np.ndarray
    own: Mapping[str, np.ndarray] = field(default_factory=dict)
    kind: str = "title"
    group: int = 0


def made(found: FoldVectors, kind: str, name: str, row: int, text: str, grades: np.ndarray) -> Query:
    """A query of a listing or a category's name, seen as `FoldVectors` names it."""
    vector, classes, own = (getattr(found, f"{name}{what}")[row] for what in ("", "_classes", "_own"))
    compared = {"image": own} if name == "photo" else {"text": own, "title": own}
    return Query(text, vector, classes, grades, compared, kind, row + (FIRST_NAME if kind == "name" else 0))


def listing_queries(
    listings: Listings, found: FoldVectors, asking: np.ndarray, gallery: np.ndarray
) -> list[Query]:
    """Titles as queries; a listing without a second level asks nothing, nor one alone in its own."""
    return [
        made(found, "title", "title", int(row), listings.data.items[row].title, grades)
        for row in asking
        if (grades := listings.grades(row, gallery)).max() == MOST
    ]


def short_queries(
    listings: Listings, found: FoldVectors, asking: np.ndarray, gallery: np.ndarray
) -> list[Query]:
    """A few words of titles as queries, graded as their listings are."""
    cut = fragments(listings.data.texts("name"))
    return [
        made(found, "words", "short", int(row), cut[row], grades)
        for row in asking
        if terms(cut[row]) and (grades := listings.grades(row, gallery)).max() == MOST
    ]


def photo_queries(
    listings: Listings, found: FoldVectors, asking: np.ndarray, gallery: np.ndarray
) -> list[Query]:
    """Photos as queries, graded as their listings are."""
    return [
        made(found, "photo", "photo", int(row), "", grades)
        for row in asking
        if found.pictured[row] and (grades := listings.grades(row, gallery)).max() == MOST
    ]


def name_queries(
    listings: Listings, found: FoldVectors, names: Sequence[str], paths: Sequence[str], gallery: np.ndarray
) -> list[Query]:
    """Category names as queries, where the gallery has a member."""
    place = {name: i for i, name in enumerate(names)}
    queries = []
    for path in paths:
        i = place[name_of(path)]
        grades = listings.members(path, gallery)
        if grades.any():
            queries.append(made(found, "name", "name", i, name_of(path), grades))
    return queries


def searcher(
    listings: Listings, found: FoldVectors, gallery: np.ndarray, fusion: FusionModel, told: np.ndarray | None
) -> HybridSearch:
    """Search over some listings, their category path searchable and known as classes, or not (None)."""
    weights = {**FIELD_WEIGHTS, "category": int(told is not None)}
    lexical = LexicalIndex.build(listings.table.iloc[gallery], weights)
    vectors = np.ascontiguousarray(found.listing[gallery])
    own = {"text": found.listing_own, "title": found.title_own, "image": found.photo_own}
    return HybridSearch(
        lexical, ExactIndex(vectors), vectors, fusion, found.listing_classes[gallery],
        {name: np.ascontiguousarray(table[gallery]) for name, table in own.items()},
        told=None if told is None else told[gallery],
    )  # fmt: skip


def judged(search: HybridSearch, queries: Sequence[Query]) -> list[Lesson]:
    """Candidates of each query with their grades."""
    found = []
    for query in queries:
        asked = query.kind, query.group, query.text, query.grades
        beside = "" if query.text else "photo"
        found.append(lesson(search, asked, query.vector, query.classes, query.own, beside=beside))
    return found


def learned(lessons: Sequence[Lesson]) -> FusionModel:
    """What the chain would rank by: weights of the kinds in which they beat every rule, else a rule."""
    return chosen(fit_fusion([one.judged for one in lessons]), left_out(lessons))


def lost_queries(
    listings: Listings, found: FoldVectors, asking: np.ndarray, gallery: np.ndarray
) -> list[Query]:
    """Queries of which no word is one."""
    strange = backwards(listings.data.texts("name"))
    nothing = np.zeros(len(gallery), dtype=np.int8)
    return [
        made(found, "backwards", "nonsense", int(row), strange[row], nothing)
        for row in asking
        if terms(strange[row])
    ]


def rankings(search: HybridSearch, query: Query) -> dict[str, np.ndarray]:
    """Rows of the gallery, best first, by each system; a query without words has no lexical answer."""
    _, near = search.index.search(query.vector[None], len(search.index))
    answers = {
        "dense": near[0],
        "fused": search.search(
            query.text, query.vector, query.classes, beside="" if query.text else "photo", own=query.own
        ).rows,
    }
    if query.text:
        scores = search.lexical.scores(search.lexical.query(query.text))
        order = np.argsort(-scores, kind="stable")
        answers["lexical"] = order[scores[order] > 0]
    return answers


def measure(rows: np.ndarray, grades: np.ndarray) -> dict[str, float]:
    """Figures of one ranking; reciprocal rank and recall ask for the query's highest grade."""
    best, shown = grades == grades.max(), rows[:DEEPEST]
    return {
        "ndcg_at_10": ndcg(grades[shown], grades),
        "mrr": reciprocal_rank(best[shown]),
        "recall_at_100": recall(best[shown], int(best.sum()), DEEPEST),
    }


def reciprocal_rank(relevant: np.ndarray) -> float:
    """1 / place of the first relevant product of a ranking, 0 where there is none."""
    places = np.flatnonzero(relevant)
    return 1.0 / (1 + int(places[0])) if len(places) else 0.0


def recall(relevant: np.ndarray, total: int, k: int = 100) -> float:
    """Share of the `total` relevant products among the first k; NaN where there is none to find."""
    return float(np.sum(relevant[:k]) / total) if total else float("nan")


Figures = dict[str, dict[str, list[float]]]
"""System to metric to one value a query."""


def measure_queries(search: HybridSearch, queries: Sequence[Query]) -> Figures:
    """Figures of every query by each system that answers it."""
    result: Figures = {}
    for query in queries:
        for system, rows in rankings(search, query).items():
            for metric, value in measure(rows, query.grades).items():
                result.setdefault(system, {m: [] for m in METRICS})[metric].append(value)
    return result


def top_scores(search: HybridSearch, queries: Sequence[Query]) -> list[float]:
    """Score of each query's first hit."""
    return [
        float(search.search(q.text, q.vector, q.classes, own=q.own).scores.max(initial=0)) for q in queries
    ]


@dataclass(frozen=True)
class FoldResult:
    """What one fold measured.

    Attributes:
        figures: by set of judgements.
        answered, lost: the first hit's score for held-out titles, and for the same spelt backwards.
        fusion: learned from all lessons.
    """

    figures: dict[str, Figures]
    answered: list[float]
    lost: list[float]
    fusion: FusionModel


def run_fold(
    listings: Listings, found: FoldVectors, names: Sequence[str], fold: int, category: bool
) -> FoldResult:
    """Figures of one fold.

    Args:
        names: category names in the order of `found.name`.
        category: whether the gallery's category paths are searchable words, and known as its classes.
    """
    learnt, inner, held = fold_rows(listings.data, fold)
    told = listings.told(learnt) if category else None
    taught = searcher(listings, found, learnt, FusionModel.fallback(), told)
    first = name_queries(listings, found, names, listings.categories(0), learnt)
    lessons = judged(
        taught,
        [
            *listing_queries(listings, found, inner, learnt),
            *short_queries(listings, found, inner, learnt),
            *photo_queries(listings, found, inner, learnt),
            *lost_queries(listings, found, inner, learnt),
            *first,
        ],
    )
    second = listings.categories(1)
    gallery = np.sort(np.concatenate([learnt, inner]))

    def learned_from(paths: Sequence[str]) -> HybridSearch:
        more = judged(taught, name_queries(listings, found, names, paths, learnt))
        return searcher(listings, found, gallery, learned([*lessons, *more]), told)

    whole = learned_from(second)
    titles = listing_queries(listings, found, held, gallery)
    photos = photo_queries(listings, found, held, gallery)
    result = {"title": measure_queries(whole, titles), "photo": measure_queries(whole, photos)}
    by_name: dict[str, Figures] = {}
    for part in range(PARTS):
        others = [path for i, path in enumerate(second) if i % PARTS != part]
        search = learned_from(others)
        for path in second[part::PARTS]:
            queries = name_queries(listings, found, names, [path], gallery)
            if queries:
                by_name[path] = measure_queries(search, queries)
    result["name"] = merged(by_name.values())
    large = set(listings.categories(1, fewest=LARGE))
    result["name, 10 listings or more"] = merged(f for path, f in by_name.items() if path in large)
    lost = top_scores(whole, lost_queries(listings, found, held, gallery))
    return FoldResult(result, top_scores(whole, titles), lost, whole.fusion)


def merged(parts: Iterable[Figures]) -> Figures:
    """Figures of several sets of queries as of one."""
    result: Figures = {}
    for part in parts:
        for system, metrics in part.items():
            for metric, values in metrics.items():
                result.setdefault(system, {m: [] for m in METRICS})[metric] += values
    return result
