"""A micro-batcher that never waits: its thread runs whatever is queued, as one batch.

At one request at a time a batch is one job and costs a thread hop; under load, jobs queue while
the thread computes and the next batch takes them all (up to `max_weight`). BentoML's own
`batchable=True` waits for company, 20 ms and more a request when there is none.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Batcher"]

Job = TypeVar("Job")
Answer = TypeVar("Answer")


class Batcher(Generic[Job, Answer]):
    """Runs jobs in one thread, in order, as many at once as are there.

    Args:
        run: takes a batch and returns one answer or exception per job, in order.
        weight: what a job counts towards `max_weight`; a heavier job runs alone.
        max_weight: bound of one batch, which bounds its memory.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Job]], Sequence[Answer | Exception]],
        weight: Callable[[Job], int] = lambda _: 1,
        max_weight: int = 64,
        name: str = "batcher",
    ) -> None:
        self._run = run
        self._weight = weight
        self._max_weight = max_weight
        # A queue in C: a condition of Python's costs both threads several times as much a job.
        self._queue: SimpleQueue[tuple[Job, asyncio.Future[Answer]] | None] = SimpleQueue()
        self._left: tuple[Job, asyncio.Future[Answer]] | None = None
        self._closing = threading.Lock()
        self._closed = False
        self.batches = 0
        self.jobs = 0
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that no batch has taken yet."""
        return self._queue.qsize() + (self._left is not None)

    async def submit(self, job: Job) -> Answer:
        """Queue a job and wait for its answer; raises what `run` gave for it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        with self._closing:
            if self._closed:
                raise RuntimeError("the batcher is closed")
            self._queue.put((job, future))
        return await future

    def close(self) -> None:
        """Finish what is queued, then end the thread; later jobs are refused."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)  # behind all jobs there are
        self._thread.join()

    def _take(self) -> list[tuple[Job, "asyncio.Future[Answer]"]]:
        """The next batch; empty where there is none and none will come."""
        first = self._left or self._queue.get()
        self._left = None
        if first is None:
            return []
        batch, weight = [first], 0
        while True:
            try:
                one = self._queue.get_nowait()
            except Empty:
                return batch
            if one is None:
                self._queue.put(None)  # found again once this batch is done
                return batch
            weight = (weight or self._weight(first[0])) + self._weight(one[0])
            if weight > self._max_weight:
                self._left = one
                return batch
            batch.append(one)

    def _loop(self) -> None:
        while taken := self._take():
            # Who has given up, by hanging up or after service.answer_seconds, wants no answer.
            batch = [one for one in taken if not one[1].cancelled()]
            if not batch:
                continue
            answers = self._answers([job for job, _ in batch])
            self.batches += 1
            self.jobs += len(batch)
            if len(batch) == 1:
                tell([(batch[0][1], answers[0])])
            else:
                by_loop: dict[asyncio.AbstractEventLoop, list] = {}
                for (_, future), answer in zip(batch, answers, strict=True):
                    by_loop.setdefault(future.get_loop(), []).append((future, answer))
                for pairs in by_loop.values():
                    tell(pairs)
                del by_loop
            del taken, batch, answers

    def _answers(self, jobs: list[Job]) -> Sequence[Answer | Exception]:
        try:
            answers = self._run(jobs)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the batch, who raises it
            return [error] * len(jobs)
        if len(answers) != len(jobs):
            return [RuntimeError(f"{len(answers)} answers for {len(jobs)} jobs")] * len(jobs)
        return answers


def tell(pairs: list[tuple["asyncio.Future", object]]) -> None:
    """Hand answers to callers of one event loop: one wake-up of it a batch, not one a job."""
    loop = pairs[0][0].get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(_resolve, pairs)


def _resolve(pairs: list[tuple["asyncio.Future", object]]) -> None:
    for future, answer in pairs:
        if future.done():  # the caller went away
            continue
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
