"""Cause: what holds in a thread or task, and no longer than it should."""

import asyncio
from collections.abc import Generator
from threading import Thread

import pytest
from msgspec.structs import replace

from adc.codec.events import body_of
from adc.handling.cause import CAUSE_LIMIT, begin_attempt, caused_by, current_cause, end_attempt
from adc.handling.effects import Steps
from adc.handling.job import NEVER_CANCELLED, Held, Job
from adc.handling.route import Attempt, LeaveNow
from adc.handling.said import Finished, Said
from adc.handling.steps import step
from adc.testing.samples import DUE, JOB, STARTED
from tests.handling.test_route import route

HELD = Held(JOB, replace(STARTED, terms=replace(STARTED.terms, payload=body_of(b"21"))), DUE, b"21", version=2)
OURS = f"job:{JOB}#2"
EVENT = "job:d5k7nc8v2q0g0a1m5j60#12"


def test_there_is_none_unless_somebody_says_so() -> None:
    assert current_cause() is None


def test_it_holds_within() -> None:
    with caused_by("request:7"):
        with caused_by(EVENT):
            assert current_cause() == EVENT
        assert current_cause() == "request:7"
    assert current_cause() is None


def test_it_ends_with_an_error() -> None:
    with pytest.raises(KeyError), caused_by("request:7"):
        raise KeyError
    assert current_cause() is None


def test_other_threads_and_tasks_have_their_own() -> None:
    seen: list[str | None] = []

    async def ask(cause: str) -> str | None:
        with caused_by(cause):
            await asyncio.sleep(0)
            return current_cause()

    async def ask_both() -> list[str | None]:
        return list(await asyncio.gather(ask("request:1"), ask("request:2")))

    with caused_by("request:0"):
        thread = Thread(target=lambda: seen.append(current_cause()))
        thread.start()
        thread.join()
        assert asyncio.run(ask_both()) == ["request:1", "request:2"]
        assert current_cause() == "request:0"
    assert seen == [None]


@pytest.mark.parametrize(
    ("cause", "problem"),
    [
        ("", "expected a cause, got an empty text"),
        ("request:", "expected a cause such as request:7f3a or job:<jid>#<version>, got 'request:'"),
        ("7f3a", "got '7f3a'"),
        ("request:\n", "expected a cause of printable characters"),
        ("request:" + "x" * CAUSE_LIMIT, "expected a cause of at most 500 characters"),
        ("job:d5k7nc8v2q0g0a1m5j60", "got 'job:d5k7nc8v2q0g0a1m5j60'"),
        ("job:d5k7nc8v2q0g0a1m5j60#0", "#0'"),
        ("job:d5k7#1", "got 'job:d5k7#1'"),
    ],
)
def test_what_can_t_be_a_cause_is_refused(cause: str, problem: str) -> None:
    with pytest.raises(ValueError) as refused, caused_by(cause):
        pass
    assert problem in str(refused.value)


def ended(attempt: Attempt) -> Said:
    """What an attempt says whose steps are called where they are asked for."""
    effect = next(attempt)
    while True:
        try:
            effect = attempt.send(effect.call())  # type: ignore[union-attr]
        except StopIteration as end:
            said: Said = end.value
            return said


def at_once(attempt: Attempt) -> Said:
    try:
        next(attempt)
    except StopIteration as end:
        said: Said = end.value
        return said
    raise AssertionError("the attempt wants an answer")


def plain(job: Job[int]) -> str | None:
    return current_cause()


def by_steps(job: Job[int]) -> Steps[str | None]:
    first = yield from step("ask", current_cause)()
    assert first == current_cause()
    return first


def test_a_handler_asks_because_of_its_attempt() -> None:
    assert at_once(route(plain, result=str).attempt(HELD, NEVER_CANCELLED)) == Finished(f'"{OURS}"'.encode())
    assert ended(route(by_steps, result=str).attempt(HELD, NEVER_CANCELLED)) == Finished(f'"{OURS}"'.encode())
    assert current_cause() is None


def fails(job: Job[int]) -> str:
    assert current_cause() == OURS
    raise ValueError


def leaves(job: Job[int]) -> str:
    raise LeaveNow


def test_the_one_before_holds_again_however_an_attempt_ends() -> None:
    with caused_by("request:7"):
        at_once(route(fails).attempt(HELD, NEVER_CANCELLED))
        assert current_cause() == "request:7"
        with pytest.raises(LeaveNow):
            next(route(leaves).attempt(HELD, NEVER_CANCELLED))
        assert current_cause() == "request:7"
        steps = route(by_steps).attempt(HELD, NEVER_CANCELLED)
        next(steps)
        assert current_cause() == OURS
        steps.close()
        assert current_cause() == "request:7"


def test_an_attempt_that_is_thrown_away_elsewhere_changes_nothing_there() -> None:
    steps = route(by_steps).attempt(HELD, NEVER_CANCELLED)
    thread = Thread(target=lambda: next(steps))
    thread.start()
    thread.join()

    with caused_by("request:7"):
        steps.close()
        assert current_cause() == "request:7"


def test_a_generator_that_is_thrown_away_elsewhere_changes_nothing_there() -> None:
    def waiting() -> Generator[None, None, None]:
        with caused_by("request:1"):
            yield

    thrown = waiting()
    thread = Thread(target=lambda: next(thrown))
    thread.start()
    thread.join()

    with caused_by("request:7"):
        thrown.close()
        assert current_cause() == "request:7"


def test_an_attempt_whose_place_isn_t_known_is_no_cause() -> None:
    before = begin_attempt(Held(JOB, STARTED, DUE, b""))
    assert current_cause() is None
    end_attempt(HELD, before)  # not that one's
    assert current_cause() is None
