"""What runs in the encoder's thread: jobs of many calls as one featurisation, one encoding, one search."""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import cast

import numpy as np

from bentos.api.parsing import ParsedRequest
from bentos.errors import RequestError
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Job, Outcome
from bentos.serving.query_cache import ReadQuery
from bentos.serving.query_parts import query_outcome
from bentos.telemetry.metrics import METRICS, Stages, timed
from catalog.product import ProductInput
from models.features.table import FeatureTable
from retrieval.catalogue.view import CatalogueView
from retrieval.changes.view import LayeredView
from retrieval.engine import answers
from retrieval.lexical.synonyms import Synonyms
from retrieval.query import EncodedQuery, narrowed
from retrieval.reading import read_query
from shelfspace.errors import InputError

__all__ = ["featurize", "read_words", "run_jobs"]


def featurize(loaded: LoadedRelease, call: ParsedRequest) -> FeatureTable:
    """Feature rows of the call's items, decoding their photos and sounds.

    Raises:
        RequestError: 422 naming the item whose photo, sound or text cannot be used.
    """
    try:
        table = loaded.encoder.featurize(
            call.items, limits=loaded.media, only_given=True, queries=bool(call.queries)
        )
    except InputError as error:
        for number, item in enumerate(call.items):
            check_item(loaded, item, call.item_place(number))
        raise RequestError.of(error) from error
    return with_content(loaded, call, table)


def with_content(loaded: LoadedRelease, call: ParsedRequest, table: FeatureTable) -> FeatureTable:
    """The table, if every item has something the encoder reads.

    Raises:
        RequestError: 422 naming the first item that has nothing.
    """
    parts = [table.modalities[name].present for name in loaded.encoder.modalities if name in table.modalities]
    empty = np.flatnonzero(~np.any(parts, axis=0))
    if len(empty):
        place = call.item_place(int(empty[0]))[:-1]
        known = ", ".join(loaded.encoder.modalities)
        raise RequestError(422, place, "nothing usable", f"give content that this release reads ({known})")
    return table


def check_item(loaded: LoadedRelease, item: ProductInput, place: str) -> None:
    """Raise the refusal of one item, if it has one."""
    try:
        loaded.encoder.featurize([item], limits=loaded.media, only_given=True)
    except InputError as error:
        raise RequestError.of(error, prefix=place) from error


def run_jobs(jobs: Sequence[Job]) -> list[Outcome | Exception]:
    """Run a batch: one encoder call and one search per release, one outcome or refusal per job."""
    begin = time.perf_counter()
    METRICS.batches.observe(len(jobs))
    METRICS.seconds.extend([("queue", begin - job.asked) for job in jobs])
    groups: dict[int, list[int]] = {}
    for position, job in enumerate(jobs):
        groups.setdefault(id(job.loaded), []).append(position)
    if len(groups) == 1:
        return run_group(jobs)
    outcomes: list[Outcome | Exception] = [RuntimeError("not run")] * len(jobs)
    for positions in groups.values():
        for position, outcome in zip(positions, run_group([jobs[p] for p in positions]), strict=True):
            outcomes[position] = outcome
    return outcomes


def run_group(jobs: Sequence[Job]) -> list[Outcome | Exception]:
    """Run jobs that share a release, one outcome or refusal per job."""
    loaded = jobs[0].loaded
    view = loaded.view()
    begin = time.perf_counter()
    known = [loaded.queries.known(job.call.queries) for job in jobs]
    if None in known:
        jobs = [
            replace(job, call=read_words(job.call, loaded.catalogue(view), job.synonyms))
            if read is None and job.call.queries and job.features is None
            else job
            for job, read in zip(jobs, known, strict=True)
        ]
    tables = feature_tables(loaded, jobs, known)
    featurized = time.perf_counter()
    encoded = encode_all(loaded, tables)
    METRICS.seconds.append(("featurize", featurized - begin))
    METRICS.seconds.append(("encode", time.perf_counter() - featurized))
    outcomes: list[Outcome | Exception] = []
    for job, table, own, read in zip(jobs, tables, encoded, known, strict=True):
        try:
            if isinstance(table, RequestError):
                outcomes.append(table)
            elif job.call.queries:
                outcomes.append(query_outcome(job, view, table, own, read))
            else:
                outcomes.append(outcome_of(job, view, table, own))
        except KeyError as gone:  # deleted since the call was admitted
            remedy = "name a product that is still there"
            outcomes.append(RequestError(404, "product_id", gone.args[0], remedy))
    similar, searching = [], []
    for place, (job, outcome) in enumerate(zip(jobs, outcomes, strict=True)):
        if isinstance(outcome, Outcome):
            if job.call.queries:
                searching.append(place)
            elif job.call.endpoint == "similar":
                similar.append(place)
    if similar:
        with timed("search"):
            search_similar(loaded, view, jobs, outcomes, similar)
    if searching:
        search_all(loaded.catalogues.catalogue(view), jobs, outcomes, searching)
    return outcomes


