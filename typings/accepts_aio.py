"""Coroutines: a queue for producers, and a runner beside the other tasks of an event loop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import assert_never, assert_type

from accepts_handlers import build
from accepts_models import INVOICE, MAIL, SUM, Invoice, Mail

import adc
from adc import testing as t
from adc.aio import AsyncQueue


async def schedule(jobs: AsyncQueue) -> None:
    assert_type(await jobs.schedule(INVOICE.new(Invoice(7, 1))), adc.Xid)
    assert_type(await jobs.schedule_in(MAIL.new(Mail("a", "b")), timedelta(minutes=5)), adc.Xid)
    assert_type(await jobs.schedule_at(MAIL.new(Mail("a", "b")), datetime.now(UTC)), adc.Xid)
    assert_type(await jobs.schedule_many([MAIL.new(Mail("a", "b")), SUM.new([1])]), tuple[adc.Xid, ...])
    await jobs.schedule_many(INVOICE.new(Invoice(customer, 1)) for customer in range(100))
    assert_type(await jobs.try_schedule(SUM.new([1])), adc.Outcome[adc.Xid, adc.ScheduleRefused])
    first, second = await asyncio.gather(jobs.schedule(SUM.new([1])), jobs.schedule(SUM.new([2])))
    assert_type(first, adc.Xid)
    assert_type(second, adc.Xid)


async def change(jobs: AsyncQueue, jid: adc.Xid) -> int | None:
    assert_type(await jobs.cancel_job(jid), adc.Outcome[None, adc.CancelRefused])
    match await jobs.result(SUM, jid):
        case adc.Success(total):
            assert_type(total, int)
            return total
        case adc.Failure(refusal):
            match refusal:
                case adc.NotFound() | adc.WrongState() | adc.WrongKind() | adc.Undecodable():
                    return None
                case _:
                    assert_never(refusal)


async def produce(queue: adc.SqliteQueue) -> None:
    async with AsyncQueue(queue) as jobs:
        assert_type(jobs, AsyncQueue)
        await schedule(jobs)
    await AsyncQueue(t.MemoryQueue()).schedule(SUM.new([1]))  # in a test


@asynccontextmanager
async def lifespan(queue: adc.SqliteQueue) -> AsyncGenerator[AsyncQueue, None]:
    """What a web framework enters at its start and leaves at its end."""
    runner = adc.JobRunner(queue, build(), concurrency=1_000)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(runner.serve())
        async with AsyncQueue(queue) as jobs:
            yield jobs
        serving.cancel()


async def serve(queue: adc.SqliteQueue, seconds: float) -> None:
    runner = adc.JobRunner(queue, build())
    with suppress(TimeoutError):
        await asyncio.wait_for(runner.serve(timedelta(seconds=1)), seconds)
    await runner.serve()
