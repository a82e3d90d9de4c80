"""Audience: events on their way to a reader for whom the runner never waits."""

from collections import deque
from collections.abc import Iterator
from threading import Condition
from typing import Final, final

from adc.running.events import EventsDropped, RunnerEvent

ROOM: Final = 1_000
"""So many events are kept for a slow reader; then the oldest are dropped, and counted."""


@final
class Audience:
    """One thread tells, another one reads."""

    def __init__(self, room: int = ROOM) -> None:
        self._changed = Condition()
        self._kept: deque[RunnerEvent] = deque()
        self._room = room
        self._dropped = 0
        self._ended = False
        self._error: BaseException | None = None

    def tell(self, event: RunnerEvent) -> None:
        """Let the reader know."""
        with self._changed:
            if len(self._kept) == self._room:
                self._kept.popleft()
                self._dropped += 1
            self._kept.append(event)
            self._changed.notify()

    def end(self, error: BaseException | None) -> None:
        """Nothing more comes; the reader gets the error, if there is one, after the last event."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify()

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self._ended

    def read(self) -> Iterator[RunnerEvent]:
        """All events, as they come."""
        while (event := self._next()) is not None:
            yield event
        if self._error is not None:
            raise self._error

    def _next(self) -> RunnerEvent | None:
        with self._changed:
            self._changed.wait_for(lambda: self._kept or self._ended)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                return EventsDropped(dropped)
            return self._kept.popleft() if self._kept else None
