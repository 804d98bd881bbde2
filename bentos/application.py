"""The service without HTTP: a parsed body goes in, an answer comes out.

Both fronts, the fast path and the routes BentoML declares, call `Application.answer`.
"""

import time
from functools import partial
from typing import Any

from bentos.api.limits import Admission, Limits
from bentos.api.parsing import Files, read_call
from bentos.auth.access import ANYONE, Door, Visitor
from bentos.auth.keys import KeyRing, ScopeName
from bentos.auth.rate_limit import Strangers
from bentos.config import ServiceConfig
from bentos.endpoints import ENDPOINTS
from bentos.endpoints.endpoint import Asked
from bentos.errors import RequestError
from bentos.serving.backend import Backend
from bentos.serving.gauges import gauges
from bentos.serving.request_rows import log_row, log_rows, with_texts
from bentos.telemetry.access_log import AccessLog
from bentos.telemetry.metrics import METRICS
from bentos.telemetry.request_log import RequestLog

__all__ = ["Application"]

WITHOUT_KEY: tuple[frozenset[ScopeName], ...] = (frozenset(), ANYONE.scopes)
"""Scopes of whoever sent no key, at a service that has keys and at one that has none."""


class Application:
    """What one process answers with, and what it keeps a record of.

    Args:
        config: what this process is told.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self.config = config
        self.limits = Limits.of(config.settings)
        self.admission = Admission(self.limits)
        self.backend = Backend(config, self.limits)
        self.engine = self.backend.engine
        service = config.settings.service
        self.log = RequestLog(config.live, service.log_every_seconds, kept=service.request_log_rows)
        self.access = AccessLog(
            config.live if service.access_log else None, service.log_every_seconds, service.access_log_bytes
        )
        self._texts = service.log_query_text
        self.shadow = self.backend.shadow
        self._gauges = partial(gauges, self.backend, self.admission, self.log)
        rate = config.settings.events.per_second
        self.door = Door(KeyRing(config.keys), strangers=Strangers(rate, max(1, 20 * rate)))
        self.host_names = frozenset(name.lower() for name in service.host_names)

    def start(self) -> None:
        """Begin loading the release; requests are refused with 503 until it is there."""
        self.tell_metrics()
        self.engine.start()
        self.shadow.start()

    def tell_metrics(self) -> None:
        """Let /metrics tell of this application from now on."""
        METRICS.watch(self._gauges)

    def close(self) -> None:
        """Finish what is queued, then write the rest of the logs."""
        METRICS.forget(self._gauges)
        self.shadow.close()
        self.backend.close()
        self.log.close()
        self.access.close()

    @property
    def ready(self) -> bool:
        """Whether a release answers."""
        return self.engine.loaded is not None

    async def answer(
        self, name: str, body: Any, files: Files | None = None, visitor: Visitor = ANYONE
    ) -> dict[str, Any]:
        """Answer one request.

        Args:
            name: of a route, as in ENDPOINTS.
            body: the parsed JSON body, unchecked.
            files: the files of a multipart request.
            visitor: who asks; the guard has let them in.

        Raises:
            RequestError: anything that is answered with 4xx or 5xx; nothing is written then.
        """
        begin = time.perf_counter()
        loaded = self.engine.loaded or self.engine.require()
        endpoint = ENDPOINTS[name]
        try:
            try:
                call = read_call(endpoint, body, self.limits, files)
                if endpoint.open and visitor.scopes in WITHOUT_KEY:
                    self.door.strangers.owe(visitor.address, len(call) - 1)
            finally:  # what is refused was read as well
                METRICS.seconds.append(("parse", time.perf_counter() - begin))
            reply = await endpoint.reply(Asked(call, loaded, self.backend, visitor))
        except RequestError as refusal:
            self.refused(name, refusal, time.perf_counter() - begin)
            raise
        # Browsing and product pages encode nothing: they say nothing of what shoppers look for.
        if self.log.on and reply.outcome is not None and len(reply.outcome.vectors):
            answered = time.perf_counter()
            rows = log_rows(call, reply.outcome, reply.results, loaded, answered - begin)
            self.log.add(with_texts(rows, call) if self._texts else rows)
            METRICS.seconds.append(("log", time.perf_counter() - answered))
        if self.shadow.asked is not None:
            sequence = reply.body.get("sequence", 0)
            self.shadow.offer(
                call, body, files, reply.results, loaded.id, sequence, time.perf_counter() - begin
            )
        return reply.body

    def refused(self, name: str, refusal: RequestError, seconds: float) -> None:
        """Log a refused request as one row."""
        if self.log.on and ENDPOINTS[name].logged:
            row = log_row(name, "", refusal.status, 0, seconds)
            self.log.add([{**row, "error": refusal.field}])
