"""Clock and dice: time and chance, which only the shell reads."""

from typing import Protocol

from adc.core.instants import Instant, Span


class Clock(Protocol):
    """Two clocks: due times follow the one on the wall, waits and time limits the one that never jumps."""

    def now(self) -> Instant:
        """The wall clock, in UTC; it may jump either way."""
        ...

    def tick(self) -> Span:
        """A clock that only goes forward, from an unknown zero; it means something in this process only."""
        ...


class Dice(Protocol):
    """The source of chance."""

    def noise(self) -> float:
        """A number drawn uniformly from [0, 1)."""
        ...
