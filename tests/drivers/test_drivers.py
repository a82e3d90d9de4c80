"""Every driver runs every form of handler to every outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import NoReturn

import pytest
from typing_extensions import override

from adc.codec.payload import codec_for
from adc.core.instants import SECOND, Span
from adc.core.outcome import Failure, Outcome, Success
from adc.core.states import Started
from adc.core.terms import Body, Tally, Terms, Token
from adc.drivers.drive import Hands
from adc.drivers.inline import Inline
from adc.drivers.threads import Threads
from adc.handling.effects import Steps
from adc.handling.forms import form_of
from adc.handling.job import Held, Job
from adc.handling.notdone import NotDone, Permanent, Snooze, Transient
from adc.handling.route import Route, Routes
from adc.handling.said import Dozed, Failed, Finished, Said
from adc.handling.steps import now, snooze, step
from adc.ports.clock import Clock
from adc.testing.fixed import FixedClock
from adc.testing.samples import DUE, JOB, NOW, RUNNER

DRIVERS: list[Callable[[Routes, Clock], Hands]] = [Inline, Threads]
SOON = timedelta(seconds=1)
LONG = Span(30 * SECOND)
STATE = Started(Terms("act", Body("", 1)), Tally(1), Token(1, RUNNER), NOW)


def act(what: str) -> Outcome[str, NotDone]:
    """All that a handler can do, by name."""
    match what:
        case "answer":
            return Success("done")
        case "snooze":
            return Failure(Snooze(SOON))
        case "give up":
            return Failure(Permanent("no"))
        case "fail":
            return Failure(Transient("busy"))
        case "exit":
            raise SystemExit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "close":
            raise GeneratorExit
        case "cancel":
            raise asyncio.CancelledError
        case "group":
            raise ExceptionGroup("many", [ValueError("one"), ValueError("two")])
        case "recurse":
            return act(what)
        case "run out of memory":
            raise MemoryError
        case "mumble":
            raise Deaf
        case "overflow":
            return Success("x" * 1_000)
        case _:
            return Success(len(what))  # type: ignore[arg-type]


class Deaf(Exception):
    @override
    def __str__(self) -> NoReturn:
        raise SystemExit


def plainly(job: Job[str]) -> Outcome[str, NotDone]:
    return act(job.payload)


def raising(job: Job[str]) -> str:
    match act(job.payload):
        case Success(value):
            return value
        case Failure(why):
            raise why


def by_steps(job: Job[str]) -> Steps[Outcome[str, NotDone]]:
    yield from now()
    return (yield from step("act", act)(job.payload))


def by_async_steps(job: Job[str]) -> Steps[str]:
    return (yield from step("async", asynchronously)(job))


async def asynchronously(job: Job[str]) -> str:
    await asyncio.sleep(0)
    return raising(job)


async def by_awaited_steps(job: Job[str]) -> Outcome[str, NotDone]:
    await now()
    await asyncio.sleep(0)
    return await step("act", act)(job.payload)


async def by_nested_steps(job: Job[str]) -> str:
    return await step("async", asynchronously)(job)


def by_awaitable(job: Job[str]) -> Awaitable[str]:
    return asynchronously(job)


class Service:
    def method(self, job: Job[str]) -> Outcome[str, NotDone]:
        return act(job.payload)

    async def __call__(self, job: Job[str]) -> str:
        return await asynchronously(job)


def with_service(service: Service, job: Job[str]) -> Outcome[str, NotDone]:
    return service.method(job)


FORMS: list[Callable[[Job[str]], object]] = [
    plainly, raising, by_steps, by_async_steps, asynchronously, by_awaited_steps, by_nested_steps, by_awaitable,
    Service().method, Service(), partial(with_service, Service()), lambda job: act(job.payload),
]  # fmt: skip
NAMES = [
    "plain", "raising", "steps", "async steps", "async", "awaited steps", "nested steps", "awaitable",
    "method", "async object", "partial", "lambda",
]  # fmt: skip
OUTCOMES = {
    "answer": Finished(b'"done"'),
    "snooze": Dozed(SECOND),
    "give up": ("adc.Permanent", "permanent"),
    "fail": ("adc.Transient", "transient"),
    "exit": ("builtins.SystemExit", "transient"),
    "interrupt": ("builtins.KeyboardInterrupt", "transient"),
    "close": ("builtins.GeneratorExit", "transient"),
    "cancel": ("asyncio.exceptions.CancelledError", "transient"),
    "group": ("builtins.ExceptionGroup", "transient"),
    "recurse": ("builtins.RecursionError", "transient"),
    "run out of memory": ("builtins.MemoryError", "transient"),
    "mumble": (f"{__name__}.Deaf", "transient"),
    "overflow": ("adc.ResultRefused", "transient"),
    "answer with a number": ("adc.ResultRefused", "transient"),
}


def said_by(hands: Hands, payload: str) -> Said:
    hands.launch(Held(JOB, STATE, DUE, f'"{payload}"'.encode()))
    (report,) = hands.wait(LONG).reports
    assert (report.jid, report.token) == (JOB, STATE.token)
    return report.said


def routes(handler: Callable[[Job[str]], object]) -> Routes:
    return {("act", 1): Route("act", 1, codec_for(str), codec_for(str), 100, handler, form_of(handler))}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("handler", FORMS, ids=NAMES)
def test_every_outcome_of_every_form(
    driver: Callable[[Routes, Clock], Hands], handler: Callable[[Job[str]], object]
) -> None:
    with closing(driver(routes(handler), FixedClock())) as hands:
        for payload, expected in OUTCOMES.items():
            said = said_by(hands, payload)
            assert ((said.fault.names[0], said.verdict) if isinstance(said, Failed) else said) == expected, payload


def snoozing(job: Job[str]) -> Steps[str]:
    return (yield from snooze(SOON))


async def snoozing_async(job: Job[str]) -> str:
    return await snooze(SOON)


def dropping(job: Job[str]) -> str:
    step("dropped", act)("answer")  # type: ignore[unused-awaitable]
    return "done"


async def dropping_async(job: Job[str]) -> str:
    return dropping(job)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("handler", [snoozing, snoozing_async])
def test_a_snooze_ends_the_attempt(
    driver: Callable[[Routes, Clock], Hands], handler: Callable[[Job[str]], object]
) -> None:
    with closing(driver(routes(handler), FixedClock())) as hands:
        assert said_by(hands, "answer") == Dozed(SECOND)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("handler", [dropping, dropping_async])
def test_a_dropped_step_fails_it(
    driver: Callable[[Routes, Clock], Hands], handler: Callable[[Job[str]], object]
) -> None:
    with closing(driver(routes(handler), FixedClock())) as hands:
        said = said_by(hands, "answer")

    assert isinstance(said, Failed)
    assert said.fault.message.startswith("made and never driven: step 'dropped'")
