"""Values that can't be stored: each is refused when it is encoded, with the part that is to blame."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import Enum
from math import inf, nan
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from msgspec import UNSET, Raw, Struct, UnsetType
from typing_extensions import TypeForm, override

from adc.codec.inspection import first_flaw, nests_too_deep
from adc.codec.malformed import malformed
from adc.codec.payload import DEPTH_LIMIT, Codec, Malformed, codec_for
from adc.core.outcome import Success


@dataclass
class Line:
    qty: int
    price: float | None = None


@dataclass
class Order:
    lines: list[Line]
    due: datetime | None = None


@dataclass
class Hidden:
    """Its `==` doesn't see the rate."""

    name: str
    rate: float | None = field(default=None, compare=False)


class Camel(Struct, rename="camel"):
    unit_price: float | None = None
    left_out: float | UnsetType | None = UNSET


class Point(NamedTuple):
    x: float | None


class Odd(Enum):
    PAIR = (1, nan)


class Word(str):
    """msgspec writes no subclass of str."""

    __slots__ = ()


class Later(datetime):
    """Nor of datetime."""


class Nowhere(tzinfo):
    """A time zone that doesn't know where it is."""

    @override
    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("lost")

    dst = utcoffset

    @override
    def tzname(self, _: datetime | None) -> str:
        return "nowhere"


@dataclass
class Strict:
    """It can be made wrong, and is checked when it is read."""

    number: int

    def __post_init__(self) -> None:
        if self.number == 13:
            raise LookupError("unlucky")


