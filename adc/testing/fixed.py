"""Fixed clock and dice: time and chance as a test says, passed to a queue as `clock=` and `dice=`."""

from datetime import UTC, datetime, timedelta
from typing import Final, final

from adc.core.instants import Instant, Span, after, datetime_of, instant_of, span_of

START: Final = datetime(2027, 1, 15, 8, tzinfo=UTC)
"""Where a FixedClock starts that is told nothing else."""


@final
class FixedClock:
    """A clock that stands still until the test moves it. `at` has a time zone."""

    def __init__(self, at: datetime = START) -> None:
        self._now = instant_of(at)
        self._tick = Span(0)

    def now(self) -> Instant:
        """The wall clock."""
        return self._now

    def tick(self) -> Span:
        """The clock that only goes forward; it starts at 0."""
        return self._tick

    @property
    def at(self) -> datetime:
        """What the wall clock shows, in UTC. Setting it is a jump, either way, which the other clock doesn't notice."""
        return datetime_of(self._now)

    @at.setter
    def at(self, moment: datetime) -> None:
        self._now = instant_of(moment)

    def advance(self, by: timedelta) -> None:
        """Let time pass, on both clocks; a negative `by` is a ValueError."""
        if by < timedelta(0):
            raise ValueError(f"expected a time of 0 or more, got {by}; set `at` to turn the wall clock back")
        self._now, self._tick = after(self._now, span_of(by)), Span(self._tick + span_of(by))


@final
class FixedDice:
    """Dice that always show `noise`, from 0 up to 1, or whatever the test sets it to."""

    def __init__(self, noise: float = 0.5) -> None:
        self._noise = _share(noise)

    def noise(self) -> float:
        """The same number each time."""
        return self._noise

    def show(self, noise: float) -> None:
        """Show this from now on."""
        self._noise = _share(noise)


def _share(noise: float) -> float:
    if not 0 <= noise < 1:
        raise ValueError(f"expected a noise from 0 up to but not 1, got {noise}")
    return noise
