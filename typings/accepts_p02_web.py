"""2 web handlers, sync and async; tests pass a MemoryQueue for the same parameter."""

import asyncio
from datetime import timedelta

from accepts_models import INVOICE, MAIL, Invoice, Mail

import adc
from adc.aio import AsyncQueue


def post_invoice(queue: adc.Queue, customer: int, cents: int) -> tuple[int, dict[str, str]]:
    match queue.try_schedule(INVOICE.new(Invoice(customer, cents), key=f"invoice-{customer}")):
        case adc.Success(jid):
            return 202, {"job": jid}
        case adc.Failure(refusal):  # one more level: a nested Failure(KeyTaken()) is never exhaustive
            match refusal:
                case adc.KeyTaken(jid=jid):
                    return 409, {"job": jid}
                case adc.JidTaken():
                    return 409, {}


async def post_mail(queue: AsyncQueue, to: str) -> tuple[int, dict[str, str]]:
    jid = await queue.schedule_in(MAIL.new(Mail(to, "hi")), timedelta(minutes=5))
    return 202, {"job": jid}


async def without_facade(queue: adc.SqliteQueue) -> adc.Xid:
    return await asyncio.to_thread(queue.schedule, MAIL.new(Mail("a", "b")))
