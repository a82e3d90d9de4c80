"""Coroutines: effects are performed, everything else goes up to the event loop and its answers come down."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from adc.core.instants import SECOND
from adc.core.outcome import Failure, Outcome, Success
from adc.drivers.coroutines import perform_here, settle
from adc.handling.effects import Dozing, Drive, Now, Performable
from adc.handling.route import Attempt
from adc.handling.said import Failed, Finished, Said
from adc.handling.steps import StepMisplaced, now, snooze, step
from adc.testing.fixed import START, FixedClock


def run(
    coroutine: Coroutine[object, object, object], clock: FixedClock | None = None
) -> Outcome[object, BaseException]:
    return asyncio.run(settle(coroutine, clock or FixedClock()))


def error_of(outcome: Outcome[object, BaseException]) -> BaseException:
    assert isinstance(outcome, Failure)
    return outcome.failure()


async def later(number: int) -> int:
    await asyncio.sleep(0)
    return number


async def nested(number: int) -> int:
    return 2 * await step("inner", later)(number)


async def gone() -> int:
    await asyncio.sleep(0)
    raise ConnectionError("gone")


def test_plain_steps_async_steps_and_foreign_awaits_mix() -> None:
    async def handler() -> list[object]:
        await asyncio.sleep(0)
        started = await now()
        return [started, await step("len", len)("four"), await step("nested", nested)(21), await later(1)]

    assert run(handler()) == Success([START, 4, 42, 1])


def test_what_a_step_raises_is_the_coroutines_to_catch() -> None:
    async def careful() -> str:
        try:
            await step("gone", gone)()
        except ConnectionError:
            return "caught"
        return "not raised"

    assert run(careful()) == Success("caught")
    assert isinstance(error_of(run(gone())), ConnectionError)


def test_whatever_can_be_awaited_is() -> None:
    class Ready:
        """An awaitable whose iterator can do nothing but go on."""

        def __await__(self) -> Iterator[None]:
            return iter([None])

    class Delegates:
        def __await__(self) -> Generator[object, object, int]:
            return later(3).__await__()

    def made() -> Delegates:
        return Delegates()

    async def handler() -> int:
        return await step("made", made)()

    assert run(handler()) == Success(3)
    assert asyncio.run(settle(Ready(), FixedClock())) == Success(None)  # type: ignore[arg-type]


def test_a_snooze_runs_what_is_in_finally_and_it_may_await() -> None:
    done: list[str] = []

    @asynccontextmanager
    async def client() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await asyncio.sleep(0)
            done.append("closed")

    async def sleepy() -> None:
        async with client():
            await snooze(timedelta(seconds=1))

    error = error_of(run(sleepy()))
    assert isinstance(error, Dozing)
    assert error.delay == SECOND
    assert done == ["closed"]


def test_a_cancelled_task_cancels_the_coroutine() -> None:
    seen: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def cancels() -> Outcome[object, BaseException]:
        task = asyncio.create_task(settle(waits(), FixedClock()))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert isinstance(error_of(asyncio.run(cancels())), asyncio.CancelledError)
    assert seen == ["cancelled"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(2)], ids=repr)
def test_what_would_end_the_event_loop_is_a_value(error: BaseException) -> None:
    async def raises() -> None:
        raise error

    assert error_of(run(raises())) is error


def test_a_step_inside_a_task_is_an_error() -> None:
    async def gathers() -> None:
        await asyncio.gather(nested(1))

    error = error_of(run(gathers()))
    assert isinstance(error, StepMisplaced)
    assert str(error) == "step 'inner' was awaited in a task of its own: await it in the handler itself"


def test_an_attempt_is_driven_inside_the_loop() -> None:
    def attempt() -> Generator[Performable, object, Said]:
        answer = yield Drive(nested(2))
        return Finished(str(answer).encode())

    assert asyncio.run(perform_here(attempt(), FixedClock())) == Finished(b"4")


def test_an_attempt_that_breaks_is_a_failure_too() -> None:
    def broken() -> Attempt:
        yield Now()
        raise MemoryError

    said = asyncio.run(perform_here(broken(), FixedClock()))
    assert isinstance(said, Failed)
    assert said.fault.names[0] == "builtins.MemoryError"
