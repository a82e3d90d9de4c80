"""Instants and spans: time as whole microseconds, so that arithmetic is exact and storage is an integer."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, NewType

from msgspec import Meta

_FIRST: Final = -62_135_596_800_000_000
_LAST: Final = 253_402_300_799_999_999
_LONGEST: Final = 2**63 - 1

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01 00:00 UTC. Whatever msgspec reads as one, a datetime can say."""

Span = NewType("Span", int)
"""A length of time in microseconds. Whatever msgspec reads as one, a timedelta can say."""

# msgspec looks at what a new type is made of; checkers want to see a class there.
if not TYPE_CHECKING:  # pragma: no branch
    Instant.__supertype__ = Annotated[int, Meta(ge=_FIRST, le=_LAST)]
    Span.__supertype__ = Annotated[int, Meta(ge=-(2**63), le=_LONGEST)]

MICROSECOND: Final = timedelta(microseconds=1)
SECOND: Final = Span(1_000_000)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST: Final = Instant(_FIRST)
"""The start of the year 1: earlier than this a datetime can't say it."""
LAST: Final = Instant(_LAST)
"""The end of the year 9999: later than this a datetime can't say."""


class NaiveDatetime(ValueError):
    """A datetime without a time zone: it could mean any of 38 moments. Give it one, such as `datetime.now(UTC)`."""


class OutOfRange(ValueError):
    """A moment after the year 9999, or before the year 1: no datetime can say it. Or a length beyond 64 bits."""


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware datetime; raises NaiveDatetime for another, OutOfRange for one that UTC can't say."""
    given: object = moment  # nothing holds a caller to the type at run time
    if not isinstance(given, datetime):
        raise TypeError(f"expected a datetime, got {type(given).__name__}")
    if moment.utcoffset() is None:
        raise NaiveDatetime(f"expected a datetime with a time zone, got {moment.isoformat()}")
    instant = Instant((moment - EPOCH) // MICROSECOND)
    if not FIRST <= instant <= LAST:
        raise OutOfRange(f"{moment.isoformat()} is before the year 1 or past the year 9999 in UTC")
    return instant


def datetime_of(instant: Instant) -> datetime:
    """The instant as a datetime in UTC."""
    return EPOCH + MICROSECOND * instant  # a third of the time that timedelta(microseconds=instant) takes


def span_of(length: timedelta) -> Span:
    """The span of a timedelta."""
    return Span(length // MICROSECOND)


def delay_of(what: str, length: timedelta) -> Span:
    """The span, if it can be a delay: 0 or more; else TypeError or ValueError. `what` says of what, such as `delay`."""
    span = span_of(_timedelta(what, length))
    if span < 0:
        raise ValueError(f"expected a {what} of 0 or more, got {length}")
    return span


def limit_of(what: str, length: timedelta) -> Span:
    """The span, if it can be a limit or an interval: above 0; else TypeError or ValueError."""
    span = span_of(_timedelta(what, length))
    if span <= 0:
        raise ValueError(f"expected a {what} above 0, got {length}")
    if span > _LONGEST:  # a timeout is stored
        raise OutOfRange(f"expected a {what} of less than 292,000 years, got {length.days} days")
    return span


def _timedelta(what: str, length: timedelta) -> timedelta:
    given: object = length  # nothing holds a caller to the type at run time
    if not isinstance(given, timedelta):
        raise TypeError(f"expected a {what} as a timedelta, got {type(given).__name__}")
    return given


def timedelta_of(span: Span) -> timedelta:
    """The span as a timedelta."""
    return timedelta(microseconds=span)


def after(instant: Instant, span: Span) -> Instant:
    """The instant so much later; raises OutOfRange for one that no datetime can say."""
    later = Instant(instant + span)
    if later > LAST:
        raise OutOfRange(f"{timedelta_of(span)} after {datetime_of(instant).isoformat()} is past the year 9999")
    if later < FIRST:
        raise OutOfRange(f"{timedelta_of(span)} after {datetime_of(instant).isoformat()} is before the year 1")
    return later


def soon(instant: Instant, span: Span) -> Instant:
    """The instant so much later, but never past the year 9999: for delays that the core itself computes."""
    return Instant(min(instant + span, LAST))
