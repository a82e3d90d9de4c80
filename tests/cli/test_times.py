"""Times and durations: what is read, and what is said of what can't be."""

from datetime import UTC, datetime, timedelta

import pytest

from adc.cli.times import duration_of, iso, moment_of, relative, span_text, stamp

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("1d", 86_400), ("2h", 7_200), ("1h30m", 5_400), ("1m1s1ms", 61.001), ("007s", 7)]
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert duration_of(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "-5m", "5 m", "1.5h", "5M", "30m1h", "1h1h", "٣s", "5m\n"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 250ms"):
        duration_of(text)


@pytest.mark.parametrize("text", ["9999999999d", f"{'9' * 5000}s"])
def test_a_duration_beyond_all_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration of less than a billion days"):
        duration_of(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", "2027-01-01T00:00:00+00:00"),
        ("2027-01-01T10:00Z", "2027-01-01T10:00:00+00:00"),
        ("2027-01-01T10:00:00.25-05:00", "2027-01-01T15:00:00.250000+00:00"),
    ],
)
def test_a_moment_is_read(text: str, moment: str) -> None:
    assert moment_of(text, NOW).isoformat() == moment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a time such as 2027-01-01T10:00Z"),
        ("soon", "expected a time such as 2027-01-01T10:00Z"),
        ("2027-13-01T10:00Z", "expected a time such as 2027-01-01T10:00Z"),
        ("2027-01-01", "has no zone: write 2027-01-01T00:00Z"),
        ("2027-01-01T10:00:01", "has no zone: write 2027-01-01T10:00:01Z"),
        ("0001-01-01T00:00+01:00", "from the year 1 to 9999"),
    ],
)
def test_what_is_no_moment_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        moment_of(text, NOW)


def test_what_is_shown_can_be_typed() -> None:
    assert moment_of(iso(NOW), NOW) == moment_of(stamp(NOW), NOW) == NOW
    assert duration_of(span_text(timedelta(days=1, hours=2))) == timedelta(days=1, hours=2)


def test_far_away_is_said_in_days() -> None:
    assert relative(datetime(9999, 1, 1, tzinfo=UTC), NOW) == "in 2911713d"
