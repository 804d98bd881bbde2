"""What runs in the encoder's thread: jobs of many calls as one featurisation, one encoding, one search."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bentos.limits import Refusal
from bentos.metrics import METRICS, timed
from bentos.parsing import Call
from bentos.release_view import LoadedRelease
from catalog.errors import InputError
from models.features import FeatureTable
from models.index import LayeredView
from models.inputs.item import ProductInput

__all__ = ["Job", "Outcome", "featurize", "run_jobs"]


@dataclass(frozen=True, eq=False)
class Job:
    """One call on its way through the batcher.

    Attributes:
        features: of the call's items, where they were computed beforehand (photos and sounds).
        asked: when it was queued.
    """

    call: Call
    loaded: LoadedRelease
    features: FeatureTable | None = None
    asked: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the encoder and the index gave for one call of n items.

    Attributes:
        vectors: (n, d) float32.
        probabilities: (n, classes) float32; None for similar, which encodes nothing.
        scores, rows: (n, m) for search and similar, else None.
        view: the state of release and changes that was searched.
    """

    vectors: np.ndarray
    probabilities: np.ndarray | None = None
    scores: np.ndarray | None = None
    rows: np.ndarray | None = None
    view: LayeredView | None = None


def featurize(loaded: LoadedRelease, call: Call) -> FeatureTable:
    """Feature rows of the call's items, decoding their photos and sounds.

    Raises:
        Refusal: 422 naming the item whose photo, sound or text cannot be used.
    """
    try:
        table = loaded.encoder.featurize(call.items, limits=loaded.media)
    except InputError as error:
        for number, item in enumerate(call.items):
            check_item(loaded, item, call.place(number))
        raise Refusal.of(error) from error
    return with_content(loaded, call, table)


def with_content(loaded: LoadedRelease, call: Call, table: FeatureTable) -> FeatureTable:
    """The table, if every item has something the encoder reads.

    Raises:
        Refusal: 422 naming the first item that has nothing.
    """
    parts = [table.modalities[name].present for name in loaded.encoder.modalities if name in table.modalities]
    empty = np.flatnonzero(~np.any(parts, axis=0))
    if len(empty):
        place = call.place(int(empty[0]))[:-1]
        known = ", ".join(loaded.encoder.modalities)
        raise Refusal(422, place, "nothing usable", f"give content that this release reads ({known})")
    return table


def check_item(loaded: LoadedRelease, item: ProductInput, place: str) -> None:
    """Raise the refusal of one item, if it has one."""
    try:
        loaded.encoder.featurize([item], limits=loaded.media)
    except InputError as error:
        raise Refusal.of(error, prefix=place) from error


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
        if isinstance(table, Refusal):
            done.append((position, table))
        else:
            ready.append((position, job, table))
    tables = [table for _, _, table in ready if table is not None]
    with timed("encode"):
        encoded = loaded.encoder.encode_features(FeatureTable.concatenate(tables)) if tables else None
    vectors: dict[int, np.ndarray] = {}
    classes: dict[int, np.ndarray] = {}
    start = 0
    for position, job, table in ready:
        if table is None or encoded is None:
            try:
                vectors[position] = np.stack([view.vector_of(p) for p in job.call.product_ids])
            except KeyError as gone:  # deleted since the call was admitted
                refusal = Refusal(404, "product_id", gone.args[0], "name a product that is still there")
                done.append((position, refusal))
            continue
        own = slice(start, start + len(job.call))
        vectors[position], classes[position] = encoded.vectors[own], encoded.probabilities[own]
        start = own.stop
    found: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    wanted = [(p, job, vectors[p]) for p, job, _ in ready if job.call.k and p in vectors]
    # What is logged and watched for drift are the encoder's vectors; /similar may search refined ones.
    with timed("search"):
        for state, asked in searches(loaded, view, wanted):
            found |= search_all(state, asked)
    for position, own_vectors in vectors.items():
        scores, rows = found.get(position, (None, None))
        done.append((position, Outcome(own_vectors, classes.get(position), scores, rows, view)))
    return done


def feature_tables(loaded: LoadedRelease, jobs: Sequence[Job]) -> list[FeatureTable | Refusal | None]:
    """The features of each job, its refusal, or None where nothing is to be encoded.

    What has not been featurised yet (texts and prices) goes through one call: that call costs
    about a millisecond, whatever the number of items.
    """
    tables: list[FeatureTable | Refusal | None] = [job.features for job in jobs]
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
                tables[n] = with_content(loaded, call, together.take(range(start, start + len(call))))
        except Refusal as refusal:
            tables[n] = refusal
        start += len(call)
    return tables


def searches(
    loaded: LoadedRelease, view: LayeredView, asked: list[tuple[int, Job, np.ndarray]]
) -> list[tuple[LayeredView, list[tuple[int, Job, np.ndarray]]]]:
    """The queries by the state that answers them; one where the release holds no refined vectors."""
    refined = loaded.similar_view(view)
    if refined is view:
        return [(view, asked)]
    similar = [
        (p, job, np.stack([refined.vector_of(product) for product in job.call.product_ids]))
        for p, job, _ in asked
        if job.call.endpoint == "similar"
    ]
    return [
        (view, [one for one in asked if one[1].call.endpoint != "similar"]),
        (refined, similar),
    ]


def search_all(
    view: LayeredView, asked: list[tuple[int, Job, np.ndarray]]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """One index call for all queries of a batch, with the largest k; each job takes its rows."""
    if not asked:
        return {}
    # One more than asked for: a product is left out of its own hits.
    k = max(job.call.k + (job.call.endpoint == "similar") for _, job, _ in asked)
    scores, rows = view.search(np.concatenate([v for _, _, v in asked]), k)
    result = {}
    start = 0
    for position, job, _ in asked:
        result[position] = (scores[start : start + len(job.call)], rows[start : start + len(job.call)])
        start += len(job.call)
    return result
