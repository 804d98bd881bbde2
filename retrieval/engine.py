"""Answers of /search: encoded queries go in, each is looked for, ranked, ruled and cut into a page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from retrieval.catalogue.exclusions import passing, rows_saying
from retrieval.catalogue.named_categories import of_named_categories
from retrieval.catalogue.view import CatalogueView
from retrieval.filters.facets import facets
from retrieval.filters.rules import Rules
from retrieval.filters.sorting import page
from retrieval.lexical.query import LexicalQuery
from retrieval.query import NO_FILTERS, EncodedQuery, SearchOptions, SearchQuery
from retrieval.ranking.blending import blend, blend_classes
from retrieval.ranking.hybrid import DEPTH, WordEvidence
from retrieval.results import SearchResults, titled_first
from retrieval.understanding import UNSAID, priced

__all__ = ["answers", "blended", "browse", "own_evidence"]

NONE = np.empty(0, np.int64)

Found = tuple[np.ndarray | None, np.ndarray]
"""What a query's filters let through, (positions,) bool or None for all, and the positions nearest to it."""


def answers(
    catalogue: CatalogueView,
    asked: Sequence[EncodedQuery],
    done: Callable[[str], None] = lambda stage: None,
) -> list[dict[str, Any]]:
    """The results of a batch of queries, in order; those that no filter narrows ask the index together.

    Args:
        done: told when each stage is through: search, words, rank.
    """
    asked = [settled(catalogue, one) if one.query.cheap else one for one in asked]
    found = iter(searched(catalogue, [one for one in asked if one.query.whole is not None], done))
    results = [
        browse(catalogue, one.rules, one.options, one.query.said)
        if one.query.whole is None
        else next(found).answer()
        for one in asked
    ]
    done("rank")
    return results


def searched(
    catalogue: CatalogueView, asked: Sequence[EncodedQuery], done: Callable[[str], None] = lambda stage: None
) -> list[SearchResults]:
    """What queries find, in order; none of them browses."""
    search = catalogue.search
    asked = [replace(one, own=search.compared_by(one.query.text, one.own)) for one in asked]
    near = nearest_rows(catalogue, asked)
    done("search")
    words, matches = [], []
    for one, (allowed, rows) in zip(asked, near, strict=True):
        query = search.lexical.query_of(*one.terms)
        words.append(search.look_up(query, rows, allowed))
        matches.append(matching(catalogue, one, query))
    done("words")
    return [
        ranked(catalogue, one, allowed, evidence, *having)
        for one, (allowed, _), evidence, having in zip(asked, near, words, matches, strict=True)
    ]


def matching(
    catalogue: CatalogueView, asked: EncodedQuery, query: LexicalQuery
) -> tuple[np.ndarray, np.ndarray]:
    """What matches the words of a query, and what of it stands first; both as ascending positions.

    That is what has every word, first what has them all in the title. Where no listing has every word, it is
    what is of a category that the words name: a nice kettle is a kettle.
    """
    lexical = catalogue.search.lexical
    # What has the word of a mixed query need not be like the rest of it.
    if asked.query.words_weight is not None:
        return NONE, NONE
    having = lexical.having_all(query)
    if len(having):
        # A title with the words as they were typed stands before one that has what stands for them.
        typed = lexical.having_all(replace(query, also=()), titled=True) if query.also else NONE
        return having, typed if len(typed) else lexical.having_all(query, titled=True)
    named = of_named_categories(catalogue.parts, catalogue.columns, query.terms)
    return named, named


