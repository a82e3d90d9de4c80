"""Any codec, a user's too: what it answers is checked, and its bytes have a limit."""

from typing import Any, Final

import pytest

from adc.codec.payload import PAYLOAD_LIMIT, RESULT_LIMIT, Malformed, codec_for, decode_with, encode_within
from adc.core.outcome import Failure, Outcome, Success


class Hexadecimal:
    """A user's codec: it satisfies Codec[int] by its shape."""

    def encode(self, value: int, /) -> Outcome[bytes, Malformed]:
        return Success(f"{value:x}".encode())

    def decode(self, stored: bytes, /) -> Outcome[int, Malformed]:
        try:
            return Success(int(stored, 16))
        except ValueError:
            return Failure(Malformed("$", "no hexadecimal number"))


class Answers:
    """A codec that gives what it is told to, or raises it."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def encode(self, value: object, /) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    decode = encode


def test_a_users_codec_is_used_like_adcs_own() -> None:
    assert encode_within(Hexadecimal(), 255, 2) == Success(b"ff")
    assert decode_with(Hexadecimal(), b"ff") == Success(255)
    assert decode_with(Hexadecimal(), b"x") == Failure(Malformed("$", "no hexadecimal number"))


def test_a_value_over_the_limit_is_refused_with_both_sizes() -> None:
    assert encode_within(codec_for(str), "abc", 5) == Success(b'"abc"')
    assert encode_within(codec_for(str), "abcd", 5) == Failure(Malformed("$", "6 bytes, more than the limit of 5"))


def test_a_refusal_of_the_codec_is_handed_on() -> None:
    assert encode_within(codec_for(float), float("inf"), 5) == Failure(Malformed("$", "inf can't be written as JSON"))


NEITHER: Final = "neither Success nor Failure of Malformed"
NONSENSE: Final[dict[str, tuple[object, str]]] = {
    "raises": (KeyError("a"), "KeyError: 'a'"),
    "raises RecursionError": (RecursionError(), "nested too deeply"),
    "gives plain bytes": (b"1", f"the codec gave bytes, {NEITHER}"),
    "gives None": (None, f"the codec gave NoneType, {NEITHER}"),
    "gives another failure": (Failure("no"), f"the codec gave Failure, {NEITHER}"),
}


@pytest.mark.parametrize(("answer", "problem"), NONSENSE.values(), ids=NONSENSE)
def test_a_codec_that_misbehaves_makes_the_value_malformed(answer: object, problem: str) -> None:
    assert encode_within(Answers(answer), 1, 100) == Failure(Malformed("$", problem))
    assert decode_with(Answers(answer), b"1") == Failure(Malformed("$", problem))


def test_a_codec_that_encodes_to_text_makes_the_value_malformed() -> None:
    expected = Malformed("$", "the codec gave Success of str, not of bytes")
    assert encode_within(Answers(Success("1")), 1, 100) == Failure(expected)


def test_a_payload_may_have_a_megabyte_and_a_result_64_kilobytes() -> None:
    assert (PAYLOAD_LIMIT, RESULT_LIMIT) == (2**20, 2**16)


def test_a_memory_error_is_no_fault_of_the_value() -> None:
    with pytest.raises(MemoryError):
        decode_with(Answers(MemoryError()), b"ff")
    with pytest.raises(MemoryError):
        encode_within(Answers(MemoryError()), 255, PAYLOAD_LIMIT)
