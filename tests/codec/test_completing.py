"""A value that was read back has one stored form, the same as the one that it was made with."""

from dataclasses import dataclass, field

import msgspec
import pytest

from adc.codec.payload import codec_for
from adc.core.outcome import Success


@dataclass(frozen=True)
class Line:
    item: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Slotted:
    item: str
    count: int = 1


class Parcel(msgspec.Struct, frozen=True):
    line: Line
    weight: int = 0


@dataclass
class Order:
    lines: list[Line]
    by_name: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    slotted: Slotted = Slotted("a")
    parcel: Parcel | None = None


@pytest.mark.parametrize(
    "stored",
    [
        b'{"lines":[{"item":"a"}]}',
        b'{"lines":[],"by_name":{"a":[{"item":"b"}]}}',
        b'{"lines":[],"slotted":{"item":"b"},"parcel":{"line":{"item":"c"}}}',
    ],
)
def test_defaults_are_written_again(stored: bytes) -> None:
    codec = codec_for(Order)
    value = codec.decode(stored).unwrap()

    written = codec.encode(value).unwrap()

    assert written.count(b'"count":1') == written.count(b'"item"')
    assert written.count(b'"parcel"') == 1
    assert codec.encode(codec.decode(written).unwrap()) == Success(written)


def test_a_value_made_and_a_value_read_have_the_same_bytes() -> None:
    codec = codec_for(Line)

    assert codec.encode(codec.decode(b'{"item":"a"}').unwrap()) == codec.encode(Line("a"))
