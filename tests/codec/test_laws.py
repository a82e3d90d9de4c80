"""Laws of the JSON codec, for any value and any bytes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType
from typing_extensions import TypeForm

from adc.codec.payload import Codec, codec_for
from adc.core.outcome import Failure, Success

"""A busy machine is no failure."""


@dataclass(frozen=True)
class Item:
    sku: str
    qty: int
    price: float


@dataclass
class Order:
    items: list[Item]
    note: str | None = None
    discount: float | None = None
    due: datetime | None = None


class Camel(Struct, rename="camel"):
    unit_price: float | None = None
    left_out: float | UnsetType | None = UNSET


class Tree(Struct):
    left: "Tree | None" = None
    weight: float | None = None


class Sent(Struct, tag=True):
    to: str


class Failed(Struct, tag=True):
    code: int


class Options(TypedDict):
    name: str
    ratio: NotRequired[float | None]


INTEGERS: Final = st.integers(-(2**63), 2**64 - 1)
FLOATS: Final = st.floats(allow_nan=False, allow_infinity=False)
ITEMS: Final = st.builds(Item, st.text(), INTEGERS, FLOATS)
MOMENTS: Final = st.datetimes(timezones=st.just(UTC))
FORMS_AND_VALUES: Final[dict[str, tuple[TypeForm[Any], st.SearchStrategy[Any]]]] = {
    "a dataclass": (
        Order,
        st.builds(Order, st.lists(ITEMS), st.none() | st.text(), st.none() | FLOATS, st.none() | MOMENTS),
    ),
    "a Struct": (Camel, st.builds(Camel, st.none() | FLOATS, st.none() | FLOATS | st.just(UNSET))),
    "a TypedDict": (Options, st.fixed_dictionaries({"name": st.text()}, optional={"ratio": st.none() | FLOATS})),
    "list[int]": (list[int], st.lists(INTEGERS)),
    "int | str": (int | str, INTEGERS | st.text()),
    "a Literal": (TypeForm(Literal["a", 1, None]), st.sampled_from(["a", 1, None])),
    "tagged Structs": (Sent | Failed, st.builds(Sent, st.text()) | st.builds(Failed, INTEGERS)),
    "dict[str, float | None]": (dict[str, float | None], st.dictionaries(st.text(), st.none() | FLOATS)),
    "set[str]": (set[str | None], st.sets(st.none() | st.text())),
    "bytes": (bytes, st.binary()),
}


@pytest.mark.parametrize(("form", "values"), FORMS_AND_VALUES.values(), ids=FORMS_AND_VALUES)
@given(data=st.data())
def test_every_value_of_the_type_is_read_back(
    form: TypeForm[Any], values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    codec: Codec[Any] = codec_for(form)
    value = data.draw(values)
    assert codec.decode(codec.encode(value).unwrap()) == Success(value)


@given(st.dictionaries(st.text() | st.floats(), st.none() | st.floats() | st.integers()))
def test_what_no_json_can_hold_is_always_refused(value: dict[str | float, float | None]) -> None:
    def fits(part: object) -> bool:
        return isfinite(part) if isinstance(part, float) else not isinstance(part, int) or -(2**63) <= part < 2**64

    expected = all(fits(key) and fits(entry) for key, entry in value.items())
    assert isinstance(codec_for(object).encode(value), Success if expected else Failure)


ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.datetimes() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.integers() | st.none(), inner),
    max_leaves=20,
)


@given(ANYTHING)
def test_encoding_never_raises_and_what_it_accepts_can_be_read(value: object) -> None:
    codec = codec_for(object)
    match codec.encode(value):
        case Success(accepted):
            assert isinstance(codec.decode(accepted), Success)
        case Failure(refused):
            assert len(refused.problem) <= 200


FORMS: Final[list[TypeForm[Any]]] = [Order, object, Tree, Sent | Failed, dict[int, float], datetime | None, bytes]
NEARLY_JSON: Final = st.text('[]{}",:.-+eE0123456789 truefalsn\\ud\ud800', max_size=80).map(
    lambda text: text.encode(errors="surrogatepass")
)


@pytest.mark.parametrize("form", FORMS, ids=repr)
@given(bad=st.binary() | NEARLY_JSON)
def test_decoding_never_raises(form: TypeForm[Any], bad: bytes) -> None:
    codec: Codec[Any] = codec_for(form)
    assert isinstance(codec.decode(bad), Success | Failure)
