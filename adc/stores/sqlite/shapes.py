"""Shapes: which types the values of a row have. STRICT tables promise them; a damaged file breaks its promises."""

from collections.abc import Sequence
from itertools import product
from typing import Any, Final, TypeAlias

from adc.codec.events import DamagedEvent
from adc.core.ids import Xid
from adc.core.instants import FIRST, LAST, Instant

Shape: TypeAlias = frozenset[tuple[type, ...]]
"""The types that a row may have, one after the other. To look for a row's takes 0.3 µs."""

TEXT: Final = (str,)
NUMBER: Final = (int,)
BLOB: Final = (bytes,)
NULL: Final = (type(None),)


class Misshapen(ValueError):
    """The file has what adc's tables can't have. `typed` makes StoreDamaged of it."""


def shape(*columns: tuple[type, ...]) -> Shape:
    """All that rows of such columns may be."""
    return frozenset(product(*columns))


def shaped(rows: Sequence[tuple[Any, ...]], expected: Shape) -> Sequence[tuple[Any, ...]]:
    """The same rows; raises Misshapen if one isn't of the shape."""
    for row in rows:
        if tuple(map(type, row)) not in expected:
            raise Misshapen(said_of(row))
    return rows


def moment(number: int) -> Instant:
    """The instant that a row has; raises Misshapen for one that no datetime can say."""
    if not FIRST <= number <= LAST:
        raise Misshapen(f"it has the time {number}, which is before the year 1 or past the year 9999")
    return Instant(number)


def said_of(row: tuple[Any, ...]) -> str:
    """What is wrong with a row."""
    types = ", ".join(type(value).__name__ for value in row)
    return f"a row has values of the types {types}, which adc's tables can't have"


def damaged(seq: object, jid: object, version: object, why: Misshapen) -> DamagedEvent:
    """What is wrong with a row, told of the job whose it is, as far as it says so."""
    place, nth = (each if isinstance(each, int) else 0 for each in (seq, version))
    return DamagedEvent(Xid(f"{jid}"), place, nth, f"{why}")


A_TEXT: Final = shape(TEXT)
OBJECT: Final = shape(TEXT, TEXT, TEXT)
NUMBERS: Final = shape(NUMBER, NUMBER)
STANDING: Final = shape(TEXT + NULL, TEXT + NULL, NUMBER)
TEXT_AND_NUMBER: Final = shape(TEXT, NUMBER)
TEXT_AND_BLOB: Final = shape(TEXT, BLOB)
NUMBER_AND_BLOB: Final = shape(NUMBER, BLOB)
LEVEL: Final = shape(TEXT, TEXT, NUMBER, NUMBER)
HOLDER: Final = shape(TEXT, NUMBER, NUMBER, NUMBER, TEXT)
LISTED: Final = shape(NUMBER, TEXT, TEXT, TEXT)
PLACE: Final = shape(TEXT, NUMBER, TEXT, NUMBER + NULL, TEXT) | shape(TEXT, NULL, NULL, NULL, NULL)
ENROLMENT: Final = shape(*(NUMBER, TEXT, TEXT, NUMBER, TEXT, TEXT, TEXT, TEXT, NUMBER, NUMBER + NULL, TEXT, NUMBER))
SNAPSHOT: Final = shape(
    *(TEXT, NUMBER, NUMBER, BLOB, NUMBER, NUMBER, NUMBER + NULL, NUMBER, NUMBER, NUMBER, TEXT + NULL, NUMBER + NULL),
    *(NUMBER + NULL, TEXT + NULL, NUMBER + NULL, NUMBER + NULL, TEXT + NULL),
)
EVENT: Final = shape(NUMBER, TEXT, NUMBER, NUMBER, TEXT, NUMBER, TEXT, TEXT + NULL, TEXT, BLOB)
