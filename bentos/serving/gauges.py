"""What Prometheus is told of the state of a service at the moment of the scrape."""

import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from bentos.api.limits import Admission
from bentos.serving.backend import Backend
from bentos.serving.loaded_release import LoadedRelease
from bentos.telemetry.request_log import RequestLog
from models.inference.backends import Choice
from releases.shadow.kept import Status

__all__ = ["gauges"]


def gauge(name: str, what: str, value: float) -> Metric:
    """A gauge without labels."""
    return GaugeMetricFamily(f"shelfspace_{name}", what, value=value)


def gauges(backend: Backend, admission: Admission, log: RequestLog) -> Iterator[Metric]:
    """What is true at the moment of the scrape."""
    engine = backend.engine
    yield gauge("requests_in_flight", "Requests admitted and not answered", admission.requests)
    yield gauge("body_bytes_in_flight", "Bytes of their bodies", admission.bytes)
    yield gauge("queue_jobs", "Requests waiting for the encoder's thread", backend.batcher.waiting)
    yield gauge("ready", "1 where a release answers", float(engine.loaded is not None))
    yield CounterMetricFamily("shelfspace_log_rows_dropped", "Request-log rows lost", value=log.lost)
    yield CounterMetricFamily("shelfspace_swaps", "Releases that began to answer", value=engine.swaps)
    yield from shadow_gauges(backend.shadow.status())
    yield gauge("release_problem", "1 where the current release cannot be served", bool(engine.problem))
    loaded = engine.loaded
    if loaded is None:
        return
    yield InfoMetricFamily("shelfspace_release", "The release that answers", value=release_facts(loaded))
    if loaded.choice is not None:
        yield from encoder_gauges(loaded.choice)
    yield gauge("release_rows", "Products of the release", len(loaded.release.product_ids))
    yield gauge("release_number", "Place in the order of releases", loaded.number)
    made = (loaded.release.folder / "release.json").stat().st_mtime
    yield gauge("release_age_seconds", "Since the release was written", time.time() - made)
    answering = all(index.answering for index in loaded.remote)
    yield gauge("index_answering", "1 where the index that is asked for answers", float(answering))
    yield CounterMetricFamily(
        "shelfspace_index_fallbacks",
        "Searches of the release that its own index answered while PostgreSQL was away",
        value=sum(index.fallbacks for index in loaded.remote),
    )
    view = loaded.view()
    yield gauge("delta_products", "Products put or changed since the release", len(view.delta.entries))
    yield gauge("delta_deleted", "Products of the release deleted since", len(view.delta.gone))
    yield gauge("delta_sequence", "Number of the last change", view.delta.sequence)
    if loaded.live is not None:
        yield gauge("delta_bytes", "Size of the log of changes", loaded.live.segment.size)


def shadow_gauges(status: Status) -> Iterator[Metric]:
    """What became of the requests that were answered on the side."""
    family = CounterMetricFamily(
        "shelfspace_shadow_requests", "Requests of the share that is answered on the side", labels=["outcome"]
    )
    for outcome, count in status.counts.items():
        family.add_metric([outcome.replace(" ", "_")], count)
    yield family
    yield gauge("shadow_failed", "1 where answering on the side was switched off", status.state == "failed")


def encoder_gauges(choice: Choice) -> Iterator[Metric]:
    """How the encoder is run: the way of each part, and what a text takes by it and eagerly."""
    yield InfoMetricFamily("shelfspace_encoder", "How each part of the encoder is run", value=choice.ways)
    yield gauge("encoder_problem", "1 where what was chosen did not agree as a whole", bool(choice.problem))
    if choice.text_microseconds is not None:
        family = GaugeMetricFamily(
            "shelfspace_encoder_text_seconds", "One text through the encoder, as measured at its release",
            labels=["way"],
        )  # fmt: skip
        for way, spent in zip(("eager", "chosen"), choice.text_microseconds, strict=True):
            family.add_metric([way], spent / 1e6)
        yield family


def release_facts(loaded: LoadedRelease) -> dict[str, str]:
    """Labels of the release's info."""
    index = loaded.index.describe()
    return {"release": loaded.id, "index": str(index["kind"]), "factory": str(index.get("factory", ""))}