def read_words(call: ParsedRequest, catalogue: CatalogueView, synonyms: Synonyms) -> ParsedRequest:
    """The call with what the words of its queries ask for beside what they look for; most ask for nothing."""
    chosen = call.options.filters
    queries = tuple([read_query(query, catalogue, chosen, synonyms) for query in call.queries])
    if queries == call.queries:
        return call
    items = tuple(item for query in queries for item, _ in query.parts)
    return replace(call, queries=queries, items=items)


def encode_all(
    loaded: LoadedRelease, tables: Sequence[FeatureTable | RequestError | None]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Vectors and class probabilities of each job's items, from one call of the encoder; none where it has
    no table."""
    given = [table for table in tables if isinstance(table, FeatureTable)]
    if not given:
        dim, classes = loaded.encoder.dim, len(loaded.encoder.labels)
        return [(np.empty((0, dim), np.float32), np.empty((0, classes), np.float32))] * len(tables)
    found = loaded.encoder.encode_features(given[0] if len(given) == 1 else FeatureTable.concatenate(given))
    if len(tables) == 1:
        return [(found.vectors, found.probabilities)]
    parts, start = [], 0
    for table in tables:
        own = slice(start, start + (len(table) if isinstance(table, FeatureTable) else 0))
        start = own.stop
        parts.append((found.vectors[own], found.probabilities[own]))
    return parts


def outcome_of(
    job: Job, view: LayeredView, table: FeatureTable | None, encoded: tuple[np.ndarray, np.ndarray]
) -> Outcome:
    """What the encoder says of a job that is no search; what is looked for comes later.

    Args:
        encoded: vectors and class probabilities of its items.

    Raises:
        KeyError: a product that it names is not there.
    """
    call, (vectors, classes) = job.call, encoded
    if table is None:
        return Outcome(np.stack([view.vector_of(product) for product in call.product_ids]), view=view)
    alone = None
    if call.endpoint == "classify":
        classes = job.loaded.encoder.labelled(table, classes)
    if call.endpoint == "products/put":
        alone = job.loaded.seen(table, call.items)
    return Outcome(vectors, classes, view=view, alone=alone)


def search_all(
    catalogue: CatalogueView, jobs: Sequence[Job], outcomes: list[Outcome | Exception], places: Sequence[int]
) -> None:
    """Answer the searches of a batch together; their outcomes, at the given places, get their results."""
    asked, done = [], Stages()
    for place in places:
        call, outcome = jobs[place].call, cast(Outcome, outcomes[place])
        for query, read in zip(call.queries, outcome.read, strict=True):
            own = (read.vector, read.probabilities, read.terms, read.own)
            options = narrowed(call.options, query.filters)
            asked.append(EncodedQuery(query, options, jobs[place].rules, *own))
    results = iter(answers(catalogue, asked, done))
    for place in places:
        outcome = cast(Outcome, outcomes[place])
        outcomes[place] = replace(outcome, results=list(islice(results, len(outcome.vectors))))


def search_similar(
    loaded: LoadedRelease,
    view: LayeredView,
    jobs: Sequence[Job],
    outcomes: list[Outcome | Exception],
    places: Sequence[int],
) -> None:
    """One index call for all products of /similar in a batch, with the largest k; each job takes its rows.

    What is logged and watched for drift are the encoder's vectors; what is searched may be refined ones.
    """
    refined = loaded.similar_view(view)
    asked = [
        np.stack([refined.vector_of(product) for product in jobs[place].call.product_ids]) for place in places
    ]
    # One more than asked for, since a product is left out of its own hits, and so is what is banned.
    k = max(jobs[place].call.k + 1 + len(jobs[place].rules.bans) for place in places)
    names = [product for place in places for product in jobs[place].call.product_ids]
    scores, rows = loaded.neighbours(view, names, np.concatenate(asked), k)
    start = 0
    for place, vectors in zip(places, asked, strict=True):
        own = slice(start, start + len(vectors))
        start = own.stop
        outcomes[place] = replace(cast(Outcome, outcomes[place]), scores=scores[own], rows=rows[own])


def feature_tables(
    loaded: LoadedRelease, jobs: Sequence[Job], known: Sequence[list[ReadQuery] | None]
) -> list[FeatureTable | RequestError | None]:
    """The features of each job, its refusal, or None where nothing is to be encoded.

    What has not been featurised yet (texts and prices) goes through one call: that call costs
    about a millisecond, whatever the number of items.

    Args:
        known: of each job, what was read of its queries before.
    """
    tables: list[FeatureTable | RequestError | None] = []
    items: list[ProductInput] = []
    queries: list[bool] = []
    waiting = []
    for n, job in enumerate(jobs):
        tables.append(job.features)
        if job.features is None and job.call.items and known[n] is None:
            waiting.append(n)
            items += job.call.items
            queries += [bool(job.call.queries)] * len(job.call.items)
    try:
        together = loaded.encoder.featurize(items, only_given=True, queries=queries) if waiting else None
    except InputError:
        together = None  # one item is at fault; alone, each job gets its own answer
    start = 0
    for n in waiting:
        call = jobs[n].call
        try:
            if together is None:
                tables[n] = featurize(loaded, call)
            else:
                own = range(start, start + len(call.items))
                tables[n] = with_content(
                    loaded, call, together if len(own) == len(together) else together.take(own)
                )
        except RequestError as refusal:
            tables[n] = refusal
        start += len(call.items)
    return tables
