"""Growth: a -wal that is large and grows is told, once, and again when it has doubled; one that stays isn't."""

from adc.core.instants import Span
from adc.running.growth import BOUND, INTERVAL, Growth


def told(*sizes: int) -> list[int]:
    """Those of which a runner tells that looks once a minute."""
    growth = Growth()
    return [size for minute, size in enumerate(sizes) if growth.is_news(size, Span(minute * INTERVAL))]


def test_a_small_one_is_no_news() -> None:
    assert told(0, 4 << 20, BOUND // 2, BOUND) == []


def test_one_that_grows_beyond_the_bound_is_told_once() -> None:
    assert told(0, BOUND + 1, BOUND + 2, BOUND + 3) == [BOUND + 1]


def test_one_that_was_large_before_is_told_only_when_it_grows() -> None:
    """It stays as large as it was once, though what is in it is in the file too."""
    assert told(3 * BOUND, 3 * BOUND, 3 * BOUND, 3 * BOUND + 1) == [3 * BOUND + 1]


def test_it_is_told_again_when_it_has_doubled() -> None:
    assert told(0, BOUND + 1, 2 * BOUND, 2 * BOUND + 2, 4 * BOUND, 5 * BOUND) == [BOUND + 1, 2 * BOUND + 2, 5 * BOUND]


def test_one_that_began_anew_is_told_at_once_when_it_grows_again() -> None:
    assert told(0, 2 * BOUND, 0, BOUND + 1) == [2 * BOUND, BOUND + 1]


def test_it_is_looked_at_once_a_minute() -> None:
    growth = Growth()
    growth.is_news(0, Span(0))

    assert not growth.is_news(2 * BOUND, Span(INTERVAL - 1))
    assert growth.is_news(2 * BOUND, INTERVAL)
