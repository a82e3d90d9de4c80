"""Outbox: what attempts said, on its way to the runner's loop; and the bell that wakes it."""

import sys
from collections.abc import Callable
from os import sched_yield
from queue import Empty, SimpleQueue
from typing import Final, final

from adc.core.instants import SECOND, Span
from adc.handling.said import Report
from adc.ports.clock import Clock
from adc.ports.wakeup import News
from adc.running.wishes import Woken

LONGEST_WAIT: Final = Span(3_600 * SECOND)
"""Waiting calls refuse what is longer than some hundred years; the loop doesn't mind being woken early."""


@final
class Outbox:
    """Anybody may put and stop, signal handlers too: SimpleQueue.put may interrupt itself. Only the loop waits."""

    def __init__(self, clock: Clock, most: int = sys.maxsize) -> None:
        self._clock = clock
        self._most = most
        self._reports: SimpleQueue[Report | None] = SimpleQueue()
        self._stopping = False
        self._called = self._due = False
        self.put: Callable[[Report | None], None] = self._reports.put
        """Hand in a report; None only wakes the loop."""

    def stop(self) -> None:
        """Ask the loop to stop: it sees that when it wakes, which is now."""
        self._stopping = True
        self._reports.put(None)

    def wake(self, news: News) -> None:
        """Wake the loop: from any thread."""
        if news == "asked":
            self._called = True
        elif news == "due":
            self._due = True
        self._reports.put(None)

    def wait(self, at_most: Span) -> Woken:
        """All reports there are, up to `most`, as soon as there is one.

        When all are taken, workers that wait for the interpreter's lock get it, and may hand in more: so that few turns
        store many reports. It costs a microsecond. Whom a call has woken waits for nobody.
        """
        found: list[Report | None] = []
        try:
            found.append(self._reports.get(at_most > 0, min(at_most, LONGEST_WAIT) / SECOND))
            while len(found) < self._most:
                if found[-1] is not None and self._reports.empty():
                    sched_yield()
                found.append(self._reports.get_nowait())
        except Empty:
            pass
        called, due = self._called, self._due
        woken = Woken(tuple(filter(None, found)), self._clock.tick(), self._stopping, called=called, due=due)
        if called:
            self._called = False
        if due:
            self._due = False
        return woken
