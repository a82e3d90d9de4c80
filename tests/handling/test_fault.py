"""Fault: bounded, storable and scrubbed, whatever the exception does."""

import re
from contextlib import suppress

import msgspec
import pytest
from typing_extensions import override

from adc.core.terms import Fault
from adc.handling.fault import FAULT_LIMIT, MESSAGE_LIMIT, SCRUBBING_FAILED, fault_of
from adc.handling.notdone import Transient


def raised(error: BaseException) -> BaseException:
    """The error, with a traceback."""
    with suppress(BaseException):
        raise error
    return error


def chained(error: BaseException, cause: BaseException) -> BaseException:
    with suppress(BaseException):
        raise error from cause
    return error


def size(fault: Fault) -> int:
    return len("".join((*fault.names, fault.message, fault.traceback)).encode())


class Deaf(Exception):
    @override
    def __str__(self) -> str:
        raise KeyboardInterrupt


class Loud(Exception):
    """Its text is of a class that lies about its own length and slices."""

    class Text(str):
        __slots__ = ()

        @override
        def __getitem__(self, key: object) -> str:
            raise SystemExit

    @override
    def __str__(self) -> str:
        return self.Text("loud")


class Nameless(type):
    @property
    @override
    def __module__(cls) -> str:  # type: ignore[override]
        raise MemoryError


class Anonymous(Exception, metaclass=Nameless): ...


class Uncaused(Exception):
    @property
    @override
    def __cause__(self) -> BaseException | None:  # type: ignore[override]
        raise GeneratorExit


def test_it_names_the_classes_nearest_first() -> None:
    names = fault_of(ConnectionResetError("gone")).names

    assert names == (
        "builtins.ConnectionResetError", "builtins.ConnectionError", "builtins.OSError", "builtins.Exception",
    )  # fmt: skip
    assert fault_of(Transient("x")).names[:2] == ("adc.Transient", "adc.NotDone")


def test_it_has_the_message_with_its_notes() -> None:
    error = ValueError("bad width")
    error.add_note("while resizing a.png")

    assert fault_of(error).message == "bad width\nwhile resizing a.png"


def test_the_traceback_ends_with_the_raise() -> None:
    lines = fault_of(raised(ValueError("bad"))).traceback.splitlines()

    assert lines[0] == "Traceback (most recent call last):"
    assert re.search(r'test_fault.py", line \d+, in raised$', lines[1])
    assert lines[-1] == "builtins.ValueError: bad"


def test_an_exception_that_was_never_raised_has_no_frames() -> None:
    assert fault_of(ValueError("bad")).traceback == "builtins.ValueError: bad\n"


def test_causes_and_contexts_are_told_in_the_order_in_which_they_happened() -> None:
    try:
        raise chained(ValueError("second"), KeyError("first"))
    except ValueError:
        try:
            raise OSError("third")
        except OSError as error:
            told = fault_of(error).traceback

    order = [
        told.index(part) for part in ("KeyError", "direct cause", "ValueError: second", "During", "OSError: third")
    ]
    assert order == sorted(order)


def test_a_suppressed_context_is_not_told() -> None:
    try:
        try:
            raise KeyError("hidden")
        except KeyError:
            raise ValueError("shown") from None
    except ValueError as error:
        assert "hidden" not in fault_of(error).traceback


def test_causes_in_a_circle_come_to_an_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one

    assert fault_of(one).traceback.count("ValueError: ") == 2


def test_a_long_chain_is_bounded() -> None:
    error = ValueError("0")
    for number in range(1, 1_000):
        later = ValueError(str(number))
        later.__cause__ = error
        error = later

    assert fault_of(error).traceback.count("ValueError: ") == 16


def test_members_of_a_group_are_told() -> None:
    told = fault_of(raised(ExceptionGroup("many", [ValueError(str(number)) for number in range(7)]))).traceback

    assert "ExceptionGroup: many (7 sub-exceptions)" in told
    assert "  | builtins.ValueError: 4" in told
    assert "ValueError: 5" not in told
    assert "  | [and 2 more]" in told


def test_groups_in_groups_are_told_to_a_depth() -> None:
    group: Exception = ValueError("innermost")
    for _ in range(6):
        group = ExceptionGroup("nested", [group])

    told = fault_of(group).traceback
    assert "innermost" not in told
    assert "groups deeper than this aren't shown" in told


def test_endless_recursion_is_told_by_its_innermost_frames() -> None:
    def recurse() -> None:
        recurse()

    with pytest.raises(RecursionError) as caught:
        recurse()

    fault = fault_of(caught.value)
    assert fault.names[0] == "builtins.RecursionError"
    assert "in recurse" in fault.traceback
    assert size(fault) <= FAULT_LIMIT


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x" * 5_000_000),
        ValueError("ä" * 100_000),
        chained(ValueError("€" * 10_000), ValueError("y" * 10_000)),
        type("Long" * 5_000, (ValueError,), {})("x" * 10_000),
    ],
    ids=["long", "wide", "chained", "long name"],
)
def test_it_is_bounded_in_all(error: BaseException) -> None:
    fault = fault_of(raised(error))

    assert size(fault) <= FAULT_LIMIT
    assert len(fault.message.encode()) <= MESSAGE_LIMIT
    assert fault.message.endswith("[cut]")


def test_of_a_long_traceback_the_end_is_kept() -> None:
    def deep(left: int) -> None:
        if left:
            deep(left - 1)  # here is a rather long line, so that its frames have something to show: ................
        raise ValueError("at the bottom" + "." * 400)

    error: BaseException = ValueError("first")
    for _ in range(10):
        with pytest.raises(ValueError, match="bottom") as caught:
            deep(20)
        caught.value.__cause__ = error
        error = caught.value

    told = fault_of(error).traceback
    assert told.startswith("[cut]")
    assert told.rstrip(".\n").endswith("ValueError: at the bottom")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Deaf(), "<no message: builtins.KeyboardInterrupt while it was read>"),
        (Loud(), "loud"),
        (ValueError("lone \ud800 surrogate"), "lone ? surrogate"),
        (Anonymous("x"), "x"),
        (Uncaused("x"), "x"),
    ],
    ids=["raises", "odd text", "surrogate", "no name", "no cause"],
)
def test_whatever_the_exception_does_it_can_be_stored(error: BaseException, message: str) -> None:
    fault = fault_of(raised(error))

    assert fault.message == message
    assert msgspec.json.decode(msgspec.json.encode(fault), type=Fault) == fault


def test_a_class_without_a_name_has_a_name_here() -> None:
    assert fault_of(Anonymous()).names == ("<a class without a name>", "builtins.Exception")


def test_what_cannot_be_traced_says_so() -> None:
    assert fault_of(Uncaused()).traceback == "<no traceback: builtins.GeneratorExit while it was read>"


def test_secrets_are_scrubbed_from_message_and_traceback() -> None:
    fault = fault_of(raised(ValueError("token=abc " + "x" * 100_000)), lambda text: text.replace("abc", "***"))

    assert fault.message.startswith("token=*** x")
    assert "abc" not in fault.traceback


def raises(text: str) -> str:
    raise SystemExit


@pytest.mark.parametrize("scrub", [raises, str.encode, len])
def test_nothing_is_stored_unscrubbed(scrub: "type[str]") -> None:
    fault = fault_of(raised(ValueError("token=abc")), scrub)

    assert (fault.message, fault.traceback) == (SCRUBBING_FAILED, SCRUBBING_FAILED)
