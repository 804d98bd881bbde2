"""Answers of /search: what a query found, ruled, filtered, sorted, cut into pages and explained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bentos.serving.loaded_release import LoadedRelease
from bentos.telemetry.metrics import timed
from models.inference.product_encoder import Encoded
from retrieval.catalogue.view import CatalogueView
from retrieval.changes.view import LayeredView
from retrieval.filters.columns import allowed_rows
from retrieval.filters.facets import facets
from retrieval.filters.rules import Rules
from retrieval.filters.sorting import page
from retrieval.query import NO_FILTERS, SearchOptions, SearchQuery
from retrieval.ranking.blending import blend, blend_classes
from retrieval.ranking.hybrid import DEPTH, Ranking, Words
from retrieval.results import SearchResults, facets_of

__all__ = ["Asked", "LookedUp", "answer", "blended", "browse", "ranked", "unfiltered"]


def unfiltered(form: SearchOptions) -> bool:
    """Whether every product may be found."""
    return form.filters is NO_FILTERS or form.filters == NO_FILTERS


@dataclass(frozen=True, eq=False)
class LookedUp:
    """What both searches found for one query.

    Attributes:
        allowed: (positions,) bool, what its filters let through; None without filters.
        words: its candidates, and what their words say.
        matches: ascending positions of all products that have every word; none of a query that holds
            more than words.
    """

    allowed: np.ndarray | None
    words: Words
    matches: np.ndarray


def looked_up(
    shelf: CatalogueView, ask: SearchQuery, allowed: np.ndarray | None, near: np.ndarray
) -> LookedUp:
    """What the index of words says of one query."""
    words = shelf.search.look_up(ask.text, near, allowed)
    alone = ask.words_weight is None
    return LookedUp(
        allowed, words, shelf.search.lexical.having_all(words.query) if alone else np.empty(0, np.int64)
    )


def answer(
    shelf: CatalogueView,
    rules: Rules,
    ask: SearchQuery,
    form: SearchOptions,
    vector: np.ndarray,
    probabilities: np.ndarray | None,
    found_by: LookedUp,
) -> dict[str, Any]:
    """One result of /search.

    Args:
        vector: (d,) of the whole query.
        probabilities: (k,) its class probabilities.
    """
    allowed = found_by.allowed
    ranking = shelf.search.rank(found_by.words, vector, probabilities, ask.words_weight, ask.beside)
    rows, scores = by_name(shelf, ask.text, allowed, ranking.rows, ranking.scores)
    own = shelf.position_of(ask.product) if ask.product else None
    if own is not None:
        rows, scores = rows[rows != own], scores[rows != own]
    pinned = 0
    valid = rules.valid(frozenset(ranking.query.terms), form.filters.category)
    if valid.rules:
        rows, scores, pinned = valid.apply(rows, scores, shelf.columns, allowed)
    out = valid.banned(shelf.columns) if own is None else np.append(valid.banned(shelf.columns), own)
    found = SearchResults(shelf, ask, ranking.query, found_by.matches, allowed, rows, scores, pinned, out)
    found = found if form.sort == "relevance" else found.by(form.sort)
    shown, levels = found.window((form.page - 1) * form.size, form.page * form.size)
    result: dict[str, Any] = {
        "hits": explained(
            shelf, ranking, shown, np.minimum(levels, 1.0), vector, found.pinned - (form.page - 1) * form.size
        ),
        "total": found.total,
        "page": form.page,
    }
    if form.facets:
        result["facets"] = facets_of(shelf, found, form, vector, probabilities)
    return result


def by_name(
    shelf: CatalogueView, text: str, allowed: np.ndarray | None, rows: np.ndarray, scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What was found, led by the products whose title or identifier the query is: nothing is more certain."""
    named = [row for row in shelf.named(text) if allowed is None or allowed[row]]
    if not named:
        return rows, scores
    rest = ~np.isin(rows, named)
    return (
        np.concatenate([np.array(named, np.int64), rows[rest]]),
        np.concatenate([np.ones(len(named)), scores[rest]]),
    )


def explained(
    shelf: CatalogueView,
    ranking: Ranking,
    rows: np.ndarray,
    scores: np.ndarray,
    vector: np.ndarray,
    pinned: int,
) -> list[dict[str, Any]]:
    """Hits with their why; the first `pinned` were placed by a rule."""
    if not len(rows):
        return []
    whys = shelf.search.why(ranking, rows, vector, shelf.modalities)
    hits = []
    for place, (row, score, why) in enumerate(zip(rows.tolist(), scores.tolist(), whys, strict=True)):
        hit = shelf.hit(row, round(score, 6))
        hit["why"] = {"words": why.words, "modality": why.modality}
        hit["pinned"] = place < pinned
        hits.append(hit)
    return hits


