"""Drive: perform the wishes of a runner's loop, one after another, until its end."""

from contextlib import suppress
from typing import Protocol, assert_never

from adc.claiming import Desk
from adc.core.ids import Xid
from adc.core.instants import Span
from adc.core.terms import Token
from adc.drivers.turn import Listener, look_ahead, take_turn
from adc.drivers.watch import take_watch
from adc.handling.job import Held
from adc.rescuing import Watcher
from adc.running.events import RunnerEvent
from adc.running.wishes import (
    Abandon,
    Answer,
    Cancel,
    Interrupt,
    Launch,
    Loop,
    Peek,
    Tell,
    Turn,
    Wait,
    Watch,
    Wish,
    Woken,
)


class Hands(Protocol):
    """Who runs the attempts. All but `stop` are called by the thread that drives."""

    def launch(self, held: Held) -> None:
        """Let an attempt begin."""
        ...

    def interrupt(self) -> None:
        """Tell all attempts that the runner stops."""
        ...

    def cancel(self, jid: Xid, token: Token) -> None:
        """Tell an attempt that its job was cancelled. It still reports."""
        ...

    def abandon(self, jid: Xid, token: Token) -> None:
        """Wait no longer for an attempt."""
        ...

    def wait(self, at_most: Span, /) -> Woken:
        """Wait for reports, or for `stop`."""
        ...

    def stop(self) -> None:
        """Ask the loop to stop: from any thread, and from signal handlers."""
        ...

    def close(self) -> None:
        """Let go of threads and loops; what still runs is abandoned."""
        ...


def drive(loop: Loop[None], desk: Desk, hands: Hands, watcher: Watcher, listener: Listener | None = None) -> None:
    """Run the loop to its end. What a listener raises asks it to stop, and comes out when it has.

    Trouble with the store, but for one that passes, ends the run: it comes out, after all attempts were told to end.
    What they said and say isn't stored then; their jobs run again when somebody finds that this runner is gone.
    """
    raised: list[Exception] = []
    if listener is not None:
        listener = _stopping_by_error(listener, hands, raised)
    answer: Answer = None
    try:
        while True:
            try:
                wish = loop.send(answer)
            except StopIteration:
                break
            answer = _answer(wish, desk, hands, watcher, listener)
    except BaseException:
        with suppress(OSError):  # a handler may have closed descriptors of theirs, too: that isn't why the run ends
            hands.close()
        raise
    hands.close()
    if raised:
        raise raised[0]


def _stopping_by_error(listener: Listener, hands: Hands, raised: list[Exception]) -> Listener:
    """The same listener until it raises: jobs that were just claimed still start, and the run ends in good order."""

    def tell(event: RunnerEvent) -> None:
        if raised:
            return
        try:
            listener(event)
        except Exception as error:  # noqa: BLE001  it comes out in the end
            raised.append(error)
            hands.stop()

    return tell


def _answer(wish: Wish, desk: Desk, hands: Hands, watcher: Watcher, listener: Listener | None) -> Answer:
    match wish:
        case Launch():
            hands.launch(wish.held)
        case Turn():
            return take_turn(desk, wish, listener)
        case Wait():
            return hands.wait(wish.at_most)
        case Peek():
            return look_ahead(desk, wish)
        case Watch():
            return take_watch(desk, watcher, wish, listener)
        case Tell():
            if listener is not None:
                listener(wish.event)
        case Interrupt():
            hands.interrupt()
        case Cancel():
            hands.cancel(wish.jid, wish.token)
        case Abandon():
            hands.abandon(wish.jid, wish.token)
        case _:
            assert_never(wish)
    return None
