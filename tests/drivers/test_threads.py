"""Threads: who runs where, and what becomes of those that are abandoned."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from datetime import timedelta
from threading import Barrier, Event, current_thread
from threading import enumerate as enumerate_threads

import pytest
from typing_extensions import TypeVar

from adc.codec.events import body_of
from adc.codec.payload import codec_for
from adc.core.ids import Xid
from adc.core.instants import SECOND, Span
from adc.core.states import Started
from adc.core.terms import Tally, Terms, Token
from adc.drivers.loop_thread import LoopThread
from adc.drivers.threads import Threads
from adc.handling.effects import Steps
from adc.handling.forms import form_of
from adc.handling.job import Held, Job
from adc.handling.route import Route
from adc.handling.said import Finished, GivenBack, Report
from adc.handling.steps import step
from adc.testing.fixed import FixedClock
from adc.testing.samples import DUE, NOW, RUNNER

T = TypeVar("T")

LONG = Span(30 * SECOND)
PATIENCE = timedelta(seconds=30)

Handler = Callable[[Job[int]], object]


@pytest.fixture
def hands_for() -> Iterator[Callable[[Handler], Threads]]:
    made: list[Threads] = []

    def make(handler: Handler) -> Threads:
        route = Route("act", 1, codec_for(int), codec_for(str), 100, handler, form_of(handler))
        made.append(Threads({("act", 1): route}, FixedClock()))
        return made[-1]

    yield make
    for each in made:
        each.close()


def job(number: int, attempt: int = 1, kind: str = "act") -> Held:
    stored = str(number).encode()
    state = Started(Terms(kind, body_of(stored)), Tally(attempt), Token(attempt, RUNNER), NOW)
    return Held(Xid(f"{number:020}"), state, DUE, stored)


def reports(hands: Threads, count: int) -> list[Report]:
    found: list[Report] = []
    while len(found) < count:
        woken = hands.wait(LONG)
        assert woken.reports, "nothing came"
        found += woken.reports
    return found


def test_as_many_run_at_once_as_were_launched(hands_for: Callable[[Handler], Threads]) -> None:
    together = Barrier(5)

    def meets(job: Job[int]) -> str:
        together.wait(30)
        return current_thread().name

    hands = hands_for(meets)
    for number in range(5):
        hands.launch(job(number))

    said = {report.said for report in reports(hands, 5)}
    assert said == {Finished(f'"adc-worker-{number}"'.encode()) for number in range(1, 6)}


def test_threads_start_as_they_are_needed_and_are_used_again(hands_for: Callable[[Handler], Threads]) -> None:
    hands = hands_for(lambda job: current_thread().name)

    for number in range(3):
        hands.launch(job(number))
        assert reports(hands, 1)[0].said == Finished(b'"adc-worker-1"')


def test_async_handlers_run_at_once_on_one_thread(hands_for: Callable[[Handler], Threads]) -> None:
    met: list[int] = []
    all_here = asyncio.Event()

    async def meets(job: Job[int]) -> str:
        met.append(job.payload)
        if len(met) == 100:
            all_here.set()
        await all_here.wait()
        return current_thread().name

    hands = hands_for(meets)
    for number in range(100):
        hands.launch(job(number))

    assert {report.said for report in reports(hands, 100)} == {Finished(b'"adc-event-loop"')}


def test_an_abandoned_thread_is_replaced_and_not_heard(hands_for: Callable[[Handler], Threads]) -> None:
    released = Event()

    def stuck(job: Job[int]) -> str:
        if job.attempt == 1:
            assert job.cancellation.wait(PATIENCE)
            released.wait(30)
        return f"attempt {job.attempt}"

    hands, first, second = hands_for(stuck), job(1), job(1, attempt=2)
    hands.launch(first)
    hands.abandon(first.jid, first.state.token)
    hands.launch(second)

    assert [report.token.attempt for report in reports(hands, 1)] == [2]
    released.set()
    hands.launch(second)
    # The first one's report may come now: it is the loop's to drop, and takes nothing from the one that runs.
    assert {1, 2} >= {report.token.attempt for report in reports(hands, 1)}


def test_threads_that_hang_are_counted_until_they_come_home(hands_for: Callable[[Handler], Threads]) -> None:
    released = Barrier(3)

    def stuck(job: Job[int]) -> str:
        if job.payload:
            released.wait(30)
        return current_thread().name

    hands, first, second = hands_for(stuck), job(1), job(2)
    for each in (first, second):
        hands.launch(each)
        hands.abandon(each.jid, each.state.token)
    assert hands.wait(Span(0)).hanging == 2
    hands.launch(job(0))
    woken = hands.wait(LONG)
    assert [report.said for report in woken.reports] == [Finished(b'"adc-worker-1"')]
    assert woken.hanging == 2

    released.wait(30)
    hanging = [woken.hanging]
    while hanging[-1]:
        hanging.append(hands.wait(LONG).hanging)
    assert hanging in ([2, 0], [2, 1, 0])


def test_those_who_came_home_work_again(hands_for: Callable[[Handler], Threads]) -> None:
    names: set[str] = set()
    hands = hands_for(lambda job: current_thread().name)

    for number in range(20):
        each = job(number)
        hands.launch(each)
        hands.abandon(each.jid, each.state.token)
        reports(hands, 1)
        names |= {thread.name for thread in enumerate_threads() if thread.name.startswith("adc-worker")}

    assert names == {"adc-worker-1"}


def test_attempts_run_on_the_loop_that_is_given() -> None:
    async def where(job: Job[int]) -> str:
        return current_thread().name

    def waits(job: Job[int]) -> Steps[str]:
        return (yield from step("where", where)(job))

    class Counting:
        def __init__(self) -> None:
            self.loop, self.submitted, self.closed = LoopThread(), 0, 0

        def start(self, coroutine: Coroutine[object, object, None]) -> None:
            self.submitted += 1
            self.loop.start(coroutine)

        def submit(self, coroutine: Coroutine[object, object, T]) -> "Future[T]":
            self.submitted += 1
            return self.loop.submit(coroutine)

        def close(self) -> None:
            self.closed += 1
            self.loop.close()

    loop = Counting()
    routes = {
        (kind, 1): Route(kind, 1, codec_for(int), codec_for(str), 100, handler, form_of(handler))
        for kind, handler in (("act", where), ("wait", waits))
    }
    hands = Threads(routes, FixedClock(), loop)
    for number, kind in enumerate(("act", "wait")):
        hands.launch(job(number, kind=kind))
    assert {report.said for report in reports(hands, 2)} == {Finished(b'"adc-event-loop"')}
    hands.close()

    assert (loop.submitted, loop.closed) == (2, 1)


def test_an_abandoned_task_is_cancelled(hands_for: Callable[[Handler], Threads]) -> None:
    begun, seen = Event(), list[bool]()

    async def endless(job: Job[int]) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(job.cancellation.cancelled)
        return "never"

    hands, one = hands_for(endless), job(1)
    hands.launch(one)
    assert begun.wait(30)
    hands.abandon(one.jid, one.state.token)

    (report,) = reports(hands, 1)
    assert report.said == GivenBack("abandoned")
    assert seen == [True]


def test_a_thread_that_waits_for_a_task_comes_home_when_it_is_abandoned(
    hands_for: Callable[[Handler], Threads],
) -> None:
    begun = Event()

    async def endless() -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    def waits(job: Job[int]) -> Steps[str]:
        return (yield from step("endless", endless)())

    hands, one = hands_for(waits), job(1)
    hands.launch(one)
    assert begun.wait(30)
    hands.abandon(one.jid, one.state.token)

    assert reports(hands, 1)[0].said == GivenBack("abandoned")


def test_an_abandoned_thread_begins_no_task_any_more(hands_for: Callable[[Handler], Threads]) -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    def late(job: Job[int]) -> Steps[None]:
        assert job.cancellation.wait(PATIENCE)
        yield from step("endless", endless)()

    hands, one = hands_for(late), job(1)
    hands.launch(one)
    hands.abandon(one.jid, one.state.token)

    assert reports(hands, 1)[0].said == GivenBack("abandoned")


def test_all_that_run_are_told_to_stop(hands_for: Callable[[Handler], Threads]) -> None:
    def stops(job: Job[int]) -> str:
        return "told" if job.cancellation.wait(PATIENCE) else "not told"

    hands = hands_for(stops)
    for number in range(3):
        hands.launch(job(number))
    hands.interrupt()

    assert [report.said for report in reports(hands, 3)] == [Finished(b'"told"')] * 3


def test_what_still_runs_at_the_end_is_abandoned(hands_for: Callable[[Handler], Threads]) -> None:
    ended = Event()

    def stops(job: Job[int]) -> str:
        job.cancellation.wait(PATIENCE)
        ended.set()
        return ""

    hands = hands_for(stops)
    hands.launch(job(1))
    hands.close()

    assert ended.wait(30)
