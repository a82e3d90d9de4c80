"""Types that can't be stored are refused when they are declared, with the reason and a way out."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeVar

import pytest
from msgspec import Raw, Struct
from typing_extensions import TypedDict, override

from adc.codec.forms import form_of
from adc.codec.payload import UnsupportedType, codec_for
from adc.core.outcome import Success

Held = TypeVar("Held")


@dataclass
class Left:
    a: int


@dataclass
class Right:
    b: int


@dataclass(frozen=True)
class Hashable:
    a: int


class Open(Struct):
    number: int


class Shut(Struct, frozen=True):
    numbers: list[int]


class Plain(Struct, frozen=True):
    number: int


class Itself(Struct, eq=False):
    number: int


class OwnHash(Struct):
    numbers: list[int]

    @override
    def __hash__(self) -> int:
        return len(self.numbers)


class Untagged(Struct):
    a: int


class Unrelated(Struct):
    b: int


class Alien:
    """msgspec doesn't know it."""


@dataclass
class Holder:
    aliens: list[dict[str, Alien | None]]


@dataclass(frozen=True)
class Box(Generic[Held]):
    held: Held


@dataclass
class Crate(Generic[Held]):
    """A box that isn't frozen, and so has no hash."""

    held: Held


@dataclass
class Node:
    children: "list[Node]"


class Dangling(Struct):
    ref: "Nowhere"  # type: ignore[name-defined]  # noqa: F821


class Mixed(Enum):
    NUMBER = 1
    TEXT = "a"


class Options(TypedDict):
    path: Path


TAGS: Final = "make the members of the union msgspec Structs with tags: `class Sent(msgspec.Struct, tag=True)`"
UNSUPPORTED: Final[dict[str, tuple[Any, str]]] = {
    "a string": ("Order", "'Order' is a string: give the type itself, strings are not evaluated"),
    "a string within": (list["Nowhere"], "Type ''Nowhere'' is not supported"),  # type: ignore[name-defined]  # noqa: F821
    "a union of dataclasses": (Left | Right, TAGS),
    "a union of dataclasses within": (dict[str, Left | Right | None], TAGS),
    "a union of a dataclass and a Struct": (Left | Untagged, TAGS),
    "a union of Structs without tags": (Untagged | Unrelated, TAGS),
    "a union of text and bytes": (str | bytes, "more than one str-like type"),
    "a class": (Alien, "msgspec doesn't know tests.codec.test_forms.Alien; use a dataclass or a codec"),
    "a class deep within": (Holder, "msgspec doesn't know tests.codec.test_forms.Alien"),
    "a class in a generic": (Box[Alien], "msgspec doesn't know tests.codec.test_forms.Alien"),
    "a class in a TypedDict": (Options, "msgspec doesn't know pathlib.Path"),
    "a function": (Callable[[int], int], "msgspec doesn't know collections.abc.Callable"),
    "a name that isn't defined": (Dangling, "name 'Nowhere' is not defined"),
    "an enum of unlike values": (Mixed, "Enums must contain either all str or all int values"),
    "an integer that is too large": (Literal[2**64], "Integer values > (2**63 - 1) are not currently supported"),
    "a value": (5, "5 can't be stored: Type '5' is not supported"),
    "raw JSON": (list[Raw], "msgspec.Raw and msgpack.Ext can't be checked"),
    "any Struct": (list[Struct], "msgspec.Struct itself has no fields"),
    "a set of lists": (set[list[int]], "the items of its set aren't hashable"),
    "a set of dataclasses that have no hash": (frozenset[Left], "the items of its set aren't hashable"),
    "a set of generic dataclasses that have no hash": (frozenset[Crate[int]], "the items of its set aren't hashable"),
    "a set of Structs that can change": (set[Open], "the items of its set aren't hashable"),
    "a set of Structs with a list": (set[Shut], "the items of its set aren't hashable"),
    "a set of tuples with a list": (set[tuple[int, list[int]]], "the items of its set aren't hashable"),
    "a dict with dicts as keys": (dict[dict[str, int], int], "the keys of its dict aren't hashable"),
}


@pytest.mark.parametrize(("form", "reason"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_a_type_that_cannot_be_stored_is_refused_with_the_reason(form: Any, reason: str) -> None:
    with pytest.raises(UnsupportedType) as refused:
        codec_for(form)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("form", "end"),
    [
        (5, "5 can't be stored: Type '5' is not supported"),
        (Left | Right, f"Left | tests.codec.test_forms.Right` is not supported; {TAGS}"),
        (Raw, ": msgspec.Raw and msgpack.Ext can't be checked; use the type of what is in it"),
        (Struct, ": msgspec.Struct itself has no fields; use a class of your own"),
        (set[list[int]], ": the items of its set aren't hashable"),
        (dict[dict[str, int], int], ": the keys of its dict aren't hashable"),
    ],
    ids=["msgspec's own", "with advice", "raw JSON", "any Struct", "a set", "a dict"],
)
def test_a_refusal_ends_with_the_reason(form: Any, end: str) -> None:
    with pytest.raises(UnsupportedType) as refused:
        codec_for(form)
    assert str(refused.value).endswith(end)


SUPPORTED: Final[list[Any]] = [set[Hashable], set[Box[int]], frozenset[frozenset[int]], Node, Any, object, None, list]


@pytest.mark.parametrize("form", SUPPORTED, ids=repr)
def test_other_types_are_taken(form: Any) -> None:
    codec_for(form)


def test_an_unsupported_type_is_a_type_error() -> None:
    assert issubclass(UnsupportedType, TypeError)


def test_a_type_within_itself_is_looked_at_once() -> None:
    assert not form_of(Node).holds_moments
    assert form_of(list[Any]).holds_moments


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (set[Plain], {Plain(1)}),
        (set[OwnHash], {OwnHash([1])}),
        (set[Plain | str], {Plain(1), "x"}),
        (set[tuple[int, Plain]], {(1, Plain(1))}),
        (dict[Plain, int], {}),
    ],
)
def test_a_set_of_what_has_a_hash_is_stored(form: Any, value: object) -> None:
    codec = codec_for(form)
    assert codec.decode(codec.encode(value).unwrap()) == Success(value)


def test_a_set_of_what_is_equal_to_itself_only_can_be_stored() -> None:
    assert isinstance(codec_for(set[Itself]).encode({Itself(1)}), Success)
