"""Inline: attempts on the thread that calls, one at a time: for debugging and tests, and inside child processes.

Nothing can interrupt a handler here: a timeout is noticed when it has returned, and fails the attempt then. Async
handlers run on an event loop of the driver's own; it can't be used inside another one that runs on the same thread.
"""

from collections.abc import Awaitable, Callable
from os import getpid
from typing import TYPE_CHECKING, final

from adc.core.ids import Xid
from adc.core.instants import Span
from adc.core.outcome import Success
from adc.core.terms import Token
from adc.drivers.coroutines import settle
from adc.drivers.launched import Launched
from adc.drivers.loop_thread import cancel_all
from adc.drivers.outbox import Outbox
from adc.drivers.perform import perform
from adc.handling.job import Held
from adc.handling.route import Routes
from adc.handling.said import Report, timed_out
from adc.ports.clock import Clock
from adc.ports.wakeup import Wake
from adc.running.wishes import Woken

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


@final
class Inline:
    """Hands that work while the loop waits for `launch` to return: its concurrency is 1.

    Other threads, and signal handlers, may interrupt and cancel what runs meanwhile.
    """

    def __init__(self, routes: Routes, clock: Clock) -> None:
        self._routes = routes
        self._clock = clock
        self._outbox = Outbox(clock)
        self._latest: Launched | None = None
        self._pid = getpid()
        self._stopping = False
        self._loop: AbstractEventLoop | None = None
        self.wait: Callable[[Span], Woken] = self._outbox.wait
        self.wake: Wake = self._outbox.wake

    def launch(self, held: Held) -> None:
        """Run the attempt to its end."""
        self._outbox.put(self.perform(self.prepare(held)))

    def prepare(self, held: Held) -> Launched:
        """An attempt that hasn't begun: from here on it can be told to end."""
        terms = held.state.terms
        self._latest = launched = Launched(held, self._routes[terms.kind, terms.payload_version], self._pid)
        if self._stopping:
            launched.interrupt()
        return launched

    def perform(self, launched: Launched) -> Report:
        """What the attempt says, when it has come to its end."""
        began = self._clock.tick()
        said = perform(launched.attempt, self._clock, self)
        timeout = launched.held.state.terms.timeout
        if timeout is not None and self._clock.tick() - began > timeout:
            said = timed_out(timeout)
        return launched.report(said)

    def run(self, awaitable: Awaitable[object]) -> object:
        """Run an awaitable on the driver's event loop."""
        if self._loop is None:
            import asyncio  # noqa: PLC0415  import adc shall not import it

            self._loop = asyncio.new_event_loop()
        launched, clock = self._latest, self._clock
        task = self._loop.create_task(
            settle(awaitable, clock) if launched is None else launched.settled(awaitable, clock)
        )
        while True:
            try:
                outcome = self._loop.run_until_complete(task)
                break
            except SystemExit:  # of a task that a handler made: whoever awaits that one gets it too
                continue
        if isinstance(outcome, Success):
            return outcome.unwrap()
        raise outcome.failure()

    def heed(self) -> None:
        """Raise the CancelledError that is due."""
        if self._latest is not None:
            self._latest.heed()

    def stop(self) -> None:
        """Ask the loop to stop, and the handler that runs."""
        self._stopping = True
        self.interrupt()
        self._outbox.stop()

    def interrupt(self) -> None:
        """Tell the attempt that runs that the runner stops."""
        if self._latest is not None:
            self._latest.interrupt()

    def cancel(self, jid: Xid, token: Token) -> None:
        """Tell the attempt, if it runs, that its job was cancelled."""
        launched = self._latest
        if launched is not None and (launched.held.jid, launched.held.state.token) == (jid, token):
            launched.cancel()

    def abandon(self, jid: Xid, token: Token) -> None:
        """Nothing runs while the loop does."""

    def close(self) -> None:
        """Let go of the event loop."""
        if self._loop is not None:
            self._loop.run_until_complete(cancel_all())  # what handlers left behind
            self._loop.close()
