"""Mistakes in coroutines, with AsyncQueue and serve. Each line with an ignore is refused at that line."""

from datetime import timedelta

from accepts_handlers import router
from accepts_models import INVOICE, SUM, Invoice

import adc
from adc.aio import AsyncQueue


async def scheduling(jobs: AsyncQueue, invoice: Invoice) -> None:
    await jobs.schedule(invoice)  # type: ignore[arg-type]
    await jobs.schedule(INVOICE)  # type: ignore[arg-type]
    await jobs.schedule_in(INVOICE.new(invoice), 60)  # type: ignore[arg-type]
    await jobs.schedule_at(INVOICE.new(invoice), timedelta(1))  # type: ignore[arg-type]
    await jobs.schedule_many(INVOICE.new(invoice))  # type: ignore[arg-type]
    await jobs.schedule_many([invoice])  # type: ignore[list-item]
    await jobs.cancel_job("d5k7nc8v2q0g0a1m5j60")  # type: ignore[arg-type]


async def forgets_to_await(jobs: AsyncQueue, invoice: Invoice) -> adc.Xid:
    jobs.schedule(INVOICE.new(invoice))  # type: ignore[unused-coroutine]
    return jobs.schedule(INVOICE.new(invoice))  # type: ignore[return-value]


async def unchecked(jobs: AsyncQueue, jid: adc.Xid) -> int:
    return await jobs.result(SUM, jid) + 1  # type: ignore[operator]


async def result_of_another_kind(jobs: AsyncQueue, jid: adc.Xid) -> str:
    match await jobs.result(SUM, jid):
        case adc.Success(total):
            return total  # type: ignore[return-value]
        case adc.Failure():
            return ""


def not_in_a_coroutine(jobs: AsyncQueue, queue: adc.SqliteQueue) -> None:
    with jobs:  # type: ignore[attr-defined]
        pass
    queue.schedule(INVOICE.new(Invoice(7, 1)))
    jobs.poll_next(INVOICE)  # type: ignore[attr-defined]


def is_no_queue(jobs: AsyncQueue) -> adc.Queue:
    return jobs  # type: ignore[return-value]


async def made_wrong() -> None:
    AsyncQueue("jobs.db")  # type: ignore[arg-type]
    AsyncQueue()  # type: ignore[call-arg]


async def serves_wrong(queue: adc.SqliteQueue) -> None:
    adc.JobRunner(queue, router).serve()  # type: ignore[unused-coroutine]
    await adc.JobRunner(queue, router).serve(1)  # type: ignore[arg-type]
    await adc.JobRunner(queue, router).run()  # type: ignore[func-returns-value, misc]
