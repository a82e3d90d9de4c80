"""By hand: awaitables run with no event loop, as far as they wait for nothing but steps and other awaitables."""

from collections.abc import Awaitable, Coroutine
from typing import Final, TypeVar, final

from adc.core.outcome import Success
from adc.drivers.coroutines import settle
from adc.ports.clock import Clock

T = TypeVar("T")

_ASYNCIOS: Final = "no running event loop"
"""How asyncio complains where there is none."""


class NeedsEventLoop(RuntimeError):
    """The handler waits for something of an event loop's, and a replay has none.

    Put it into a step and give the step an answer; or run the handler by a `Trial`, which has an event loop.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"a replay has no event loop, which {what} needs: put it into a step, and give its answer")


@final
class ByHand:
    """Runs awaitables on the thread that calls, in frames that a debugger can step through."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(self, awaitable: Awaitable[object]) -> object:
        """What it gives or raises; NeedsEventLoop where it waits for anything but steps."""
        outcome = _finished(settle(awaitable, self._clock))
        if isinstance(outcome, Success):
            return outcome.unwrap()
        error = outcome.failure()
        if isinstance(error, RuntimeError) and str(error) == _ASYNCIOS:
            raise NeedsEventLoop("what it awaits") from error
        raise error


def _finished(coroutine: Coroutine[object, object, T]) -> T:
    """What it gives, sent on from one yield to the next."""
    try:
        foreign = coroutine.send(None)
        while True:
            # None is what asyncio.sleep(0) yields: to go on is all that it asks for.
            foreign = coroutine.send(None) if foreign is None else coroutine.throw(NeedsEventLoop(_shown(foreign)))
    except StopIteration as end:
        result: T = end.value
        return result


def _shown(foreign: object) -> str:
    return f"an object of class {type(foreign).__name__}"
