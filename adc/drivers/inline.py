"""Inline: attempts on the thread that calls, one at a time: for debugging and tests.

Nothing can interrupt a handler here: a timeout is noticed when it has returned, and fails the attempt then. Async
handlers run on an event loop of the driver's own; it can't be used inside another one that runs on the same thread.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, final

from adc.core.ids import Xid
from adc.core.instants import Span
from adc.core.outcome import Success
from adc.core.terms import Token
from adc.drivers.cancellation import Cancellation
from adc.drivers.coroutines import settle
from adc.drivers.loop_thread import cancel_all
from adc.drivers.outbox import Outbox
from adc.drivers.perform import perform
from adc.handling.job import Held
from adc.handling.route import Routes
from adc.handling.said import Report, timed_out
from adc.ports.clock import Clock
from adc.running.wishes import Woken

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


@final
class Inline:
    """Hands that work while the loop waits for `launch` to return: its concurrency is 1."""

    def __init__(self, routes: Routes, clock: Clock) -> None:
        self._routes = routes
        self._clock = clock
        self._outbox = Outbox(clock)
        self._cancellation = Cancellation()
        self._loop: AbstractEventLoop | None = None
        self.wait: Callable[[Span], Woken] = self._outbox.wait

    def launch(self, held: Held) -> None:
        """Run the attempt to its end."""
        terms, began = held.state.terms, self._clock.tick()
        attempt = self._routes[terms.kind, terms.payload_version].attempt(held, self._cancellation)
        said = perform(attempt, self._clock, self)
        if terms.timeout is not None and self._clock.tick() - began > terms.timeout:
            said = timed_out(terms.timeout)
        self._outbox.put(Report(held.jid, held.state.token, said))

    def run(self, awaitable: Awaitable[object]) -> object:
        """Run an awaitable on the driver's event loop."""
        if self._loop is None:
            import asyncio  # noqa: PLC0415  import adc shall not import it

            self._loop = asyncio.new_event_loop()
        outcome = self._loop.run_until_complete(settle(awaitable, self._clock))
        if isinstance(outcome, Success):
            return outcome.unwrap()
        raise outcome.failure()

    def stop(self) -> None:
        """Ask the loop to stop, and the handler that runs."""
        self._cancellation.cancel()
        self._outbox.stop()

    def interrupt(self) -> None:
        """Nothing runs while the loop does."""

    def abandon(self, jid: Xid, token: Token) -> None:
        """Nothing runs while the loop does."""

    def close(self) -> None:
        """Let go of the event loop."""
        if self._loop is not None:
            self._loop.run_until_complete(cancel_all())  # what handlers left behind
            self._loop.close()
