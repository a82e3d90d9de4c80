"""Kinds of many payload and result types, for the files beside this one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple, TypedDict, assert_type

import msgspec

import adc


@dataclass(frozen=True)
class Invoice:
    customer: int
    cents: int


@dataclass(frozen=True)
class Mail:
    to: str
    text: str


class Resize(TypedDict):
    path: str
    width: int


class Card(msgspec.Struct, frozen=True, tag="card"):
    number: str


class Iban(msgspec.Struct, frozen=True, tag="iban"):
    iban: str


class Point(NamedTuple):
    x: float
    y: float


INVOICE = adc.JobKind("invoice", Invoice, result=bytes, retry=adc.exponential(max_retries=5))
MAIL = adc.JobKind(
    "mail",
    Mail,
    retry=adc.exponential(timedelta(seconds=5), max_retries=3, give_up_on=(PermissionError, ValueError)),
)
RESIZE = adc.JobKind("resize", Resize, result=int)
SUM = adc.JobKind("sum", list[int], result=int)
PAY = adc.JobKind("pay", Card | Iban, result=Literal["paid", "refused"])
RAW = adc.JobKind("raw", bytes)
POINT = adc.JobKind("point", Point, result=dict[str, float] | None)
MAYBE = adc.JobKind(
    "maybe", int | None, result=tuple[int, ...], timeout=timedelta(minutes=1), queue="slow", priority=-3
)

assert_type(INVOICE, adc.JobKind[Invoice, bytes])
assert_type(MAIL, adc.JobKind[Mail, None])
assert_type(RESIZE, adc.JobKind[Resize, int])
assert_type(SUM, adc.JobKind[list[int], int])
assert_type(PAY, adc.JobKind[Card | Iban, Literal["paid", "refused"]])
assert_type(RAW, adc.JobKind[bytes, None])
assert_type(POINT, adc.JobKind[Point, dict[str, float] | None])
assert_type(MAYBE, adc.JobKind[int | None, tuple[int, ...]])
assert_type(INVOICE.new(Invoice(7, 1200), key="order-1"), adc.NewJob[Invoice])
assert_type(INVOICE.new(Invoice(7, 1200)).after(timedelta(1)).key, str | None)
