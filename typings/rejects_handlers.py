"""Mistakes with handlers and steps. Each line with an ignore is refused, by mypy and pyright, at that line."""

from collections.abc import AsyncGenerator
from datetime import timedelta

from accepts_handlers import deliver, find_email, render
from accepts_models import INVOICE, MAIL, Invoice, Mail, Resize

import adc

router = adc.RunnerRouter()


# handlers of another payload or result
@router.handles(INVOICE)  # type: ignore[arg-type]
def takes_mail(job: adc.Job[Mail]) -> bytes:
    return b""


@router.handles(INVOICE)  # type: ignore[arg-type]
def gives_text(job: adc.Job[Invoice]) -> str:
    return ""


@router.handles(INVOICE)  # type: ignore[arg-type]
def gives_nothing(job: adc.Job[Invoice]) -> None:
    return None


@router.handles(INVOICE)  # type: ignore[arg-type]
async def gives_text_later(job: adc.Job[Invoice]) -> str:
    return ""


@router.handles(INVOICE)  # type: ignore[arg-type]
def steps_to_text(job: adc.Job[Invoice]) -> adc.Steps[str]:
    yield from adc.step("find", find_email)(7)
    return ""


@router.handles(INVOICE)  # type: ignore[arg-type]
def takes_the_payload(invoice: Invoice) -> bytes:
    return b""


@router.handles(INVOICE)  # type: ignore[arg-type]
def takes_two(job: adc.Job[Invoice], database: str) -> bytes:
    return b""


@router.handles(INVOICE)  # type: ignore[arg-type]
def fails_with_text(job: adc.Job[Invoice]) -> adc.Outcome[bytes, str]:
    return adc.Failure("no")


@router.handles(INVOICE)  # type: ignore[arg-type]
async def yields_later(job: adc.Job[Invoice]) -> AsyncGenerator[bytes, None]:
    yield b""


def mail(job: adc.Job[Mail]) -> None:
    return None


router.add_job_handler(INVOICE, mail)  # type: ignore[arg-type]
router.add_job_handler(MAIL, 7)  # type: ignore[arg-type]
router.add_job_handler("mail", mail)  # type: ignore[arg-type]
router.handles("mail")  # type: ignore[arg-type]
router.include(INVOICE)  # type: ignore[arg-type]


# steps
def wrong_argument(job: adc.Job[Invoice]) -> adc.Steps[str | None]:
    return (yield from adc.step("find", find_email)("7"))  # type: ignore[arg-type]


def missing_argument(job: adc.Job[Invoice]) -> adc.Steps[str | None]:
    return (yield from adc.step("find", find_email)())  # type: ignore[call-arg]


def extra_argument(job: adc.Job[Invoice]) -> adc.Steps[str | None]:
    return (yield from adc.step("find", find_email)(7, 8))  # type: ignore[call-arg]


def unknown_keyword(job: adc.Job[Invoice]) -> adc.Steps[bytes]:
    return (yield from adc.step("render", render)(7, curency="EUR"))  # type: ignore[call-arg]


def wrong_keyword(job: adc.Job[Invoice]) -> adc.Steps[bytes]:
    return (yield from adc.step("render", render)(7, currency=7))  # type: ignore[arg-type]


def wrong_answer(job: adc.Job[Invoice]) -> adc.Steps[str]:
    return (yield from adc.step("find", find_email)(7))  # type: ignore[return-value]


def unchecked_answer(job: adc.Job[Invoice]) -> adc.Steps[int]:
    email = yield from adc.step("find", find_email)(7)
    return (yield from adc.step("deliver", deliver)(email, b""))  # type: ignore[arg-type]


def yields_a_step(job: adc.Job[Invoice]) -> adc.Steps[str | None]:
    return (yield adc.step("find", find_email)(7))  # type: ignore[misc, return-value]


def keeps_a_step(job: adc.Job[Invoice]) -> adc.Steps[bytes]:
    body = adc.step("render", render)(7)
    yield from adc.now()
    return body  # type: ignore[return-value]


def adds_to_a_step(job: adc.Job[Invoice]) -> adc.Steps[int]:
    code = adc.step("deliver", deliver)("a", b"")
    yield from adc.now()
    return code + 1  # type: ignore[operator]


def calls_inline(job: adc.Job[Invoice]) -> adc.Steps[str | None]:
    return (yield from adc.step("find", find_email(7))(7))  # type: ignore[call-overload, no-any-return]


def names_no_step(job: adc.Job[Invoice]) -> adc.Steps[str | None]:
    return (yield from adc.step(find_email)(7))  # type: ignore[call-overload, no-any-return]


def snoozes_a_number(job: adc.Job[Invoice]) -> adc.Steps[None]:
    yield from adc.snooze(60)  # type: ignore[arg-type]


async def awaits_wrong(job: adc.Job[Invoice]) -> int:
    return await adc.step("deliver", deliver)("a", "b")  # type: ignore[arg-type]


async def gives_wrong(job: adc.Job[Invoice]) -> str:
    return await adc.step("deliver", deliver)("a", b"")  # type: ignore[return-value]


# what isn't done
def fails_wrong(job: adc.Job[Resize]) -> adc.Outcome[int, adc.NotDone]:
    return adc.Failure(ValueError("no"))  # type: ignore[arg-type]


def succeeds_wrong(job: adc.Job[Resize]) -> adc.Outcome[int, adc.NotDone]:
    return adc.Success("3")  # type: ignore[arg-type]


adc.Transient("busy", retry_in=30)  # type: ignore[arg-type]
adc.Transient("busy", timedelta(1))  # type: ignore[call-arg]
adc.Snooze(60)  # type: ignore[arg-type]
adc.Permanent()  # type: ignore[call-arg]


def reads_what_is_not_there(job: adc.Job[Invoice]) -> int:
    return job.payload.amount  # type: ignore[attr-defined, no-any-return]


def changes_the_job(job: adc.Job[Invoice]) -> None:
    job.attempt = 1  # type: ignore[misc]


def changes_the_payload(job: adc.Job[Invoice]) -> None:
    job.payload.cents = 1  # type: ignore[misc]
