"""CallersLoop: tasks in a loop of somebody else's, which begin a few at a time and end with the runner."""

import asyncio
import gc
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextvars import ContextVar
from itertools import pairwise
from threading import Event, get_ident

import pytest

from adc.drivers.callers_loop import BURST, CallersLoop
from tests.drivers.callers import Caller

whose: ContextVar[str] = ContextVar("whose", default="nobody's")


@pytest.fixture
def caller() -> Iterator[Caller]:
    made = Caller()
    yield made
    if not made.loop.is_closed():
        made.end()


async def ident() -> int:
    return get_ident()


async def forever(begun: Event, ended: Event) -> None:
    begun.set()
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


def test_tasks_run_on_the_callers_thread(caller: Caller) -> None:
    loop = CallersLoop(caller.loop)

    (thread,) = {loop.submit(ident()).result(10) for _ in range(3)}
    assert thread == asyncio.run_coroutine_threadsafe(ident(), caller.loop).result(10) != get_ident()


def test_what_nobody_waits_for_runs_there_too_and_is_kept(caller: Caller) -> None:
    loop, begun, ended = CallersLoop(caller.loop), Event(), Event()
    loop.start(forever(begun, ended))
    assert begun.wait(10)

    gc.collect()  # an event loop itself holds no task
    assert loop.submit(ident()).result(10)
    assert not ended.is_set()
    loop.close()
    assert ended.is_set()


def test_what_a_task_raises_comes_out(caller: Caller) -> None:
    async def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        CallersLoop(caller.loop).submit(fails()).result(10)


def test_somebody_else_may_cancel_a_task(caller: Caller) -> None:
    async def ends() -> None:
        raise asyncio.CancelledError

    with pytest.raises(CancelledError):
        CallersLoop(caller.loop).submit(ends()).result(10)


def test_a_task_has_the_context_in_which_it_was_asked_for(caller: Caller) -> None:
    async def look() -> str:
        seen = whose.get()
        whose.set("the task's")
        return seen

    loop = CallersLoop(caller.loop)
    before = whose.set("the runner's")

    assert [loop.submit(look()).result(10) for _ in range(2)] == ["the runner's"] * 2
    whose.reset(before)


def test_tasks_begin_a_few_at_a_time() -> None:
    begun, rounds = 0, list[int]()

    async def begins() -> None:
        nonlocal begun
        begun += 1

    async def another() -> None:
        """A task of the caller's own, which wants to go on meanwhile."""
        loop = CallersLoop(asyncio.get_running_loop())
        for _ in range(5 * BURST):
            loop.start(begins())
        while begun < 5 * BURST:
            await asyncio.sleep(0)
            rounds.append(begun)

    asyncio.run(another())

    assert {after - before for before, after in pairwise(rounds)} <= {0, BURST}
    assert rounds[-1] == 5 * BURST


def test_its_end_cancels_what_still_runs_and_nothing_else(caller: Caller) -> None:
    loop, begun, ended = CallersLoop(caller.loop), Event(), Event()
    own_begun, own_ended = Event(), Event()
    own = asyncio.run_coroutine_threadsafe(forever(own_begun, own_ended), caller.loop)
    loop.submit(forever(begun, ended))
    assert begun.wait(10)
    assert own_begun.wait(10)

    loop.close()

    assert ended.is_set()
    assert not own_ended.is_set()
    own.cancel()
    assert own_ended.wait(10)


def test_its_end_waits_for_what_a_cancelled_task_does_last(caller: Caller) -> None:
    begun, told, rounds = Event(), Event(), list[int]()

    async def cleans_up() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            told.set()
            for number in range(10):
                await asyncio.sleep(0)
                rounds.append(number)

    loop = CallersLoop(caller.loop)
    loop.submit(cleans_up())
    assert begun.wait(10)
    loop.close()

    assert rounds == [*range(10)]


def test_one_without_tasks_is_closed_too(caller: Caller) -> None:
    CallersLoop(caller.loop).close()


def test_a_busy_loop_is_not_waited_for_for_long(caller: Caller) -> None:
    free = Event()
    caller.call(free.wait)
    loop = CallersLoop(caller.loop)
    late = loop.submit(ident())

    loop.close()

    assert not late.done()
    free.set()
    with pytest.raises(CancelledError):
        late.result(10)


def test_after_its_end_it_takes_nothing(caller: Caller) -> None:
    loop = CallersLoop(caller.loop)
    loop.close()

    with pytest.raises(RuntimeError, match="the runner has ended"):
        loop.submit(ident())
    with pytest.raises(RuntimeError, match="the runner has ended"):
        loop.start(forever(Event(), Event()))


def test_where_the_loop_is_closed_the_run_is_stopped_and_nothing_begins(caller: Caller) -> None:
    stops: list[str] = []
    loop = CallersLoop(caller.loop)
    loop.stopped_by(lambda: stops.append("stop"))
    caller.end()

    promises = [loop.submit(ident()) for _ in range(2)]

    assert [promise.cancelled() for promise in promises] == [True, True]
    assert stops == ["stop", "stop"]
    loop.close()


def test_a_run_that_is_stopped_before_it_begins_ends_when_it_does(caller: Caller) -> None:
    stops: list[str] = []
    loop = CallersLoop(caller.loop)
    loop.stop()
    loop.stopped_by(lambda: stops.append("stop"))

    assert stops == ["stop"]
