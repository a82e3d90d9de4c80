"""Perform: one attempt to its end, on the thread that calls."""

from collections.abc import Awaitable
from typing import Protocol, assert_never, cast

from adc.core.instants import datetime_of
from adc.handling.effects import Call, Drive, Now, Performable
from adc.handling.route import Attempt, LeaveNow
from adc.handling.said import Said, said_of
from adc.ports.clock import Clock


class Awaiter(Protocol):
    """Where awaitables are run, and who may have something to say meanwhile."""

    def run(self, awaitable: Awaitable[object]) -> object:
        """Wait for it: what it gives, or what it raises. Effects that it yields are performed."""
        ...

    def heed(self) -> None:
        """Called before an effect is performed; what it raises is thrown in instead."""
        ...


def perform(attempt: Attempt, clock: Clock, awaiter: Awaiter) -> Said:
    """What the attempt says. What a step raises is thrown in where the handler waits for it."""
    try:
        effect = next(attempt)
        while True:
            try:
                answer = _answer(effect, clock, awaiter)
            except BaseException as error:  # noqa: BLE001  the handler's to catch; the attempt lets nothing of it out
                effect = attempt.throw(error)
            else:
                effect = attempt.send(answer)
    except StopIteration as end:
        return cast("Said", end.value)  # StopIteration has no type for it
    except LeaveNow:
        raise
    except BaseException as error:  # noqa: BLE001  adc's own, or no memory: somebody waits for the report
        return said_of(error)


def _answer(effect: Performable, clock: Clock, awaiter: Awaiter) -> object:
    match effect:
        case Call(call=call):
            awaiter.heed()
            answer = call()
            return awaiter.run(cast("Awaitable[object]", answer)) if isinstance(answer, Awaitable) else answer
        case Drive(awaitable=awaitable):
            return awaiter.run(awaitable)
        case Now():
            awaiter.heed()
            return datetime_of(clock.now())
        case _:
            assert_never(effect)
