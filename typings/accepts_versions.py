"""Payload versions, aliases and upgrades, as strict consumers use them."""

from dataclasses import dataclass
from typing import TypedDict, assert_type

import adc


class FirstOrder(TypedDict):
    number: int


@dataclass(frozen=True)
class SecondOrder:
    number: int
    cents: int


@dataclass(frozen=True)
class Order:
    number: int
    cents: int
    currency: str


def with_cents(order: FirstOrder) -> SecondOrder:
    return SecondOrder(order["number"], 0)


def with_currency(order: SecondOrder) -> Order:
    return Order(order.number, order.cents, "EUR")


def from_fields(fields: dict[str, object]) -> Order:
    return Order(0, 0, str(fields["currency"]))


STEPS = adc.upgrade_from(FirstOrder, with_cents).then(SecondOrder, with_currency)
assert_type(STEPS, adc.Upgrades[Order])

SHIP = adc.JobKind("ship", Order, result=str, version=3, aliases=("send", "dispatch"), upgrade=STEPS)
assert_type(SHIP, adc.JobKind[Order, str])
assert_type(SHIP.aliases, tuple[str, ...])
assert_type(SHIP.addresses, tuple[tuple[str, int], ...])
assert_type(SHIP.oldest, int)

FIELDS = adc.JobKind("fields", Order, version=2, upgrade=adc.upgrade_from(dict[str, object], from_fields))
assert_type(FIELDS, adc.JobKind[Order, None])
LENGTHS = adc.JobKind("lengths", int, version=2, upgrade=adc.upgrade_from(list[int], len))
assert_type(LENGTHS, adc.JobKind[int, None])


def either(stored: bytes) -> int | str:
    return int(stored) if stored.isdigit() else stored.decode()


EITHER = adc.JobKind("either", int | str, version=2, upgrade=adc.upgrade_from(bytes, either))
assert_type(EITHER, adc.JobKind[int | str, None])


class FirstCodec:
    def encode(self, value: FirstOrder, /) -> adc.Outcome[bytes, adc.Malformed]:
        return adc.Success(str(value["number"]).encode())

    def decode(self, stored: bytes, /) -> adc.Outcome[FirstOrder, adc.Malformed]:
        return adc.Success(FirstOrder(number=int(stored)))


CODED = adc.upgrade_from(FirstOrder, with_cents, codec=FirstCodec()).then(SecondOrder, with_currency, codec=None)
assert_type(CODED, adc.Upgrades[Order])

router = adc.RunnerRouter()


@router.handles(SHIP)
def ship(job: adc.Job[Order]) -> str:
    return job.payload.currency
