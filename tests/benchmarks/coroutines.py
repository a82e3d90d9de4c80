"""Coroutines: a thousand async jobs at once under `await runner.serve()`, and how long others of the loop wait."""

import asyncio
import time
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Final

import adc
from tests.benchmarks.rounds import RATE, Measures
from tests.benchmarks.systems.protocol import PAYLOAD, Durability
from tests.benchmarks.systems.with_adc import INVOICE, Adc

AT_ONCE: Final = 1_000
TICK_SECONDS: Final = 0.001


def coroutines(folder: Path, durability: Durability, jobs: int) -> Measures:
    """Jobs a second, and the delay of a timer beside them."""
    with closing(Adc(folder, durability)) as opened:
        opened.put_many([PAYLOAD] * jobs)
        return asyncio.run(_serve(opened.queue, jobs))


async def _serve(queue: adc.SqliteQueue, jobs: int) -> Measures:
    done, numbers, delays = asyncio.Event(), count(1), list[float]()
    router = adc.RunnerRouter()

    @router.handles(INVOICE)
    async def invoice(job: adc.Job[bytes]) -> None:
        if next(numbers) == jobs:
            done.set()

    ticking = asyncio.create_task(_tick(delays))
    began = time.perf_counter()
    serving = asyncio.create_task(adc.JobRunner(queue, router, concurrency=AT_ONCE).serve())
    await done.wait()
    ticking.cancel()
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    return {RATE: jobs / (time.perf_counter() - began), "ms loop delay p99": _percentile(delays, 99) * 1000}


async def _tick(delays: list[float]) -> None:
    while True:
        wanted = time.perf_counter() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        delays.append(time.perf_counter() - wanted)


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100] if values else 0.0
