"""Hands a share of the answered requests to a process on the side, and keeps how its answers differ.

The live answer waits for nothing here: a request is noted in microseconds once it is answered, a thread hands
it over, and what does not fit a short queue is dropped and counted. A process that fails is switched off and
said.
"""

import logging
import threading
import time
from collections import Counter
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from bentos.api.parsing import Files, ParsedRequest
from bentos.config import ServiceConfig
from bentos.serving.shadow.rows import question_key, rows_of
from bentos.serving.shadow.sampling import Task, eligible, sampled
from bentos.serving.shadow.worker import ShadowError, Worker
from bentos.telemetry.request_log import RequestLog
from releases.shadow.kept import FOLDER, Status, write_status
from releases.shadow.order import Order, shadow_wanted
from shelfspace.clock import now
from shelfspace.errors import ArtifactError

__all__ = ["Shadow"]

logger = logging.getLogger("shelfspace.shadow")

WAITING = 32
"""Requests that wait to be handed over."""
LARGEST, TOGETHER = 4_000_000, 16_000_000
"""Bytes of the photos and sounds of one request, and of all that wait."""
OUTCOMES = ("sampled", "answered", "refused", "dropped", "too large", "failed")
"""What is counted: of the requests that are sampled, what became of each."""
FAILURES = 5
"""Failures in a row, of whatever kind, after which nothing is asked any more."""
LOADING_SECONDS, ANSWER_SECONDS = 900.0, 30.0
LOOK_SECONDS, SAY_SECONDS = 1.0, 10.0
BEHIND_SECONDS = 1800.0
"""After which a process that lacks changes of the catalogue is started anew."""


