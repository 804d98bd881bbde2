"""What Prometheus reads of one service process: routes, stages, batches, refusals, release, delta, log.

The counts are plain numbers that a collector of prometheus_client reads when it is asked. Its own
histograms cost several microseconds an observation where BentoML runs it in multi-process mode
(every value in a memory-mapped file); a request passes a dozen of these, so the seconds of its stages
are noted in one line and counted together at its end. A workspace has one serving process, so nothing
has to be summed over processes.
"""

import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

__all__ = ["METRICS", "STAGES", "Histogram", "Metrics", "Stages", "timed"]

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
JOBS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
STAGES = (
    "read", "parse", "decode", "queue", "featurize", "encode", "search", "words", "rank", "shape", "log",
    "serialise",
)  # fmt: skip
"""In the order a request passes them: body read, checked, media decoded, waiting for the encoder's
thread, texts made features, encoder, vector index (and filters), index of words, evidence, fusion and hits
with their why, answers, request log, JSON."""
REASONS = {
    400: "malformed", 401: "no key", 403: "not allowed", 404: "unknown product", 405: "method",
    408: "slow body", 409: "delta full", 413: "too large", 415: "media type", 422: "invalid",
    429: "too many requests", 500: "bug", 503: "not ready", 507: "disk full",
}  # fmt: skip
BYTES_IN_FLIGHT = "bytes in flight"


class Histogram:
    """Counts by size; safe for several threads.

    Args:
        bounds: ascending upper bounds; one more count holds what is larger.
        lock: held while counting, by several that are counted together; default: one of its own.
    """

    __slots__ = ("_lock", "bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS, lock: "threading.Lock | None" = None) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self._lock = lock or threading.Lock()

    def observe(self, value: float) -> None:
        """Count one value."""
        if not METRICS.on:
            return
        place = bisect_left(self.bounds, value)
        with self._lock:
            self.counts[place] += 1
            self.total += value

    def buckets(self) -> tuple[list[tuple[str, float]], float]:
        """Cumulative counts as the exposition format has them, and the sum of all values."""
        with self._lock:
            counts, total = list(self.counts), self.total
        so_far, found = 0, []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), counts, strict=True):
            so_far += count
            found.append((bound, float(so_far)))
        return found, total


class timed:  # noqa: N801 - used as a statement: `with timed("encode"):`
    """Count the seconds of a block as those of a stage."""

    __slots__ = ("_begin", "_stage")

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        METRICS.seconds.append((self._stage, time.perf_counter() - self._begin))


class Stages:
    """Notes the seconds of stages that follow one another: each ends where the next one begins."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def __call__(self, stage: str) -> None:
        """A stage is through."""
        now = time.perf_counter()
        METRICS.seconds.append((stage, now - self._since))
        self._since = now


class Metrics(Collector):
    """All counts of a process, as one collector of a registry of its own.

    Attributes:
        on: whether anything is counted; off only to measure what counting costs.
        seconds: stages that were passed and what each took, until `fold` counts them; any thread may append.
        query_cache: queries of words by whether they were known, "hit" or "miss".
    """

    def __init__(self) -> None:
        self.on = True
        self.seconds: deque[tuple[str, float]] = deque()
        self._counting = threading.Lock()
        self.stages = {stage: Histogram(lock=self._counting) for stage in STAGES}
        self.query_cache = {"hit": 0, "miss": 0}
        self.batches = Histogram(JOBS)
        self._routes: dict[tuple[str, str], Histogram] = {}
        self._refusals: dict[str, int] = {}
        self._gauges: Callable[[], Iterable[Metric]] | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def watch(self, gauges: Callable[[], Iterable[Metric]]) -> None:
        """Tell these gauges too from now on, as they are at each scrape."""
        self._gauges = gauges

    def forget(self, gauges: Callable[[], Iterable[Metric]]) -> None:
        """Tell no more of what is closed; gauges that took its place stay."""
        if self._gauges is gauges:
            self._gauges = None

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer, and the stages passed so far; used from the event loop only.

        Args:
            route: one of a fixed set of names, since each is a series.
        """
        key = (route, f"{status // 100}xx")
        series = self._routes.get(key)
        if series is None:
            series = self._routes[key] = Histogram()
        series.observe(seconds)
        self.fold()

    def fold(self) -> None:
        """Count the stages that were passed since the last time."""
        with self._counting:
            while self.seconds:
                stage, spent = self.seconds.popleft()
                if self.on:
                    series = self.stages[stage]
                    series.counts[bisect_left(series.bounds, spent)] += 1
                    series.total += spent

    def refused(self, status: int, field: str) -> None:
        """Count one refusal by its reason; used from the event loop only."""
        reason = BYTES_IN_FLIGHT if field == BYTES_IN_FLIGHT else REASONS.get(status, "other")
        self._refusals[reason] = self._refusals.get(reason, 0) + 1

    def text(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: the registry need not ask an application that is not there yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Called by the registry for every scrape."""
        self.fold()
        yield self._histograms()
        yield histogram_of("batch_jobs", "Requests in one call of the encoder", self.batches)
        yield self._stage_seconds()
        refusals = CounterMetricFamily(
            "shelfspace_refusals", "Requests answered with an error", labels=["reason"]
        )
        for reason, count in self._refusals.copy().items():
            refusals.add_metric([reason], count)
        yield refusals
        queries = CounterMetricFamily(
            "shelfspace_query_cache", "Queries of words, by whether they were known", labels=["result"]
        )
        for result, count in self.query_cache.items():
            queries.add_metric([result], count)
        yield queries
        if self._gauges is not None:
            yield from self._gauges()

    def _histograms(self) -> Metric:
        family = HistogramMetricFamily(
            "shelfspace_request_seconds", "From the request's head to its answer", labels=["route", "status"]
        )
        for labels, series in self._routes.copy().items():
            family.add_metric(list(labels), *series.buckets())
        return family

    def _stage_seconds(self) -> Metric:
        family = HistogramMetricFamily(
            "shelfspace_stage_seconds", "Time in one stage; encode and search once a batch", labels=["stage"]
        )
        for stage, series in self.stages.items():
            family.add_metric([stage], *series.buckets())
        return family


def histogram_of(name: str, what: str, series: Histogram) -> Metric:
    """A histogram without labels."""
    family = HistogramMetricFamily(f"shelfspace_{name}", what)
    family.add_metric([], *series.buckets())
    return family


METRICS = Metrics()
"""Of this process, as Prometheus's own default registry is."""
