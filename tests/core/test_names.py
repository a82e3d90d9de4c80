"""Names and priorities are checked where they are made."""

from enum import IntEnum, StrEnum

import pytest

from adc.core.names import (
    HIGHEST_PRIORITY,
    KEY_LIMIT,
    LOWEST_PRIORITY,
    META_LIMIT,
    MOST,
    NAME_LIMIT,
    count_of,
    name_of,
    priority_of,
    text_of,
)


@pytest.mark.parametrize("text", ["invoice", "send e-mail", "счёт", "請求書", "x" * NAME_LIMIT])
def test_a_printable_text_is_a_name_as_it_stands(text: str) -> None:
    assert text == name_of("kind", text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a kind, got an empty text"),
        ("x" * 201, "expected a kind of at most 200 characters, got 201"),
        ("in\nvoice", r"expected a kind of printable characters, got 'in\\nvoice'"),
        ("in\0voice", r"expected a kind of printable characters, got 'in\\x00voice'"),
        ("\ud800", r"expected a kind of printable characters, got '\\ud800'"),
        ("\n" + "x" * 60, r"expected a kind of printable characters, got '\\nx{49}'$"),
    ],
)
def test_another_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        name_of("kind", text)


def test_a_key_may_be_longer_than_a_name() -> None:
    key = "x" * KEY_LIMIT

    assert key == name_of("key", key, limit=KEY_LIMIT)
    with pytest.raises(ValueError, match="expected a key of at most 500 characters, got 501"):
        name_of("key", key + "x", limit=KEY_LIMIT)


def test_a_name_is_a_text() -> None:
    with pytest.raises(TypeError, match="expected a kind as a str, got bytes"):
        name_of("kind", b"invoice")  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [LOWEST_PRIORITY, 0, HIGHEST_PRIORITY])
def test_a_priority_has_the_range_of_a_byte(number: int) -> None:
    assert number == priority_of(number)


@pytest.mark.parametrize("number", [LOWEST_PRIORITY - 1, HIGHEST_PRIORITY + 1])
def test_a_priority_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"expected a priority from -128 to 127, got {number}"):
        priority_of(number)


@pytest.mark.parametrize(("number", "kind"), [(True, "bool"), (1.0, "float"), ("1", "str")])
def test_a_priority_is_a_whole_number(number: object, kind: str) -> None:
    with pytest.raises(TypeError, match=f"expected a priority as an int, got {kind}"):
        priority_of(number)  # type: ignore[arg-type]


class Kinds(StrEnum):
    """Kinds, as an application may keep them."""

    INVOICE = "invoice"


class Urgency(IntEnum):
    """Priorities, likewise."""

    HIGH = 10


def test_a_member_of_an_enum_is_kept_as_what_it_stands_for() -> None:
    assert type(name_of("kind", Kinds.INVOICE)) is str
    assert type(priority_of(Urgency.HIGH)) is int


def test_a_text_that_travels_along_may_be_empty() -> None:
    nothing = ""

    assert nothing == text_of("text", nothing, limit=META_LIMIT)


def test_what_counts_something_is_neither_less_than_it_may_nor_vast() -> None:
    assert count_of("version", 1) == 1
    assert count_of("limit", 0, least=0) == 0
    assert count_of("version", MOST) == MOST
    for given, message in (
        (0, "a version of 1 or more, got 0"),
        (MOST + 1, f"at most {MOST}"),
        (10**5_000, "got more"),
    ):
        with pytest.raises(ValueError, match=message):
            count_of("version", given)