def browse(shelf: CatalogueView, rules: Rules, form: SearchOptions) -> dict[str, Any]:
    """All products that pass, in catalogue order or by price."""
    may = shelf.there if unfiltered(form) else allowed_rows(shelf.columns, form.filters)
    valid = rules.valid(frozenset(), form.filters.category)
    banned = valid.banned(shelf.columns)
    if len(banned):
        may = may.copy()
        may[banned] = False
    order = shelf.order(form.sort)
    rows, pinned = order[may[order]], 0
    if valid.rules and form.sort == "relevance":
        head = valid.pinned(shelf.columns, may)
        rows, pinned = np.concatenate([head, rows[~np.isin(rows, head)]]), len(head)
    shown = page(rows, form.page, form.size).tolist()
    first = (form.page - 1) * form.size
    hits = [
        {**shelf.hit(row, 0.0), "why": {"words": [], "modality": ""}, "pinned": first + place < pinned}
        for place, row in enumerate(shown)
    ]
    result: dict[str, Any] = {"hits": hits, "total": len(rows), "page": form.page}
    if form.facets:
        out = np.ones(len(shelf), bool)
        out[banned] = False
        result["facets"] = facets(shelf.columns, form.filters, out)
    return result


@dataclass(frozen=True, eq=False)
class Asked:
    """One request on its way through a batch.

    Attributes:
        vectors, classes: (n, d) and (n, k) of its n queries.
    """

    asks: tuple[SearchQuery, ...]
    form: SearchOptions
    rules: Rules
    vectors: np.ndarray
    classes: np.ndarray


def ranked(shelf: CatalogueView, asked: Sequence[Asked]) -> list[list[dict[str, Any]]]:
    """Results of all requests of a batch; queries that no filter narrows ask the index together."""
    if not asked:
        return []
    with timed("search"):
        near = nearest(shelf, asked)
    with timed("words"):
        found = [
            looked_up(shelf, ask, allowed, rows)
            for (allowed, rows), ask in zip(near, (ask for one in asked for ask in one.asks), strict=True)
        ]
    with timed("rank"):
        left = iter(found)
        return [
            [
                answer(shelf, one.rules, ask, one.form, vector, known, next(left))
                for ask, vector, known in zip(one.asks, one.vectors, one.classes, strict=True)
            ]
            for one in asked
        ]


def nearest(shelf: CatalogueView, asked: Sequence[Asked]) -> list[tuple[np.ndarray | None, np.ndarray]]:
    """Of each query, what its filters let through (None without filters), and the positions nearest to it."""
    plain = [one.vectors for one in asked if unfiltered(one.form)]
    together = iter(shelf.near(np.concatenate(plain), DEPTH) if plain else ())
    found: list[tuple[np.ndarray | None, np.ndarray]] = []
    for one in asked:
        if unfiltered(one.form):
            found += [(None, next(together)) for _ in one.asks]
        else:
            allowed = allowed_rows(shelf.columns, one.form.filters)
            found += [(allowed, shelf.search.near(vector, allowed)) for vector in one.vectors]
    return found


def blended(
    asks: tuple[SearchQuery, ...],
    loaded: LoadedRelease,
    view: LayeredView,
    encoded: Encoded | None,
    own: slice,
) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) vectors and (n, k) class probabilities of n queries, the parts of each put together.

    Args:
        own: rows of `encoded` that are their parts, one query after the other.

    Raises:
        KeyError: a product that a query names is not there.
    """
    if encoded is not None and all(len(ask.parts) == 1 and not ask.product for ask in asks):
        return encoded.vectors[own], encoded.probabilities[own]  # nothing to put together
    shelf = loaded.shelf(view)
    vectors, classes, start = [], [], own.start
    for ask in asks:
        parts = slice(start, start + len(ask.parts))
        start = parts.stop
        share = [weight for _, weight in ask.parts]
        seen = [] if encoded is None else list(encoded.vectors[parts])
        known = [] if encoded is None else list(encoded.probabilities[parts])
        if ask.product:
            seen.append(view.vector_of(ask.product))
            known.append(shelf.classes_of(ask.product))
            share.append(ask.product_weight)
        weights = np.array(share)
        vectors.append(blend(np.stack(seen), weights))
        classes.append(blend_classes(np.stack(known), weights))
    return np.stack(vectors), np.stack(classes)