def settled(catalogue: CatalogueView, asked: EncodedQuery) -> EncodedQuery:
    """A query for what is cheap, with the price that this is: of the lowest third of what it finds else.

    What it finds is what it would sort by price: all that has the words or is relevant enough.
    """
    query, options = asked.query, replace(asked.options, sort="price_up", facets=False, collapse=False)
    if query.whole is None:
        rows = browsed_rows(catalogue, asked.rules, options)[0]
    else:
        rows = searched(catalogue, [replace(asked, options=options)])[0].rows
    prices = np.sort(catalogue.columns.price[rows])
    known = int(np.isfinite(prices).sum())
    meaning, limits = "nothing that is found has a price; this limits nothing", None
    options = asked.options
    if known:
        bound = float(prices[(known - 1) // 3])
        limits = {"price_to": bound}
        meaning = f"the lowest third by price of what is found: {priced(None, bound, catalogue.vocabulary)}"
        options = replace(options, filters=replace(options.filters, price_to=bound))
    said = [
        {**one, "meaning": meaning, "filters": limits} if one["meaning"] == UNSAID else one
        for one in query.said
    ]
    return replace(asked, query=replace(query, cheap=False, said=tuple(said)), options=options)


def nearest_rows(catalogue: CatalogueView, asked: Sequence[EncodedQuery]) -> list[Found]:
    """What the filters of each query let through, and the positions nearest to it."""
    plain = [one.vector for one in asked if one.options.filters is NO_FILTERS]
    together = iter(catalogue.near(np.stack(plain), DEPTH) if plain else ())
    found: list[Found] = []
    allowed: np.ndarray | None = None
    last: SearchOptions | None = None
    for one in asked:
        if one.options.filters is NO_FILTERS:
            found.append((None, catalogue.with_own(next(together), asked=one, allowed=None)))
            continue
        if allowed is None or one.options is not last:  # the queries of one request share theirs
            allowed, last = passing(catalogue, one.options.filters), one.options
        found.append((allowed, catalogue.near_to(one, allowed)))
    return found


def ranked(
    catalogue: CatalogueView,
    asked: EncodedQuery,
    allowed: np.ndarray | None,
    words: WordEvidence,
    matches: np.ndarray,
    titled: np.ndarray,
) -> SearchResults:
    """The candidates of one query in their order: by the fusion, its name first, and as the rules say.

    Args:
        allowed, words, matches, titled: as in `SearchResults`.
    """
    query, options, search = asked.query, asked.options, catalogue.search
    found = search.candidates(
        words, asked.vector, asked.probabilities, query.words_weight, query.beside, asked.own
    )
    order, scores = search.fusion.rank(found)
    relevance = catalogue.parts.relevance(found)
    if relevance is not None:
        # An order falls, and so do its scores: none says more than the one before.
        scores = np.minimum.accumulate(relevance[order])
    answering = catalogue.parts.answering(found, relevance, matches)[order]
    below = found.rows[order[~answering]]
    rows, scores = titled_first(found.rows[order[answering]], scores[answering], titled)
    pinned, out = 0, NONE
    named = catalogue.named(query.text)
    if named:
        # What a query names stands first: nothing is more certain.
        named = [row for row in named if allowed is None or allowed[row]]
        rest = ~np.isin(rows, named)
        rows = np.concatenate([np.array(named, np.int64), rows[rest]])
        scores = np.concatenate([np.ones(len(named)), scores[rest]])
    own = catalogue.position_of(query.product) if query.product else None
    if own is not None:
        out = np.array([own])
        rows, scores = rows[rows != own], scores[rows != own]
    if asked.rules.rules:
        valid = asked.rules.valid(frozenset(words.query.terms), options.filters.category)
        if valid.rules:
            rows, scores, pinned = valid.apply(rows, scores, catalogue.columns, allowed)
            out = np.append(valid.banned(catalogue.columns), out)
    results = SearchResults(
        catalogue, asked, words, found, matches, titled, allowed, rows, scores, out, below, pinned
    )
    results = results if options.sort == "relevance" else results.by(options.sort)
    return results.collapsed() if options.collapse else results


def browse(
    catalogue: CatalogueView,
    rules: Rules,
    options: SearchOptions,
    said: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """All products that pass: by price, or what is popular and can be shown and bought first.

    Args:
        said: what was made of a query of which no word is left to be looked for.
    """
    rows, pinned, banned = browsed_rows(catalogue, rules, options)
    shown = page(rows, options.page, options.size).tolist()
    first = (options.page - 1) * options.size
    hits = catalogue.hits(shown, [0.0] * len(shown))
    for place, hit in enumerate(hits):
        hit["pinned"] = first + place < pinned
    result: dict[str, Any] = {
        "hits": hits, "total": len(rows), "page": options.page, "understood": list(said), "nearest": [],
    }  # fmt: skip
    if options.facets:
        out = np.ones(len(catalogue), bool)
        out[banned] = False
        if options.filters.without:
            out[rows_saying(catalogue, options.filters.without)] = False
        result["facets"] = facets(catalogue.columns, options.filters, out)
    return result


def browsed_rows(
    catalogue: CatalogueView, rules: Rules, options: SearchOptions
) -> tuple[np.ndarray, int, np.ndarray]:
    """Positions of all that pass, in their order; how many at the head are pinned; what is banned."""
    filters = options.filters
    may = catalogue.there if filters is NO_FILTERS else passing(catalogue, filters)
    valid = rules.valid(frozenset(), filters.category)
    banned = valid.banned(catalogue.columns)
    if len(banned):
        may = may.copy()
        may[banned] = False
    order = catalogue.order(options.sort)
    rows, pinned = order[may[order]], 0
    if valid.rules and options.sort == "relevance":
        head = valid.pinned(catalogue.columns, may)
        rows, pinned = np.concatenate([head, rows[~np.isin(rows, head)]]), len(head)
    return rows, pinned, banned


def blended(
    query: SearchQuery, catalogue: CatalogueView, vectors: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(d,) vector and (k,) class probabilities of a query, its parts put together by their weights.

    Words beside something else say which of its kind is wanted, not which kind: they are no part of it. They
    are looked up, and compared by meaning on their own.

    Args:
        vectors, classes: (m, d) and (m, k) of its parts, as the encoder sees each.

    Raises:
        KeyError: the product that the query names is not there.
    """
    if len(vectors) == 1 and not query.product:
        return vectors[0], classes[0]  # nothing to put together
    if query.whole is None:
        return np.zeros(vectors.shape[1], np.float32), np.zeros(classes.shape[1], np.float32)
    mixed = query.words_weight is not None
    kept = [place for place, (item, _) in enumerate(query.parts) if not (mixed and item.title)]
    seen, known = [vectors[place] for place in kept], [classes[place] for place in kept]
    share = [query.parts[place][1] for place in kept]
    if query.product:
        seen.append(catalogue.view.vector_of(query.product))
        known.append(catalogue.classes_of(query.product))
        share.append(query.product_weight)
    weights = np.array(share)
    return blend(np.stack(seen), weights), blend_classes(np.stack(known), weights)


def own_evidence(
    query: SearchQuery, catalogue: CatalogueView, parts: Sequence[Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """What a query is compared by beside its vector: what its parts are, and of a product the rest.

    Args:
        parts: of each part of it, name to (d,) float32 of unit length.
    """
    found = dict(catalogue.own_of(query.product)) if query.product else {}
    pairs = zip(query.parts, parts, strict=True)
    # Words come last: a colour that is asked for stands before that of the photo.
    for _, part in sorted(pairs, key=lambda pair: bool(pair[0][0].title)):
        found |= part
    return found
