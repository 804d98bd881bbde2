"""The micro-batcher: order, batching under load, no waiting, errors to their own caller."""

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest

from bentos.serving.batcher import Batcher


def double(jobs: Sequence[int]) -> list[int]:
    return [2 * job for job in jobs]


def test_concurrent_jobs_get_their_own_answers() -> None:
    batcher: Batcher[int, int] = Batcher(double)

    async def many() -> list[int]:
        return await asyncio.gather(*(batcher.submit(n) for n in range(500)))

    assert asyncio.run(many()) == [2 * n for n in range(500)]
    batcher.close()
    assert batcher.jobs == 500


def test_a_lone_job_does_not_wait_for_company() -> None:
    batcher: Batcher[int, int] = Batcher(double)

    async def lone() -> float:
        await batcher.submit(1)
        times = []
        for n in range(50):
            begin = time.perf_counter()
            await batcher.submit(n)
            times.append(time.perf_counter() - begin)
        return sorted(times)[25]

    seconds = asyncio.run(lone())
    batcher.close()
    assert seconds < 0.01  # BentoML's adaptive batching waits 20 ms here
    assert batcher.batches == 51


def test_what_queues_while_a_batch_runs_is_the_next_batch() -> None:
    gate = threading.Event()
    sizes: list[int] = []

    def slow(jobs: Sequence[int]) -> list[int]:
        sizes.append(len(jobs))
        gate.wait(5)
        return list(jobs)

    batcher: Batcher[int, int] = Batcher(slow, max_weight=8)

    async def many() -> None:
        first = asyncio.create_task(batcher.submit(0))
        while not sizes:
            await asyncio.sleep(0.001)
        rest = [asyncio.create_task(batcher.submit(n)) for n in range(20)]
        await asyncio.sleep(0.01)
        gate.set()
        await asyncio.gather(first, *rest)

    asyncio.run(many())
    batcher.close()
    assert sizes == [1, 8, 8, 4]


def test_weights_bound_a_batch_and_a_heavy_job_runs_alone() -> None:
    gate = threading.Event()
    batches: list[list[int]] = []

    def note(jobs: Sequence[int]) -> list[int]:
        batches.append(list(jobs))
        gate.wait(5)
        return list(jobs)

    batcher: Batcher[int, int] = Batcher(note, weight=lambda job: job, max_weight=10)

    async def many() -> None:
        tasks = [asyncio.create_task(batcher.submit(1))]
        while not batches:
            await asyncio.sleep(0.001)
        tasks += [asyncio.create_task(batcher.submit(n)) for n in (4, 6, 1, 50, 3)]
        await asyncio.sleep(0.01)
        gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(many())
    batcher.close()
    assert batches == [[1], [4, 6], [1], [50], [3]]


def test_one_bad_job_fails_alone_and_a_crash_fails_its_batch_only() -> None:
    def run(jobs: Sequence[int]) -> list[int | Exception]:
        if 99 in jobs:
            raise RuntimeError("broken")
        return [ValueError("odd") if job % 2 else job for job in jobs]

    batcher: Batcher[int, int] = Batcher(run)

    async def calls() -> None:
        answers = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
        assert isinstance(answers[0], ValueError)
        assert answers[1] == 2
        with pytest.raises(RuntimeError, match="broken"):
            await batcher.submit(99)
        assert await batcher.submit(4) == 4

    asyncio.run(calls())
    batcher.close()


def test_a_run_that_loses_answers_is_an_error_not_a_mix_up() -> None:
    batcher: Batcher[int, int] = Batcher(lambda jobs: [])
    with pytest.raises(RuntimeError, match="0 answers for 1 jobs"):
        asyncio.run(batcher.submit(1))
    batcher.close()


def test_close_finishes_what_is_queued_and_refuses_more() -> None:
    def slow(jobs: Sequence[int]) -> list[int]:
        time.sleep(0.02)
        return list(jobs)

    batcher: Batcher[int, int] = Batcher(slow, max_weight=1)

    async def calls() -> list[int]:
        tasks = [asyncio.create_task(batcher.submit(n)) for n in range(5)]
        await asyncio.sleep(0.005)
        await asyncio.to_thread(batcher.close)
        answers = await asyncio.gather(*tasks)
        with pytest.raises(RuntimeError, match="closed"):
            await batcher.submit(1)
        return answers

    assert asyncio.run(calls()) == [0, 1, 2, 3, 4]


def test_a_cancelled_caller_does_not_disturb_the_others() -> None:
    gate = threading.Event()

    def wait(jobs: Sequence[int]) -> list[int]:
        gate.wait(5)
        return list(jobs)

    batcher: Batcher[int, int] = Batcher(wait)

    async def calls() -> int:
        lost = asyncio.create_task(batcher.submit(1))
        kept = asyncio.create_task(batcher.submit(2))
        await asyncio.sleep(0.01)
        lost.cancel()
        gate.set()
        return await kept

    assert asyncio.run(calls()) == 2
    batcher.close()


def test_a_job_that_nobody_waits_for_any_more_is_left_out() -> None:
    gate, begun = threading.Event(), threading.Event()
    ran: list[int] = []

    def wait(jobs: Sequence[int]) -> list[int]:
        ran.extend(jobs)
        begun.set()
        gate.wait(5)
        return list(jobs)

    batcher: Batcher[int, int] = Batcher(wait)

    async def calls() -> int:
        first = asyncio.create_task(batcher.submit(1))
        await asyncio.to_thread(begun.wait, 5)
        lost = asyncio.create_task(batcher.submit(2))
        kept = asyncio.create_task(batcher.submit(3))
        await asyncio.sleep(0.01)
        lost.cancel()
        await asyncio.sleep(0.01)
        gate.set()
        return await first + await kept

    assert asyncio.run(calls()) == 4
    batcher.close()
    assert ran == [1, 3]
