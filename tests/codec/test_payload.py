"""Payload codecs: what is stored and read back, and what is refused, where and in which words."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from multiprocessing.reduction import ForkingPickler
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    TypedDict,
    TypeVar,
    assert_type,
)
from uuid import UUID

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType
from typing_extensions import TypeForm, override

from adc.codec.payload import DEPTH_LIMIT, Codec, Malformed, codec_for
from adc.core.outcome import Failure, Outcome, Success

Held = TypeVar("Held")


@dataclass(frozen=True)
class Item:
    sku: str
    qty: int
    price: float = 0.0


@dataclass
class Order:
    items: list[Item]
    note: str | None = None
    discount: float | None = None
    due: datetime | None = None


@dataclass(slots=True)
class Box(Generic[Held]):
    held: Held


class Sent(Struct, tag=True):
    to: str


class Failed(Struct, tag=True):
    code: int


class Camel(Struct, rename="camel"):
    unit_price: float | None = None
    left_out: float | UnsetType | None = UNSET


class Row(Struct, array_like=True):
    a: int
    b: float | None = None


class Tree(Struct):
    left: "Tree | None" = None
    weight: float | None = None


class Options(TypedDict):
    name: str
    ratio: NotRequired[float | None]


class Point(NamedTuple):
    x: int
    y: float | None


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


CustomerId = NewType("CustomerId", int)
Percent = Annotated[int, Meta(ge=0, le=100)]

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAWN: Final = datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))
"""JSON can write it and MessagePack can't."""


