"""Every form of handler, and what the router gives back."""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import assert_type

from accepts_models import INVOICE, MAIL, RAW, RESIZE, SUM, Invoice, Mail, Resize
from returns.result import Result

import adc

router = adc.RunnerRouter()


def find_email(customer: int) -> str | None:
    return None if customer else "a@b"


def render(cents: int, *, currency: str = "EUR") -> bytes:
    return f"{cents} {currency}".encode()


async def deliver(to: str, body: bytes) -> int:
    return len(to) + len(body)


@router.handles(RAW)
def raw(job: adc.Job[bytes]) -> None:
    assert_type(job.payload, bytes)
    assert_type(job.cancellation.cancelled, bool)
    assert_type(job.cancellation.wait(timedelta(1)), bool)
    assert_type(job.jid, adc.Xid)
    assert_type(job.scheduled_at, datetime)


@router.handles(RESIZE)
def resize(job: adc.Job[Resize]) -> adc.Outcome[int, adc.NotDone]:
    match job.payload["width"]:
        case 0:
            return adc.Failure(adc.Permanent("width is 0"))
        case width if width > 9000:
            return adc.Failure(adc.Snooze(timedelta(hours=8)))
        case width if job.attempt < 2:
            return adc.Failure(adc.Transient("busy", retry_in=timedelta(seconds=30)))
        case width:
            return adc.Success(width)


@router.handles(INVOICE)
def invoice(job: adc.Job[Invoice]) -> adc.Steps[bytes]:
    email = yield from adc.step("find", find_email)(job.payload.customer)
    assert_type(email, str | None)
    at = yield from adc.now()
    assert_type(at, datetime)
    if email is None:
        return (yield from adc.snooze(timedelta(hours=1)))
    body = yield from adc.step("render", render)(job.payload.cents, currency="EUR")
    assert_type(body, bytes)
    code = yield from adc.step("deliver", deliver)(email, body)
    assert_type(code, int)
    return body


async def total(job: adc.Job[list[int]]) -> int:
    code = await adc.step("deliver", deliver)("a@b", b"")
    assert_type(code, int)
    return sum(job.payload) + code


total_again = router.handles(SUM)(total)
total_apart = adc.RunnerRouter().handles(SUM, process=True)(total)
adc.RunnerRouter().add_job_handler(SUM, total, process=True)


def culture(job: adc.Job[Mail]) -> Result[None, adc.NotDone]:
    return adc.Success(None)


async def mail(client: list[str], job: adc.Job[Mail]) -> None:
    client.append(job.payload.to)


def build() -> adc.RunnerRouter:
    built = adc.RunnerRouter()
    built.add_job_handler(MAIL, functools.partial(mail, list[str]()))
    built.add_job_handler(SUM, total)
    built.add_job_handler(RAW, lambda job: print(len(job.payload)))
    built.add_job_handler(INVOICE, invoice)
    built.include(router)
    assert_type(built.kinds, tuple[adc.AnyJobKind, ...])
    return built


def lists(job: adc.Job[list[int]]) -> Awaitable[int]:
    return total(job)


router.add_job_handler(SUM, lists)
router.add_job_handler(MAIL, culture)
handler: adc.JobHandler[Invoice, bytes] = invoice
step: adc.StepOf[[int], str | None] = adc.step("find", find_email)
made: adc.Step[str | None] = step(7)

assert_type(raw, Callable[[adc.Job[bytes]], None])
assert_type(invoice, Callable[[adc.Job[Invoice]], adc.Steps[bytes]])
assert_type(resize, Callable[[adc.Job[Resize]], adc.Outcome[int, adc.NotDone]])
assert_type(total_again, Callable[[adc.Job[list[int]]], Coroutine[object, object, int]])
