"""Times and durations as they are typed and shown."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_DURATION: Final = re.compile(
    r"(?:(?P<days>[0-9]+)d)?(?:(?P<hours>[0-9]+)h)?(?:(?P<minutes>[0-9]+)m)?"
    r"(?:(?P<seconds>[0-9]+)s)?(?:(?P<milliseconds>[0-9]+)ms)?"
)
_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def duration_of(text: str) -> timedelta:
    """The duration that a text says; a ValueError for a text that says none.

    >>> str(duration_of("90s")), str(duration_of("1h30m")), str(duration_of("250ms")), str(duration_of("2d"))
    ('0:01:30', '1:30:00', '0:00:00.250000', '2 days, 0:00:00')
    >>> duration_of("5 min")
    Traceback (most recent call last):
    ValueError: expected a duration such as 250ms, 90s, 5m, 1h30m or 2d, got '5 min'
    """
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"expected a duration such as 250ms, 90s, 5m, 1h30m or 2d, got {text!r}")
    try:
        return timedelta(**{unit: int(number) for unit, number in found.groupdict(default="0").items()})
    except (OverflowError, ValueError) as error:  # ValueError: int() reads at most 4300 digits
        raise ValueError(f"expected a duration of less than a billion days, got {text[:50]!r}") from error


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that a text says, in UTC; a ValueError for one that says none, or doesn't say in which zone.

    >>> midnight = datetime(2027, 1, 1, tzinfo=UTC)
    >>> moment_of("2027-01-01T10:00+02:00", midnight).isoformat(), moment_of("now", midnight) == midnight
    ('2027-01-01T08:00:00+00:00', True)
    >>> moment_of("2027-01-01T10:00", midnight)
    Traceback (most recent call last):
    ValueError: '2027-01-01T10:00' has no zone: write 2027-01-01T10:00Z for UTC, or an offset such as +02:00
    >>> moment_of("tomorrow", midnight)
    Traceback (most recent call last):
    ValueError: expected a time such as 2027-01-01T10:00Z, 2027-01-01T10:00+02:00 or now, got 'tomorrow'
    """
    if text == "now":
        return now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        expected = "expected a time such as 2027-01-01T10:00Z, 2027-01-01T10:00+02:00 or now"
        raise ValueError(f"{expected}, got {text!r}") from error
    if moment.utcoffset() is None:
        zoned = moment.isoformat(timespec="auto" if moment.second or moment.microsecond else "minutes")
        raise ValueError(f"{text!r} has no zone: write {zoned}Z for UTC, or an offset such as +02:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"expected a time from the year 1 to 9999 in UTC, got {text!r}") from error


def iso(moment: datetime) -> str:
    """A moment for programs: ISO 8601 in UTC, always with microseconds.

    >>> iso(datetime(2027, 1, 1, 10, tzinfo=UTC))
    '2027-01-01T10:00:00.000000Z'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def stamp(moment: datetime) -> str:
    """A moment for people, who may paste it into an option: ISO 8601 in UTC, with milliseconds.

    >>> stamp(datetime(2027, 1, 1, 10, tzinfo=UTC))
    '2027-01-01T10:00:00.000Z'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def span_text(length: timedelta) -> str:
    """A duration of 0 or more for people: its two largest units, milliseconds only below a second.

    >>> [span_text(timedelta(seconds=seconds)) for seconds in (0.25, 5.1, 90, 3600, 93784, 0.0001)]
    ['250ms', '5s', '1m30s', '1h', '1d2h', '0ms']
    """
    if length < _SECOND:
        return f"{length // _MILLISECOND}ms"
    left = length // _SECOND
    parts: list[str] = []
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts[:2])


def relative(moment: datetime, now: datetime) -> str:
    """How far away a moment is.

    >>> noon = datetime(2027, 1, 1, 12, tzinfo=UTC)
    >>> relative(noon + timedelta(minutes=5), noon), relative(noon - timedelta(days=1), noon), relative(noon, noon)
    ('in 5m', '1d ago', 'now')
    """
    if abs(moment - now) < _MILLISECOND:
        return "now"
    return f"in {span_text(moment - now)}" if moment > now else f"{span_text(now - moment)} ago"
