"""What runs in the encoder's thread: jobs of many calls as one featurisation, one encoding, one search."""

import time
from collections.abc import Sequence

import numpy as np

from bentos.api.parsing import ParsedRequest
from bentos.errors import RequestError
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Job, Outcome
from bentos.telemetry.metrics import METRICS, timed
from catalog.product import ProductInput
from models.features.table import FeatureTable
from models.inference.by_modality import vectors_alone
from retrieval.catalogue.updates import alone_facts
from retrieval.changes.view import LayeredView
from retrieval.engine import Asked, blended, ranked
from shelfspace.errors import InputError

__all__ = ["featurize", "run_jobs"]


def featurize(loaded: LoadedRelease, call: ParsedRequest) -> FeatureTable:
    """Feature rows of the call's items, decoding their photos and sounds.

    Raises:
        RequestError: 422 naming the item whose photo, sound or text cannot be used.
    """
    try:
        table = loaded.encoder.featurize(call.items, limits=loaded.media)
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
        loaded.encoder.featurize([item], limits=loaded.media)
    except InputError as error:
        raise RequestError.of(error, prefix=place) from error


def run_jobs(jobs: Sequence[Job]) -> list[Outcome | Exception]:
    """Run a batch: one encoder call and one search per release, one outcome or refusal per job."""
    begin = time.perf_counter()
    METRICS.batches.observe(len(jobs))
    for job in jobs:
        METRICS.stages["queue"].observe(begin - job.asked)
    outcomes: list[Outcome | Exception] = [RuntimeError("not run")] * len(jobs)
    groups: dict[int, list[int]] = {}
    for position, job in enumerate(jobs):
        groups.setdefault(id(job.loaded), []).append(position)
    for positions in groups.values():
        for position, outcome in run_group([(p, jobs[p]) for p in positions]):
            outcomes[position] = outcome
    return outcomes


def run_group(jobs: list[tuple[int, Job]]) -> list[tuple[int, Outcome | Exception]]:
    """Run jobs that share a release."""
    loaded = jobs[0][1].loaded
    view = loaded.view()
    done: list[tuple[int, Outcome | Exception]] = []
    ready: list[tuple[int, Job, FeatureTable | None]] = []
    with timed("featurize"):
        featurized = feature_tables(loaded, [job for _, job in jobs])
    for (position, job), table in zip(jobs, featurized, strict=True):
        if isinstance(table, RequestError):
            done.append((position, table))
        else:
            ready.append((position, job, table))
    tables = [table for _, _, table in ready if table is not None]
    with timed("encode"):
        together = tables[0] if len(tables) == 1 else FeatureTable.concatenate(tables) if tables else None
        encoded = None if together is None else loaded.encoder.encode_features(together)
    vectors: dict[int, np.ndarray] = {}
    classes: dict[int, np.ndarray] = {}
    start = 0
    for position, job, table in ready:
        own = slice(start, start + len(job.call.items)) if table is not None else slice(0, 0)
        start = max(start, own.stop)
        try:
            if job.call.asks:
                vectors[position], classes[position] = blended(job.call.asks, loaded, view, encoded, own)
            elif encoded is not None and table is not None:
                vectors[position], classes[position] = encoded.vectors[own], encoded.probabilities[own]
            else:
                vectors[position] = np.stack([view.vector_of(p) for p in job.call.product_ids])
        except KeyError as gone:  # deleted since the call was admitted
            refusal = RequestError(404, "product_id", gone.args[0], "name a product that is still there")
            done.append((position, refusal))
    found: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    asking = [(p, job) for p, job, _ in ready if p in vectors]
    near = [(p, job, vectors[p]) for p, job in asking if job.call.endpoint == "similar"]
    # What is logged and watched for drift are the encoder's vectors; /similar may search refined ones.
    refined = loaded.similar_view(view)
    if refined is not view:
        near = [
            (p, job, np.stack([refined.vector_of(product) for product in job.call.product_ids]))
            for p, job, _ in near
        ]
    if near:
        with timed("search"):
            found |= search_all(refined, near)
    searching = [(p, job) for p, job in asking if job.call.asks]
    answers = ranked(
        loaded.shelf(view),
        [Asked(j.call.asks, j.call.form, j.rules, vectors[p], classes[p]) for p, j in searching],
    )
    results = dict(zip((p for p, _ in searching), answers, strict=True))
    alone = {
        p: alone_facts(vectors_alone(loaded.encoder, table), len(table))
        for p, job, table in ready
        if table is not None and job.call.endpoint == "products/put"
    }
    for position, own_vectors in vectors.items():
        scores, rows = found.get(position, (None, None))
        outcome = Outcome(
            own_vectors, classes.get(position), scores, rows, view, results.get(position), alone.get(position)
        )
        done.append((position, outcome))
    return done


def feature_tables(loaded: LoadedRelease, jobs: Sequence[Job]) -> list[FeatureTable | RequestError | None]:
    """The features of each job, its refusal, or None where nothing is to be encoded.

    What has not been featurised yet (texts and prices) goes through one call: that call costs
    about a millisecond, whatever the number of items.
    """
    tables: list[FeatureTable | RequestError | None] = [job.features for job in jobs]
    waiting = [n for n, job in enumerate(jobs) if job.features is None and job.call.items]
    try:
        together = (
            loaded.encoder.featurize([i for n in waiting for i in jobs[n].call.items]) if waiting else None
        )
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


def search_all(
    view: LayeredView, asked: list[tuple[int, Job, np.ndarray]]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """One index call for all products of a batch, with the largest k; each job takes its rows."""
    if not asked:
        return {}
    # One more than asked for, since a product is left out of its own hits, and so is what is banned.
    k = max(job.call.k + 1 + len(job.rules.bans) for _, job, _ in asked)
    scores, rows = view.search(np.concatenate([v for _, _, v in asked]), k)
    result = {}
    start = 0
    for position, job, _ in asked:
        result[position] = (scores[start : start + len(job.call)], rows[start : start + len(job.call)])
        start += len(job.call)
    return result
