"""Perform: effects on the calling thread; awaitables go where the driver says."""

from collections.abc import Awaitable
from typing import cast

import pytest

from adc.drivers.perform import perform
from adc.handling.effects import Call, Drive, Now
from adc.handling.route import Attempt, LeaveNow
from adc.handling.said import Failed, Finished
from adc.testing.fixed import START, FixedClock


class Elsewhere:
    """Notes what it was given, and answers with a text; before the effects in `due` it raises."""

    def __init__(self, *due: BaseException | None) -> None:
        self.given: list[Awaitable[object]] = []
        self._due = iter(due)

    def heed(self) -> None:
        error = next(self._due, None)
        if error is not None:
            raise error

    def run(self, awaitable: Awaitable[object]) -> object:
        self.given.append(awaitable)
        return "awaited"


class Waits:
    def __await__(self) -> "iter":  # type: ignore[valid-type]
        raise AssertionError("nobody awaits it here")


WAITS = cast("Awaitable[object]", Waits())


def raises() -> object:
    raise ConnectionError("gone")


def test_effects_are_performed_in_order() -> None:
    def attempt() -> Attempt:
        answers = [
            (yield Now()),
            (yield Call("length", lambda: len("four"))),
            (yield Call("async", lambda: WAITS)),
            (yield Drive(WAITS)),
        ]
        assert answers == [START, 4, "awaited", "awaited"]
        return Finished(b"")

    awaiter = Elsewhere()
    assert perform(attempt(), FixedClock(), awaiter) == Finished(b"")
    assert awaiter.given == [WAITS, WAITS]


def test_what_a_call_raises_is_thrown_in() -> None:
    def attempt() -> Attempt:
        with pytest.raises(ConnectionError):
            yield Call("raises", raises)
        return Finished(b"caught")

    assert perform(attempt(), FixedClock(), Elsewhere()) == Finished(b"caught")


def test_what_is_due_is_thrown_in_instead_of_an_effect() -> None:
    def attempt() -> Attempt:
        assert (yield Now()) == START
        with pytest.raises(TimeoutError):
            yield Call("never", raises)
        with pytest.raises(TimeoutError):
            yield Now()
        return Finished(b"caught")

    due = Elsewhere(None, TimeoutError(), TimeoutError())
    assert perform(attempt(), FixedClock(), due) == Finished(b"caught")


def test_an_attempt_that_breaks_is_a_failure_too() -> None:
    def broken() -> Attempt:
        yield Now()
        raise MemoryError

    said = perform(broken(), FixedClock(), Elsewhere())
    assert isinstance(said, Failed)
    assert said.fault.names[0] == "builtins.MemoryError"


def test_the_operators_second_signal_goes_through() -> None:
    def attempt() -> Attempt:
        yield Now()
        raise LeaveNow

    with pytest.raises(LeaveNow):
        perform(attempt(), FixedClock(), Elsewhere())