def nested(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return value


def cyclic() -> object:
    value: dict[str, object] = {}
    value["again"] = [value] * 1000
    return value


def unlucky() -> Strict:
    value = Strict(1)
    value.number = 13
    return value


NOON: Final = datetime(2026, 3, 1, 12)  # noqa: DTZ001  naive on purpose
BEYOND: Final = "an integer beyond 64 bits (-2**63 to 2**64 - 1)"
NAIVE: Final = "a datetime without a time zone"
DEEP: Final = f"nested deeper than {DEPTH_LIMIT}"
NO_NAN: Final = "nan can't be written as JSON"
LONE: Final = "a lone surrogate, at character {}, can't be written as UTF-8"
UNKNOWN: Final = "TypeError: Encoding objects of type {} is unsupported"

REFUSED: Final[dict[str, tuple[TypeForm[Any], object, str, str]]] = {
    "NaN": (float, nan, "$", NO_NAN),
    "NaN where None may be": (float | None, nan, "$", NO_NAN),
    "NaN in a dataclass": (Order, Order([Line(1), Line(1, nan)]), "$.lines[1].price", NO_NAN),
    "NaN that == doesn't see": (Hidden, Hidden("x", nan), "$.rate", NO_NAN),
    "infinity in a Struct": (Camel, Camel(inf), "$.unitPrice", "inf can't be written as JSON"),
    "infinity after a field that is unset": (
        list[Camel],
        [Camel(), Camel(left_out=-inf)],
        "$[1].leftOut",
        "-inf can't be written as JSON",
    ),
    "NaN in a NamedTuple": (Point, Point(nan), "$[0]", NO_NAN),
    "NaN in a set": (set[float | None], {nan}, "$[0]", NO_NAN),
    "NaN in a dict": (dict[str, float | None], {"ok": None, "rate": nan}, "$.rate", NO_NAN),
    "NaN under a key that isn't a name": (dict[str, float | None], {"my secret": nan}, "$[...]", NO_NAN),
    "NaN under the longest key that is shown": (dict[str, float | None], {"k" * 40: nan}, "$." + "k" * 40, NO_NAN),
    "NaN under a long key": (dict[str, float | None], {"k" * 41: nan}, "$[...]", NO_NAN),
    "NaN under an integer key": (dict[int, float | None], {5: nan}, "$[...]", NO_NAN),
    "NaN as a key": (dict[float, int], {1.5: 1, nan: 2}, "$", f"{NO_NAN} (in a key)"),
    "infinity as a key": (object, [{-inf: 2}], "$[0]", "-inf can't be written as JSON (in a key)"),
    "NaN in an enum": (object, [Odd.PAIR], "$[0][1]", NO_NAN),
    "a lone surrogate": (list[str], ["a", "b\ud800"], "$[1]", LONE.format(1)),
    "a lone surrogate in a key": (dict[str, int], {"\udfff": 1}, "$", LONE.format(0) + " (in a key)"),
    "an integer too large": (list[int], [2**64 - 1, 2**64], "$[1]", BEYOND),
    "an integer too small": (int, -(2**63) - 1, "$", BEYOND),
    "an integer that can't even be printed": (int, 10**5000, "$", BEYOND),
    "an integer too large as a key": (dict[int, int], {2**64: 1}, "$", f"{BEYOND} (in a key)"),
    "an integer too large for a float": (float, 2**64, "$", BEYOND),
    "nesting over the limit": (object, nested(DEPTH_LIMIT + 1), "$" + "[0]" * 66 + "\N{HORIZONTAL ELLIPSIS}", DEEP),
    "nesting far over the limit": (object, nested(100_000), "$" + "[0]" * 66 + "\N{HORIZONTAL ELLIPSIS}", DEEP),
    "a wide cycle": (object, cyclic(), ("$" + ".again[0]" * 23)[:199] + "\N{HORIZONTAL ELLIPSIS}", DEEP),
    "a naive datetime": (datetime, NOON, "$", NAIVE),
    "a naive datetime with a fraction": (datetime, NOON.replace(microsecond=1), "$", NAIVE),
    "a naive datetime in a dataclass": (Order, Order([], NOON), "$.due", NAIVE),
    "a naive datetime under Any": (dict[str, Any], {"at": [NOON]}, "$.at[0]", NAIVE),
    "a naive datetime as a key": (dict[datetime, int], {NOON: 1}, "$", f"{NAIVE} (in a key)"),
    "a naive time": (time, time(1), "$", "a time without a time zone"),
    "a time in a zone whose offset needs a date": (
        time,
        time(1, tzinfo=ZoneInfo("Europe/Berlin")),
        "$",
        "a time without a time zone",
    ),
    "a time zone that fails": (datetime, NOON.replace(tzinfo=Nowhere()), "$", "RuntimeError: lost"),
    "the wrong type in a dataclass": (Order, Order([Line("2")]), "$.lines[0].qty", "Expected `int`, got `str`"),  # type: ignore[arg-type]
    "the wrong dataclass": (Order, Line(1), "$", "Object missing required field `lines`"),
    "a value that its class refuses": (Strict, unlucky(), "$", "LookupError: unlucky"),
    "an object that msgspec doesn't know": (object, {"a": [object()]}, "$.a[0]", UNKNOWN.format("object")),
    "a class": (object, [Line], "$[0]", UNKNOWN.format("type")),
    "a subclass of str": (list[str], [Word("a")], "$[0]", UNKNOWN.format("Word")),
    "a subclass of datetime": (list[datetime], [Later.now(UTC)], "$[0]", UNKNOWN.format("Later")),
    "UNSET outside of a field": (object, [UNSET], "$[0]", UNKNOWN.format("msgspec.UnsetType")),
    "raw JSON": (object, [Raw(b"[1")], "$[0]", UNKNOWN.format("msgspec.Raw")),
    "a key that JSON can't have": (
        object,
        [{(1, 2): 3}],
        "$[0]",
        "TypeError: Only dicts with str-like or number-like keys are supported",
    ),
}


@pytest.mark.parametrize(("form", "value", "path", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_stored_is_refused_where_it_is(
    form: TypeForm[Any], value: object, path: str, problem: str
) -> None:
    codec: Codec[Any] = codec_for(form)
    assert codec.encode(value).failure() == Malformed(path, problem)


def test_fields_that_are_unset_or_deleted_are_passed_over() -> None:
    cut = Hidden("x")
    del cut.rate
    cut.__dict__["name"] = UNSET
    empty = Line(1)
    del empty.qty
    assert first_flaw([cut, None, Camel(), empty]) is None


@pytest.mark.parametrize(
    "value", [nested(DEPTH_LIMIT), [-(2**63), 2**64 - 1]], ids=["the deepest nesting", "the ends of 64 bits"]
)
def test_what_just_fits_has_no_flaw(value: object) -> None:
    assert first_flaw(value) is None


@pytest.mark.parametrize(("length", "shown"), [(200, "x" * 200), (201, "x" * 199 + "\N{HORIZONTAL ELLIPSIS}")])
def test_a_problem_has_at_most_200_characters(length: int, shown: str) -> None:
    assert malformed("$", "x" * length) == Malformed("$", shown)


def test_a_float_that_looks_odd_and_is_fine_is_stored() -> None:
    assert codec_for(dict[float, str]).encode({1.5: 'inf":'}) == Success(b'{"1.5":"inf\\":"}')


@pytest.mark.parametrize(
    "filler", [b'"]]]"', rb'"\\",""', rb'"\\","["', rb'"\"]"', rb'"]\""', rb'"\"","]"', b"[]", b'{"a[":{}}']
)
def test_the_depth_of_json_is_that_of_its_brackets_outside_of_text(filler: bytes) -> None:
    def comb(depth: int) -> bytes:
        many = b"[]," * 60  # so many brackets, beside each other, that they have to be looked at
        return b"[" + many + b"[" * (depth - 1) + b",".join([filler] * 60) + b"]" * depth

    own = {b"[]": 1, b'{"a[":{}}': 2}.get(filler, 0)
    assert not nests_too_deep(comb(DEPTH_LIMIT - own))
    assert nests_too_deep(comb(DEPTH_LIMIT - own + 1))


def test_objects_within_one_another_are_counted_like_lists() -> None:
    def chain(depth: int) -> bytes:
        return b'{"a":' * depth + b"0" + b"}" * depth

    assert not nests_too_deep(chain(DEPTH_LIMIT))
    assert nests_too_deep(chain(DEPTH_LIMIT + 1))
