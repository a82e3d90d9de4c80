"""Cancellation: the token of one attempt, for threads."""

from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import final

from adc.core.instants import SECOND
from adc.drivers.outbox import LONGEST_WAIT


@final
class Cancellation:
    """A CancellationToken that its runner sets, once.

    A SimpleQueue is the bell, not an Event: it costs a twentieth of it, for each attempt, and a signal handler may ring
    it while the same thread waits.
    """

    __slots__ = ("_bell", "cancelled", "why")

    def __init__(self) -> None:
        self.cancelled: bool = False
        """Whether the attempt should come to its end."""
        self.why: str = ""
        """Why it should, once it should."""
        self._bell: SimpleQueue[None] = SimpleQueue()

    def wait(self, timeout: timedelta) -> bool:
        """Wait until it should, but no longer than `timeout`; whether it should."""
        seconds = min(max(timeout.total_seconds(), 0.0), LONGEST_WAIT / SECOND)
        try:
            self._bell.get(timeout=seconds)
        except Empty:
            return self.cancelled
        self._bell.put(None)  # for whoever else waits
        return True

    def cancel(self, why: str) -> None:
        """It should."""
        self.why = why
        self.cancelled = True
        self._bell.put(None)