class Shadow:
    """The side of one service; does nothing where it has no workspace to watch or no folder to write to.

    Args:
        config: what the service is told.

    Attributes:
        asked: what answers on the side now; None where nothing does.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self._config = config
        service = config.settings.service
        self._texts = service.log_query_text
        self.on = config.releases is not None and config.live is not None
        self._folder = config.live / FOLDER if config.live else Path()
        self._log = RequestLog(
            self._folder if self.on else None, service.log_every_seconds, kept=service.shadow_rows
        )
        self._key = question_key(config.user_key)
        self._queue: SimpleQueue[Task | Exception | None] = SimpleQueue()
        self._held, self._weighing = 0, threading.Lock()
        self.asked: Order | None = None
        self._order: Order | None = None
        self._off: Order | None = None
        self._worker: Worker | None = None
        self._counts = Counter(dict.fromkeys(OUTCOMES, 0))
        self._in_a_row = 0
        self._problem, self._state, self._megabytes = "", "off", 0.0
        self._began = self._said = self._looked = 0.0
        self._sequence, self._behind = 0, False
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch for a release that is to answer on the side."""
        if self.on:
            self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the process on the side; what waits for it is dropped."""
        self._closing.set()
        self.asked = None
        self._queue.put(None)
        if self._worker is not None:
            self._worker.kill()
        if self._thread is not None:
            self._thread.join()
            self._end()
            if self._state != "failed" and self._order is not None:
                self._say("off")
        self._log.close()

    def status(self) -> Status:
        """What answers on the side, and how that goes."""
        order = self._order or self._off
        return Status(
            release=order.release if order else "",
            share=order.share if order else 0.0,
            since=order.when if order else "",
            state=self._state,
            problem=self._problem,
            megabytes=self._megabytes,
            counts=dict(self._counts),
            at=now(),
        )

    def offer(
        self,
        call: ParsedRequest,
        body: Any,
        files: Files | None,
        results: Any,
        live: str,
        sequence: int,
        seconds: float,
    ) -> None:
        """Note an answered request, if it is among the share; called once its answer is made.

        Args:
            results: of the live release, an item each.
            sequence: number of the last change of the catalogue that they know of.
            seconds: they took.
        """
        order = self.asked
        if order is None or live == order.release:
            return
        try:
            if eligible(call) and sampled(call, order.share):
                size = sum(len(data) for item in call.items for data in (*item.photos, *item.sounds))
                self._queued(Task(call, body, files, results, live, sequence, seconds, size))
        except Exception as error:  # noqa: BLE001 - the live answer stands; the side's thread raises it
            self.asked = None
            self._queue.put(error)

    def _queued(self, task: Task) -> None:
        self._counts["sampled"] += 1
        if task.size > LARGEST:
            self._counts["too large"] += 1
        elif self._queue.qsize() >= WAITING or self._held + task.size > TOGETHER:
            self._counts["dropped"] += 1
        else:
            self._weigh(task.size)
            self._queue.put(task)

    def _weigh(self, size: int) -> None:
        with self._weighing:
            self._held += size

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._look()
                self._next()
            except Exception as error:
                if self._closing.is_set():
                    return
                # Nothing of the live service hangs on this thread; a bug here is said and ends the side.
                logger.exception("answering on the side failed")
                self._switch_off(f"answering on the side failed: {error}")

    def _look(self) -> None:
        """Once a second: what is wanted, and how far the process is."""
        moment = time.monotonic()
        if moment - self._looked < LOOK_SECONDS:
            return
        self._looked = moment
        try:
            assert self._config.releases is not None  # noqa: S101 - for the type checker
            wanted = shadow_wanted(self._config.releases, self._config.settings.service.shadow_share)
            damaged = ""
        except ArtifactError as error:
            wanted, damaged = None, str(error)
        if damaged and damaged != self._problem:
            logger.warning("%s", damaged)
            self._problem = damaged
        if wanted != self._order and not (wanted is not None and wanted == self._off):
            self._end()
            self._off = None
            self._order, self._problem, self._in_a_row = wanted, damaged, 0
            self._counts = Counter(dict.fromkeys(OUTCOMES, 0))
            self._say("off" if wanted is None else "loading")
        if self._order is not None and self._worker is None:
            self._begin(self._order)
        elif self._behind and moment - self._began > BEHIND_SECONDS:
            self._end()
        if moment - self._said > SAY_SECONDS and self._state == "answering":
            self._say(self._state)

    def _begin(self, order: Order) -> None:
        root, service = self._config.releases, self._config.settings.service
        assert root is not None  # noqa: S101 - for the type checker
        self._say("loading")
        self._began = time.monotonic()
        release = (root / "releases" / order.release).resolve()
        self._worker = Worker(release, root, self._folder / "side", service.shadow_megabytes)
        try:
            while (said := self._worker.ready(LOOK_SECONDS)) is None:
                if self._closing.is_set():
                    return
                if time.monotonic() - self._began > LOADING_SECONDS:
                    said = {"failed": f"it was not loaded within {LOADING_SECONDS:g} s"}
                    break
        except ShadowError as error:
            self._failed(str(error), ended=True)
            return
        if "failed" in said:
            self._switch_off(f"release {order.release} cannot answer on the side: {said['failed']}")
            return
        self._sequence, self._behind, self._megabytes = said["sequence"], False, said["megabytes"]
        self.asked = order
        self._say("answering")
        logger.info("release %s answers %.0f%% of the requests on the side", order.release, 100 * order.share)

    def _next(self) -> None:
        """Hand over one request, if there is one."""
        try:
            task = self._queue.get(timeout=LOOK_SECONDS)
        except Empty:
            return
        if isinstance(task, Exception):
            raise task
        if task is None:
            return
        self._weigh(-task.size)
        self._behind |= task.sequence > self._sequence
        if self._worker is None or self.asked is None:
            return
        said = {
            "name": task.call.endpoint,
            "body": task.body,
            "photos": len(task.files.photos) if task.files else 0,
            "sounds": len(task.files.sounds) if task.files else 0,
        }
        files = (*task.files.photos, *task.files.sounds) if task.files else ()
        try:
            answer = self._worker.ask(said, files, ANSWER_SECONDS)
        except ShadowError as error:
            self._failed(str(error), ended=True)
            return
        self._megabytes = answer["megabytes"]
        if "failed" in answer:
            self._failed(answer["failed"])
        elif "refused" in answer:
            # It may know no such product, or be trained without categories: a difference, no failure.
            self._counts["refused"] += 1
        else:
            self._in_a_row = 0
            self._counts["answered"] += 1
            self._log.add(rows_of(task, answer, self.asked.release, self._key, texts=self._texts))

    def _failed(self, why: str, *, ended: bool = False) -> None:
        """Count a failure; many in a row switch the side off, and an ended process is started anew."""
        if self._closing.is_set():
            return
        self._counts["failed"] += 1
        self._in_a_row += 1
        self._problem = why
        logger.warning("an answer on the side failed: %s", why)
        if ended:
            self._end()
        if self._in_a_row >= FAILURES:
            self._switch_off(f"{FAILURES} failures in a row, the last one: {why}")

    def _switch_off(self, why: str) -> None:
        self._end()
        self._off, self._order = self._order or self._off, None
        self._problem = why
        logger.error("nothing is answered on the side any more: %s", why)
        self._say("failed")

    def _end(self) -> None:
        """End the process; what waits is dropped."""
        self.asked = None
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        while not self._queue.empty():
            task = self._queue.get_nowait()
            if isinstance(task, Task):
                self._weigh(-task.size)
                self._counts["dropped"] += 1

    def _say(self, state: str) -> None:
        self._state, self._said = state, time.monotonic()
        try:
            write_status(self._folder, self.status())
        except OSError as error:  # a full disk; /release says it all the same
            logger.warning("%s cannot be written: %s", self._folder, error)
