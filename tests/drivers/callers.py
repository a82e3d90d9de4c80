"""Callers: an event loop of somebody's, on a thread of its own, and hands whose async attempts are its tasks."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import final

from adc.drivers.callers_loop import CallersLoop
from adc.drivers.drive import Hands
from adc.drivers.threads import Threads
from adc.handling.route import Routes
from adc.ports.clock import Clock


@final
class Caller:
    """Whoever awaits `serve`. A SystemExit out of a task would end its loop: this one goes on."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._ended = False
        self._thread = Thread(target=self._run, name="caller", daemon=True)
        self._thread.start()

    def call(self, what: Callable[[], object]) -> None:
        """Have it call something."""
        self.loop.call_soon_threadsafe(what)

    def end(self) -> None:
        """Close the loop, as it is."""
        self._ended = True
        self.call(self.loop.stop)
        self._thread.join(30)
        self.loop.close()

    def _run(self) -> None:
        while not self._ended:
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()


def on_a_callers_loop(routes: Routes, clock: Clock) -> Hands:
    """Threads, with a loop that ends when they do."""
    return _Served(routes, clock)


@final
class _Served:
    def __init__(self, routes: Routes, clock: Clock) -> None:
        self._caller = Caller()
        self._hands = Threads(routes, clock, CallersLoop(self._caller.loop))
        self.launch = self._hands.launch
        self.interrupt = self._hands.interrupt
        self.cancel = self._hands.cancel
        self.abandon = self._hands.abandon
        self.wait = self._hands.wait
        self.stop = self._hands.stop

    def close(self) -> None:
        self._hands.close()
        self._caller.end()
