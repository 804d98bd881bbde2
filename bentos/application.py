"""The service without HTTP: a parsed body goes in, a status and an answer come out.

Both fronts, the hot routes and the routes BentoML declares, call `Application.answer`.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bentos.api.limits import Admission, Limits
from bentos.api.media_cost import check_costs
from bentos.api.parsing import ENDPOINTS, READS, Files, ParsedRequest, read_call
from bentos.auth.keys import KeyRing
from bentos.config import ServiceConfig
from bentos.endpoints.changes import records_of, require_known, require_live
from bentos.endpoints.products import browsed, details, require_named
from bentos.endpoints.shape import shape
from bentos.endpoints.similar import similar_alone
from bentos.errors import RequestError
from bentos.serving.batcher import Batcher
from bentos.serving.engine import Engine
from bentos.serving.index_backend import said
from bentos.serving.jobs import featurize, run_jobs
from bentos.serving.loaded_release import LoadedRelease
from bentos.serving.outcome import Job, Outcome
from bentos.serving.request_rows import best_of, item_facts, log_row
from bentos.serving.uploads import PutMedia
from bentos.telemetry.access_log import AccessLog
from bentos.telemetry.metrics import METRICS, timed
from bentos.telemetry.request_log import RequestLog
from models.features.table import FeatureTable
from retrieval.filters.rules import Rules
from retrieval.filters.rules_file import RulesFile

__all__ = ["Application"]

logger = logging.getLogger("shelfspace.service")

SWAPS = 5
"""Releases in a row that may replace the one a write was encoded for before it is refused."""
DECODERS = 2
"""Threads that decode photos and sounds; each may hold one decoded photo of the largest size."""


class Application:
    """Engine, batcher, limits and request log of one process.

    Args:
        config: what this process is told.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self.config = config
        self.limits = Limits.of(config.settings)
        self.admission = Admission(self.limits)
        self.rules = RulesFile(config.rules)
        self.rules.refresh()
        self.engine = Engine(config, watched=self.rules.refresh)
        self.put_media = PutMedia(config.releases / "delta" / "media") if config.releases else None
        self.log = RequestLog(config.live, config.settings.service.log_every_seconds)
        service = config.settings.service
        self.access = AccessLog(
            config.live if service.access_log else None, service.log_every_seconds, service.access_log_bytes
        )
        self.keys = KeyRing(config.keys)
        self.host_names = frozenset(name.lower() for name in service.host_names)
        self.batcher: Batcher[Job, Outcome] = Batcher(
            run_jobs, weight=lambda job: len(job.call), max_weight=self.limits.items, name="encoder"
        )
        self._decoders = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")

    def start(self) -> None:
        """Begin loading the release; requests are refused with 503 until it is there."""
        METRICS.watch(self)
        self.engine.start()

    def close(self) -> None:
        """Finish what is queued, then write the rest of the request log."""
        self.engine.close()
        self.batcher.close()
        self._decoders.shutdown()
        self.log.close()
        self.access.close()

    @property
    def ready(self) -> bool:
        """Whether a release answers."""
        return self.engine.loaded is not None

    def manifest(self) -> dict[str, Any]:
        """What /release answers: the manifest of the release in use, without its file list.

        Raises:
            RequestError: 503 while there is none.
        """
        loaded = self.engine.require()
        facts = {k: v for k, v in loaded.manifest.items() if k != "files"}
        return {
            "release": loaded.id,
            "labels": list(loaded.encoder.labels),
            "modalities": list(loaded.encoder.modalities),
            "manifest": facts,
            "metrics": loaded.release.metrics,
            "index": said(loaded, self.config.settings.service.index),
            "search": loaded.shelves.parts.describe(),
            "encoder": None if loaded.choice is None else loaded.choice.describe(),
            "rules": self.rules.describe(loaded.shelf().columns),
            "problem": "; ".join(p for p in (self.engine.problem, self.rules.problem) if p),
        }

    async def answer(self, endpoint: str, body: Any, files: Files | None = None) -> dict[str, Any]:
        """Answer one request.

        Args:
            endpoint: one of parsing.ENDPOINTS or parsing.READS.
            body: the parsed JSON body, unchecked.
            files: the files of a multipart request.

        Raises:
            RequestError: anything that is answered with 4xx or 503.
        """
        begin = time.perf_counter()
        loaded = self.engine.require()
        try:
            with timed("parse"):
                call = read_call(endpoint, body, self.limits, files)
            outcome = await self._run(call, loaded)
        except RequestError as refusal:
            self.refused(endpoint, refusal, time.perf_counter() - begin)
            raise
        with timed("shape"):
            results = shape(call, outcome, loaded, self.rules.rules)
        # Browsing and product pages encode nothing: they say nothing of what shoppers look for.
        if self.log.on and len(outcome.vectors):
            with timed("log"):
                self.log.add(self._rows(call, outcome, results, loaded, time.perf_counter() - begin))
        answer: dict[str, Any] = {"release": loaded.id}
        if outcome.view is not None and (call.k or call.endpoint in READS):
            answer["sequence"] = outcome.view.delta.sequence
        if call.single:
            return {**answer, "result": results[0]}
        return {**answer, "results": results}

    async def write(self, endpoint: str, body: Any, files: Files | None = None) -> dict[str, Any]:
        """Put, change or delete products; what is answered is on the disk and in every later answer.

        Args:
            endpoint: one of parsing.WRITES.
            body, files: as for `answer`.

        Raises:
            RequestError: anything that is answered with 4xx or 5xx; nothing is written then.
        """
        call = read_call(endpoint, body, self.limits, files)
        loop = asyncio.get_running_loop()
        for _ in range(SWAPS):
            loaded = self.engine.require()
            require_live(loaded)
            outcome = None
            if call.items:
                outcome = await self._encode(call, loaded)
            else:
                require_known(call, loaded.view())
            records = await loop.run_in_executor(
                self._decoders, records_of, call, loaded, outcome, self.put_media
            )
            sequence = await loop.run_in_executor(self._decoders, self.engine.write, loaded, records)
            if sequence is not None:
                return {"release": loaded.id, "sequence": sequence, "product_ids": list(call.product_ids)}
        remedy = "retry in a second; releases are being swapped"
        raise RequestError(503, "release", self.engine.require().id, remedy, retry_after=1)

    async def _run(self, call: ParsedRequest, loaded: LoadedRelease) -> Outcome:
        require_named(call, loaded)
        if call.endpoint in READS:
            return details(call, loaded, self.rules.rules)
        if call.endpoint == "similar":
            if not call.modality:
                return await self.batcher.submit(Job(call, loaded, rules=self.rules.rules))
            return await self._aside(similar_alone, call, loaded)
        if call.endpoint == "search" and call.asks[0].browsing:
            return await self._aside(browsed, call, loaded)
        if call.endpoint == "classify" and not loaded.encoder.labels:
            remedy = "use /embed or /search; this release was trained without categories"
            raise RequestError(422, "endpoint", "classify", remedy)
        return await self._encode(call, loaded)

    async def _aside(
        self,
        work: Callable[[ParsedRequest, LoadedRelease, Rules], Outcome],
        call: ParsedRequest,
        loaded: LoadedRelease,
    ) -> Outcome:
        """Answer in a thread beside the encoder's, which this work has no need of."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoders, work, call, loaded, self.rules.rules)

    async def _encode(self, call: ParsedRequest, loaded: LoadedRelease) -> Outcome:
        features = None
        if any(item.photos or item.sounds for item in call.items):
            loop = asyncio.get_running_loop()
            with timed("decode"):
                features = await loop.run_in_executor(self._decoders, self._decode, loaded, call)
        return await self.batcher.submit(Job(call, loaded, features, self.rules.rules))

    def _decode(self, loaded: LoadedRelease, call: ParsedRequest) -> FeatureTable:
        check_costs(call, self.limits)
        return featurize(loaded, call)

    def refused(self, endpoint: str, refusal: RequestError, seconds: float) -> None:
        """Log a refused request as one row."""
        if self.log.on and endpoint in ENDPOINTS:
            row = log_row(endpoint, "", refusal.status, 0, seconds)
            self.log.add([{**row, "error": refusal.field}])

    def _rows(
        self,
        call: ParsedRequest,
        outcome: Outcome,
        results: list[dict],
        loaded: LoadedRelease,
        seconds: float,
    ) -> list[dict[str, Any]]:
        rows = []
        for number, result in enumerate(results):
            row = log_row(call.endpoint, loaded.id, 200, len(call), seconds)
            item = call.asks[number].whole if call.asks else call.items[number] if call.items else None
            if item is not None:
                row |= item_facts(item)
            row["top_label"], row["top_score"] = best_of(number, outcome, result, loaded)
            row["vector"] = outcome.vectors[number]
            if call.endpoint == "search" and self.config.settings.service.log_query_text:
                row["text"] = call.asks[number].text
            rows.append(row)
        return rows