def nested(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return value


ROUND_TRIPS: Final[dict[str, tuple[TypeForm[Any], object, bytes]]] = {
    "a dataclass": (Item, Item("a", 2, 1.5), b'{"sku":"a","qty":2,"price":1.5}'),
    "a whole number as a float": (Item, Item("a", 2, 1), b'{"sku":"a","qty":2,"price":1}'),
    "a nested dataclass with None": (
        Order,
        Order([Item("a", 1)], note="null"),
        b'{"items":[{"sku":"a","qty":1,"price":0.0}],"note":"null","discount":null,"due":null}',
    ),
    "a generic dataclass": (Box[int], Box(1), b'{"held":1}'),
    "a Struct that renames and leaves out": (Camel, Camel(1.5), b'{"unitPrice":1.5}'),
    "a Struct as an array": (Row, Row(1), b"[1,null]"),
    "a Struct within itself": (Tree, Tree(Tree()), b'{"left":{"left":null,"weight":null},"weight":null}'),
    "a union of tagged Structs": (Sent | Failed, Failed(5), b'{"type":"Failed","code":5}'),
    "a TypedDict": (Options, {"name": "x", "ratio": None}, b'{"name":"x","ratio":null}'),
    "a NamedTuple": (Point, Point(1, None), b"[1,null]"),
    "an enum of text": (Colour, Colour.RED, b'"red"'),
    "an enum of integers": (list[Level], [Level.HIGH], b"[3]"),
    "a Literal": (TypeForm(Literal["a", 1]), 1, b"1"),
    "a NewType": (CustomerId, CustomerId(7), b"7"),
    "a constrained integer": (Percent, 100, b"100"),
    "integers at the ends of 64 bits": (
        list[int],
        [-(2**63), 2**64 - 1],
        b"[-9223372036854775808,18446744073709551615]",
    ),
    "a dict with integer keys": (dict[int, float | None], {-1: None}, b'{"-1":null}'),
    "a dict with float keys": (dict[float, int], {1.5: 1}, b'{"1.5":1}'),
    "a dict with enum and date keys": (
        dict[Colour, dict[date, None]],
        {Colour.RED: {date(2026, 1, 2): None}},
        b'{"red":{"2026-01-02":null}}',
    ),
    "text that looks like a NaN key": (
        dict[str, str],
        {'nan"': "null", "finan": '"inf":'},
        b'{"nan\\"":"null","finan":"\\"inf\\":"}',
    ),
    "a set": (set[int], {5}, b"[5]"),
    "a tuple": (tuple[int, str], (1, "a"), b'[1,"a"]'),
    "bytes within": (list[bytes], [b"abc"], b'["YWJj"]'),
    "bytes and None": (list[bytes | None], [b"abc", None], b'["YWJj",null]'),
    "a UUID": (UUID, UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
    "a Decimal, whose NaN is text": (list[Decimal], [Decimal("1.10"), Decimal("Infinity")], b'["1.10","Infinity"]'),
    "an aware datetime": (datetime, NOON, b'"2026-03-01T12:00:00Z"'),
    "an aware datetime that only JSON can write": (datetime, DAWN, b'"0001-01-01T00:00:00+05:00"'),
    "an aware time": (time, time(1, 2, 3, 4, tzinfo=UTC), b'"01:02:03.000004Z"'),
    "text that looks like a naive time": (dict[str, Any], {"at": "01:02:03"}, b'{"at":"01:02:03"}'),
    "a timedelta": (timedelta, timedelta(days=1), b'"P1D"'),
    "None": (None, None, b"null"),
    "object": (object, [1, "a", None], b'[1,"a",null]'),
    "many lists beside each other": (list[list[int]], [[1]] * 200, b"[" + b",".join([b"[1]"] * 200) + b"]"),
    "brackets in text": (
        list[str],
        ["[[", '"{', "\\", "]"] * 60,
        b"[" + b",".join([b'"[[","\\"{","\\\\","]"'] * 60) + b"]",
    ),
    "the deepest nesting": (object, nested(DEPTH_LIMIT), b"[" * DEPTH_LIMIT + b"0" + b"]" * DEPTH_LIMIT),
    "bytes": (bytes, b"\x00\xff", b"\x00\xff"),
}


@pytest.mark.parametrize(("form", "value", "expected"), ROUND_TRIPS.values(), ids=ROUND_TRIPS)
def test_a_value_is_stored_and_read_back(form: TypeForm[Any], value: object, expected: bytes) -> None:
    codec: Codec[Any] = codec_for(form)
    assert codec.encode(value) == Success(expected)
    assert codec.decode(expected) == Success(value)


def test_under_object_a_value_comes_back_as_json_has_it() -> None:
    codec = codec_for(object)
    assert codec.decode(codec.encode({1: (2, NOON, b"abc")}).unwrap()) == Success(
        {"1": [2, "2026-03-01T12:00:00Z", "YWJj"]}
    )


@dataclass
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(f"{self.number} is odd")
        if self.number < 0:
            raise RuntimeError("below zero \ud800")
        if self.number > 100:
            raise Unspeakable


class Unspeakable(Exception):
    @override
    def __str__(self) -> str:
        raise RuntimeError


NOT_UTF8: Final = "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position {}: invalid start byte"

UNREADABLE: Final[dict[str, tuple[TypeForm[Any], bytes, str, str]]] = {
    "the wrong type": (int, b'"2"', "$", "Expected `int`, got `str`"),
    "the wrong type in a list in a field": (
        Order,
        b'{"items":[{"sku":"a","qty":1},{"sku":"b","qty":"2"}]}',
        "$.items[1].qty",
        "Expected `int`, got `str`",
    ),
    "the wrong type in a dict": (dict[str, int], b'{"a":"b"}', "$[...]", "Expected `int`, got `str`"),
    "the wrong type of a key": (list[dict[int, int]], b'[{"a":1}]', "$[0]", "Expected `int`, got `str` (in a key)"),
    "a field that is missing": (list[Item], b'[{"sku":"a"}]', "$[0]", "Object missing required field `qty`"),
    "a number out of bounds": (Percent, b"101", "$", "Expected `int` <= 100"),
    "a float for an integer": (int, b"1.0", "$", "Expected `int`, got `float`"),
    "a number beyond all floats": (object, b"1e999", "$", "Number out of range"),
    "an unknown tag": (Sent | Failed, b'{"type":"Lost"}', "$.type", "Invalid value 'Lost'"),
    "an enum's long unknown value": (
        Colour,
        b'"' + b"x" * 900 + b'"',
        "$",
        "Invalid enum value '" + "x" * 179 + "\N{HORIZONTAL ELLIPSIS}",
    ),
    "no bytes": (int, b"", "$", "Input data was truncated"),
    "no JSON": (int, b"{", "$", "Expected `int`, got `object`"),
    "two values": (int, b"1 2", "$", "JSON is malformed: trailing characters (byte 3)"),
    "NaN": (float, b"NaN", "$", "JSON is malformed: invalid character (byte 0)"),
    "not UTF-8": (str, b'"\xff"', "$", NOT_UTF8.format(1)),
    "not UTF-8 in a field that is passed over": (Item, b'{"sku":"a","qty":1,"x":"\xff"}', "$", NOT_UTF8.format(24)),
    "hostile depth": (object, b"[" * 1_000_000, "$", "nested too deeply"),
    "hostile depth of the declared type": (Tree, b'{"left":' * 100_000, "$", "nested too deeply"),
    "hostile depth in a field that is passed over": (Item, b'{"x":' + b"[" * 1_000_000, "$", "nested too deeply"),
    "a value that its class refuses": (list[Even], b'[{"number":3}]', "$[0]", "3 is odd"),
    "a class that fails": (list[Even], b'[{"number":-2}]', "$", "RuntimeError: below zero ?"),
    "a class that fails without a word": (Even, b'{"number":102}', "$", "Unspeakable: (its text can't be read)"),
}


@pytest.mark.parametrize(("form", "bad", "path", "problem"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_says_where_and_why(form: TypeForm[Any], bad: bytes, path: str, problem: str) -> None:
    codec: Codec[Any] = codec_for(form)
    assert codec.decode(bad) == Failure(Malformed(path, problem))


def test_none_is_encoded_like_any_other_value_and_once() -> None:
    optional: Codec[int | None] = codec_for(TypeForm(int | None))
    assert optional.encode(None) == Success(b"null")
    assert optional.encode(None) is optional.encode(None)
    assert isinstance(codec_for(int).encode(None), Failure)  # type: ignore[arg-type]


def test_unknown_fields_are_passed_over() -> None:
    assert codec_for(Item).decode(b'{"new":[1],"sku":"a","qty":1}') == Success(Item("a", 1))


PLAIN: Final[dict[str, tuple[TypeForm[Any], object]]] = {
    "nothing odd": (list[int], [1, 2]),
    "a null": (Camel, Camel()),
    "nulls beside other values": (Tree, Tree(Tree(), 1.5)),
    "an aware datetime": (list[datetime], [NOON]),
    "text that looks like a naive time": (dict[str, str], {"at": "01:02:03"}),
}


@pytest.mark.parametrize(("form", "value"), PLAIN.values(), ids=PLAIN)
def test_a_value_that_looks_fine_is_not_walked(
    monkeypatch: pytest.MonkeyPatch, form: TypeForm[Any], value: object
) -> None:
    def walk(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("adc.codec.payload.first_flaw", walk)
    monkeypatch.setattr("adc.codec.payload.completed", walk)

    codec: Codec[Any] = codec_for(form)
    assert codec.decode(codec.encode(value).unwrap()) == Success(value)


@pytest.mark.parametrize("form", [bytes, list[int], int | None, None, Order, dict[str, Item], Literal["a", 1]])
def test_a_codec_goes_to_another_process_by_the_name_of_its_type(form: TypeForm[Any]) -> None:
    sent = ForkingPickler.dumps(codec_for(form))
    there: Codec[Any] = ForkingPickler.loads(sent)

    assert there.decode(b"null") == codec_for(form).decode(b"null")
    assert there.decode(b"[1]") == codec_for(form).decode(b"[1]")


def test_the_bytes_codec_takes_bytes_only() -> None:
    codec: Codec[Any] = codec_for(bytes)
    assert codec.encode(bytearray(b"a")) == Failure(Malformed("$", "Expected `bytes`, got `bytearray`"))


def test_the_codec_has_the_type_of_the_form() -> None:
    assert_type(codec_for(int | str), Codec[int | str])
    assert_type(codec_for(bytes), Codec[bytes])
    assert_type(codec_for(None), Codec[None])
    assert_type(codec_for(list[Item]).decode(b"[]"), Outcome[list[Item], Malformed])
