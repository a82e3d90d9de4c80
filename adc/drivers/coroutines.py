"""Coroutines: adc drives them itself, so that they may await steps; what isn't adc's goes up to the event loop.

Nothing of asyncio is imported here: whatever yields its own things up to its loop is served.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from os import getpid
from types import CoroutineType, coroutine
from typing import TypeAlias, assert_never, cast

from adc.core.instants import datetime_of
from adc.core.outcome import Failure, Outcome, Success
from adc.drivers.forking import leave_if_forked
from adc.handling.effects import PERFORMABLE, Call, Doze, Dozing, Drive, Effect, Now
from adc.handling.route import Attempt
from adc.handling.said import Said, said_of
from adc.ports.clock import Clock

Resumable: TypeAlias = Generator[object, object, object] | Coroutine[object, object, object]

Heed: TypeAlias = Callable[[], None]
"""Called between two effects; what it raises is thrown in where the next one was asked for."""


def unheeding() -> None:
    """Nobody has anything to say between two effects."""


async def perform_here(attempt: Attempt, clock: Clock, heed: Heed = unheeding) -> Said:
    """What an attempt says, driven inside the event loop that awaits this."""
    try:
        return cast("Said", await _awaited(attempt, clock, heed))  # driving hides what kind of generator it was
    except BaseException as error:  # noqa: BLE001  adc's own, or no memory: somebody waits for the report
        return said_of(error)


async def settle(awaitable: Awaitable[object], clock: Clock, heed: Heed = unheeding) -> Outcome[object, BaseException]:
    """What an awaitable gives or raises, as a value: KeyboardInterrupt out of a task would end the event loop."""
    try:
        return Success(await _awaited(_resumable(awaitable), clock, heed))
    except BaseException as error:  # noqa: BLE001  whoever waits raises it in their own thread
        return Failure(error)


def _drive(resumable: Resumable, clock: Clock, heed: Heed) -> Generator[object, object, object]:
    """Run it to its end: effects are performed, everything else is passed up, answers and exceptions down.

    A copy that a handler forked doesn't go back to the event loop, nor on from it: it would run everybody's tasks.
    """
    pid = getpid()
    try:
        asked = resumable.send(None)
        while True:
            try:
                if isinstance(asked, (*PERFORMABLE, Doze)):
                    answer = yield from _perform(asked, clock, heed)
                else:
                    leave_if_forked(pid)
                    answer = yield asked
                    leave_if_forked(pid)
            except BaseException as error:  # noqa: BLE001  a step's, or the loop's CancelledError: the handler's to catch
                asked = resumable.throw(error)
            else:
                asked = resumable.send(answer)
    except StopIteration as end:
        return end.value


_awaited = coroutine(_drive)
"""The same for `await`."""


def _perform(effect: Effect, clock: Clock, heed: Heed) -> Generator[object, object, object]:
    match effect:
        case Call(call=call):
            heed()
            answer = call()
            if not isinstance(answer, Awaitable):
                return answer
            return (yield from _drive(_resumable(cast("Awaitable[object]", answer)), clock, heed))
        case Drive(awaitable=awaitable):
            return (yield from _drive(_resumable(awaitable), clock, heed))
        case Now():
            heed()
            return datetime_of(clock.now())
        case Doze(delay=delay):
            raise Dozing(delay)
        case _:
            assert_never(effect)


def _resumable(awaitable: Awaitable[object]) -> Resumable:
    """A coroutine as it is; what else can be awaited may be no more than an iterator, so a coroutine awaits it."""
    return cast("Resumable", awaitable) if isinstance(awaitable, CoroutineType) else _await(awaitable)


async def _await(awaitable: Awaitable[object]) -> object:
    return await awaitable
