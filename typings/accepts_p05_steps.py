"""5 a generator handler: typed steps, snooze, an async step."""

from datetime import timedelta
from typing import assert_type

from accepts_models import INVOICE, Invoice

import adc

router = adc.RunnerRouter()


def find_email(customer: int) -> str | None:
    return None if customer else "a@b"


def render(cents: int, *, currency: str) -> bytes:
    return f"{cents} {currency}".encode()


async def deliver(to: str, body: bytes) -> int:
    return len(to) + len(body)


@router.handles(INVOICE)
def invoice(job: adc.Job[Invoice]) -> adc.Steps[bytes]:
    email = yield from adc.step("find", find_email)(job.payload.customer)
    assert_type(email, str | None)
    if email is None:
        return (yield from adc.snooze(timedelta(hours=1)))
    body = yield from adc.step("render", render)(job.payload.cents, currency="EUR")
    code = yield from adc.step("deliver", deliver)(email, body)
    assert_type(code, int)
    return body
