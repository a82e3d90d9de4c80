"""Foreign JSON: what no producer could have stored by adc isn't given to handlers."""

from datetime import datetime
from typing import Any

import pytest

from adc.codec.foreign import NotJson, flaw_of_text, parsed
from adc.codec.payload import codec_for
from adc.core.outcome import Failure, Success

DEEP = b"[" * 101 + b"]" * 101

REFUSED: dict[str, tuple[Any, bytes, str, str]] = {
    "a name twice": (object, b'{"a":1,"a":1}', "$", "an object has the name 'a' twice"),
    "a name twice within": (dict[str, dict[str, int]], b'{"x":{"a":1,"b":2,"a":3}}', "$", "the name 'a' twice"),
    "a name twice by escapes": (object, rb'{"a":1,"\u0061":1}', "$", "the name 'a' twice"),
    "a large integer": (int, b"18446744073709551616", "$", "an integer beyond 64 bits"),
    "a larger integer": (object, b'{"a":[' + b"9" * 5_000 + b"]}", "$[...][0]", "out of range"),
    "a large integer as a key": (dict[int, int], b'{"18446744073709551616":1}', "$", "an integer beyond 64 bits"),
    "a field that is passed over": (dict[str, int], b' {"a":1, "a":2}', "$", "twice"),
    "nested deeply": (object, DEEP, "$", "nested deeper than 100"),
    "a time without a zone": (datetime, b'"2027-01-01T10:00:00"', "$", "a datetime without a time zone"),
    "a NaN": (object, b'{"a":NaN}', "$", "malformed"),
}


@pytest.mark.parametrize(("form", "stored", "path", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_no_producer_could_have_stored_is_refused(form: Any, stored: bytes, path: str, problem: str) -> None:
    outcome = codec_for(form).decode(stored)

    assert isinstance(outcome, Failure)
    assert outcome.failure().path == path
    assert problem in outcome.failure().problem


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        (b' { "a" : 1 } ', {"a": 1}),
        (b'{"a":1e2}', {"a": 100.0}),
        (rb'{"a":"\u00e9"}', {"a": "é"}),
        (b"18446744073709551615", 2**64 - 1),
        (b"[" * 100 + b"]" * 100, None),
    ],
)
def test_what_others_write_otherwise_is_read(stored: bytes, value: object) -> None:
    outcome = codec_for(object).decode(stored)

    assert isinstance(outcome, Success)
    assert value is None or outcome.unwrap() == value


def test_keys_that_json_has_as_one_are_refused_when_they_are_scheduled() -> None:
    outcome = codec_for(object).encode({1: "a", "1": "b"})

    assert isinstance(outcome, Failure)
    assert outcome.failure().problem == "an object has the name '1' twice"
    assert isinstance(codec_for(dict[int | str, str]).encode({1: "a", "1": "b"}), Failure)
    assert codec_for(dict[int | str, str]).encode({1: "a", "2": "b"}) == Success(b'{"1":"a","2":"b"}')


def test_what_is_no_json_at_all_is_told() -> None:
    for text in ("NaN", "Infinity", "-Infinity", '{"a":1,"a":2}'):
        with pytest.raises(NotJson):
            parsed(text)
    assert flaw_of_text(b"{") is not None
    assert flaw_of_text(b"\xff") is not None
    assert flaw_of_text(b'{"a":[1]}') is None
