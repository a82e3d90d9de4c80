"""Upgrading: each older version is read as a value of the type of today; what can't be is told, never guessed."""

import pickle
from dataclasses import dataclass
from typing import Any

import pytest

from adc.codec.payload import Malformed, codec_for, decode_with
from adc.codec.upgrading import Upgrades, upgrade_from
from adc.core.outcome import Failure, Outcome, Success


@dataclass(frozen=True)
class First:
    number: int


@dataclass(frozen=True)
class Second:
    number: int
    cents: int


@dataclass(frozen=True)
class Today:
    number: int
    cents: int
    currency: str


def with_cents(order: First) -> Second:
    return Second(order.number, 100 * order.number)


def with_currency(order: Second) -> Today:
    if order.cents < 0:
        raise ValueError("a debt has no currency")
    return Today(order.number, order.cents, "EUR")


STEPS = upgrade_from(First, with_cents).then(Second, with_currency)


def test_each_version_takes_the_steps_from_it_on() -> None:
    first, second = STEPS.decoders

    assert first.decode(b'{"number":7}') == Success(Today(7, 700, "EUR"))
    assert second.decode(b'{"number":7,"cents":5}') == Success(Today(7, 5, "EUR"))


@pytest.mark.parametrize(
    ("stored", "malformed"),
    [
        (b"{", Malformed("$", "Input data was truncated")),
        (b'{"number":"7"}', Malformed("$.number", "Expected `int`, got `str`")),
        (b'{"number":-1}', Malformed("$", "ValueError: a debt has no currency")),
    ],
)
def test_what_is_not_of_its_version_or_has_no_upgrade_is_told(stored: bytes, malformed: Malformed) -> None:
    assert decode_with(STEPS.decoders[0], stored) == Failure(malformed)


def test_where_the_old_class_is_gone_its_fields_will_do() -> None:
    def from_fields(fields: dict[str, Any]) -> Today:
        return Today(fields["number"], 0, "EUR")

    (decoder,) = upgrade_from(dict[str, Any], from_fields).decoders

    assert decode_with(decoder, b'{"number":7,"more":1}') == Success(Today(7, 0, "EUR"))
    assert decode_with(decoder, b"{}") == Failure(Malformed("$", "KeyError: 'number'"))


def test_an_older_version_may_have_a_codec_of_its_own() -> None:
    class Digits:
        def encode(self, value: First, /) -> Outcome[bytes, Malformed]:
            return Success(str(value.number).encode())

        def decode(self, stored: bytes, /) -> Outcome[First, Malformed]:
            return Success(First(int(stored)))

    class Pairs:
        def encode(self, value: Second, /) -> Outcome[bytes, Malformed]:
            return Success(f"{value.number},{value.cents}".encode())

        def decode(self, stored: bytes, /) -> Outcome[Second, Malformed]:
            number, cents = stored.split(b",")
            return Success(Second(int(number), int(cents)))

    first, second = upgrade_from(First, with_cents, codec=Digits()).then(Second, with_currency, codec=Pairs()).decoders

    assert first.decode(b"7") == Success(Today(7, 700, "EUR"))
    assert second.decode(b"7,5") == Success(Today(7, 5, "EUR"))
    assert isinstance(decode_with(first, b"x"), Failure)


def test_a_chain_can_be_continued_twice() -> None:
    begun = upgrade_from(First, with_cents)

    one: Upgrades[Today] = begun.then(Second, with_currency)
    other: Upgrades[int] = begun.then(Second, lambda order: order.cents)

    assert (len(begun.decoders), len(one.decoders), len(other.decoders)) == (1, 2, 2)
    assert other.decoders[0].decode(b'{"number":7}') == Success(700)


def test_a_decoder_goes_to_another_process() -> None:
    first, _ = pickle.loads(pickle.dumps(STEPS.decoders))

    assert first.decode(b'{"number":7}') == Success(Today(7, 700, "EUR"))
    assert codec_for(First).decode(b'{"number":7}') == Success(First(7))
