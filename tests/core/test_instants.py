"""Instants and spans are exact, whatever the time zone, to the ends of the calendar."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from adc.core.instants import (
    EPOCH,
    FIRST,
    LAST,
    SECOND,
    Instant,
    NaiveDatetime,
    OutOfRange,
    Span,
    after,
    datetime_of,
    delay_of,
    instant_of,
    limit_of,
    soon,
    span_of,
    timedelta_of,
)

Later: TypeAlias = Callable[[Instant, Span], Instant]

MILLENNIUM = timedelta(days=365_000)
TOKYO = timezone(timedelta(hours=9))
NEW_YORK = timezone(timedelta(hours=-5))


class Nowhere(tzinfo):
    """A time zone that knows no offset: Python calls a datetime with it naive."""

    @override
    def utcoffset(self, moment: datetime | None, /) -> None:
        return None

    @override
    def dst(self, moment: datetime | None, /) -> None:
        return None

    @override
    def tzname(self, moment: datetime | None, /) -> None:
        return None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, microsecond=1, tzinfo=UTC), 1),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (datetime(1970, 1, 1, tzinfo=NEW_YORK), 5 * 3600 * SECOND),
        (datetime.max.replace(tzinfo=UTC), LAST),
        (datetime.min.replace(tzinfo=UTC), FIRST),
    ],
)
def test_an_instant_is_microseconds_since_1970(moment: datetime, expected: int) -> None:
    assert expected == instant_of(moment)


@pytest.mark.parametrize("given", ["2027-01-15T08:00Z", 5, date(2027, 1, 15)])
def test_what_is_no_datetime_is_refused(given: object) -> None:
    with pytest.raises(TypeError, match=f"expected a datetime, got {type(given).__name__}"):
        instant_of(given)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [FIRST - 1, LAST + 1, 2**63])
def test_what_no_datetime_can_say_is_not_read_as_an_instant(number: int) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"Expected `int` [<>]="):
        msgspec.convert(number, Instant)


@pytest.mark.parametrize("zone", [None, Nowhere()], ids=["no zone", "a zone without an offset"])
def test_a_naive_datetime_is_refused(zone: tzinfo | None) -> None:
    with pytest.raises(NaiveDatetime, match="expected a datetime with a time zone, got 2027-01-15T08:00:00"):
        instant_of(datetime(2027, 1, 15, 8, tzinfo=zone))


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_as_exact_as_a_datetime(moment: datetime) -> None:
    assert moment == datetime_of(instant_of(moment))


@given(st.timedeltas(-MILLENNIUM, MILLENNIUM), st.timezones())
def test_a_moment_is_the_same_instant_in_every_time_zone(length: timedelta, zone: tzinfo) -> None:
    moment = EPOCH + length

    assert instant_of(moment) == instant_of(moment.astimezone(zone))


@given(st.timedeltas())
def test_a_span_is_as_exact_as_a_timedelta(length: timedelta) -> None:
    assert length == timedelta_of(span_of(length))


@pytest.mark.parametrize("later", [after, soon])
@pytest.mark.parametrize(
    ("instant", "span", "expected"),
    [(7, 0, 7), (7, SECOND, 1_000_007), (-SECOND, SECOND, 0), (LAST - 1, 1, LAST), (FIRST + 1, -1, FIRST)],
)
def test_later_is_the_sum(later: Later, instant: int, span: int, expected: int) -> None:
    assert expected == later(Instant(instant), Span(span))


@pytest.mark.parametrize(
    ("instant", "span", "message"),
    [
        (LAST, SECOND, "0:00:01 after 9999-12-31T23:59:59.999999+00:00 is past the year 9999"),
        (FIRST, Span(-SECOND), "-1 day, 23:59:59 after 0001-01-01T00:00:00+00:00 is before the year 1"),
    ],
)
def test_after_refuses_what_no_datetime_can_say(instant: Instant, span: Span, message: str) -> None:
    with pytest.raises(OutOfRange, match=re.escape(message)):
        after(instant, span)


@pytest.mark.parametrize(
    ("moment", "zone"),
    [(datetime_of(LAST), NEW_YORK), (datetime_of(FIRST), TOKYO)],
    ids=["the end of the calendar in New York", "its start in Tokyo"],
)
def test_a_moment_that_utc_cannot_say_is_refused(moment: datetime, zone: tzinfo) -> None:
    with pytest.raises(OutOfRange, match="is before the year 1 or past the year 9999 in UTC"):
        instant_of(moment.replace(tzinfo=zone))


@pytest.mark.parametrize(("instant", "span"), [(LAST, 1), (LAST - 1, 2), (0, 2**80)])
def test_soon_ends_with_the_calendar(instant: int, span: int) -> None:
    assert soon(Instant(instant), Span(span)) == LAST


@pytest.mark.parametrize(
    ("make", "given", "message"),
    [
        (delay_of, timedelta(microseconds=-1), "expected a pause of 0 or more, got -1 day, 23:59:59.999999"),
        (delay_of, 5, "expected a pause as a timedelta, got int"),
        (limit_of, timedelta(0), "expected a pause above 0, got 0:00:00"),
        (limit_of, "5", "expected a pause as a timedelta, got str"),
        (limit_of, timedelta.max, "expected a pause of less than 292,000 years, got 999999999 days"),
    ],
)
def test_a_length_that_cannot_be_one_is_refused_by_name(
    make: Callable[[str, timedelta], Span], given: timedelta, message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make("pause", given)


def test_a_delay_may_be_nothing_and_a_limit_may_not() -> None:
    assert Span(0) == delay_of("delay", timedelta(0))
    assert Span(1) == limit_of("timeout", timedelta(microseconds=1))
