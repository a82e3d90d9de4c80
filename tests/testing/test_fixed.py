"""A fixed clock and fixed dice stand still until the test moves them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from adc.core.instants import SECOND, NaiveDatetime, instant_of
from adc.testing.fixed import START, FixedClock, FixedDice

TOKYO = timezone(timedelta(hours=9))


def test_a_clock_stands_still() -> None:
    clock = FixedClock()

    assert (clock.at, FixedClock(clock.at).at, clock.tick()) == (START, START, 0)
    assert instant_of(START) == clock.now() == clock.now()


def test_a_clock_starts_where_it_is_told_and_shows_utc() -> None:
    clock = FixedClock(datetime(2030, 1, 1, 9, tzinfo=TOKYO))

    assert clock.at.isoformat() == "2030-01-01T00:00:00+00:00"


def test_advancing_moves_both_clocks() -> None:
    clock = FixedClock()

    clock.advance(timedelta(seconds=3))
    clock.advance(timedelta(0))

    assert (START + timedelta(seconds=3), 3 * SECOND) == (clock.at, clock.tick())


@pytest.mark.parametrize("to", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)])
def test_setting_it_is_a_jump_that_the_other_clock_does_not_notice(to: datetime) -> None:
    clock = FixedClock()

    clock.at = to

    assert (instant_of(to), 0) == (clock.now(), clock.tick())


def test_time_does_not_pass_backwards() -> None:
    clock = FixedClock()

    with pytest.raises(ValueError, match="expected a time of 0 or more, got -1 day, 23:59:59"):
        clock.advance(timedelta(seconds=-1))

    assert (clock.at, clock.tick()) == (START, 0)


def test_a_clock_needs_a_time_zone() -> None:
    with pytest.raises(NaiveDatetime):
        FixedClock(datetime(2030, 1, 1))  # noqa: DTZ001


def test_dice_show_what_they_are_told() -> None:
    dice = FixedDice(0.25)

    assert (dice.noise(), dice.noise()) == (0.25, 0.25)
    dice.show(0.75)
    assert (dice.noise(), FixedDice().noise()) == (0.75, 0.5)


@pytest.mark.parametrize("noise", [-0.1, 1.0, float("nan")])
def test_dice_show_numbers_from_0_up_to_1(noise: float) -> None:
    with pytest.raises(ValueError, match="expected a noise from 0 up to but not 1"):
        FixedDice(noise)
