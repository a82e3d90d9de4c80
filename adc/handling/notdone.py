"""NotDone: what a handler says when its job isn't done; exceptions that are values too, so raise or return them.

Two of one class with the same content are equal.
"""

from datetime import timedelta
from typing import Final, Literal, final

from typing_extensions import override

from adc.core.instants import delay_of

PUBLIC: Final = "adc"
"""Where users find these classes. Their full names are stored with failed attempts, and matched by `give_up_on`."""


class NotDone(Exception):
    """Base of Transient, Permanent and Snooze. Raised, or returned in a Failure, it means the same.

    It isn't for subclasses of your own: raise any exception for a failure that may be retried, and name those that make
    a failure final in the kind's `give_up_on`.
    """

    __module__ = PUBLIC

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def _content(self) -> tuple[object, ...]:
        return (self.message,)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, NotDone) and type(other) is type(self) and other._content() == self._content()

    @override
    def __hash__(self) -> int:
        return hash((type(self), self._content()))

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._content()))})"


@final
class Transient(NotDone):
    """Another attempt may help. `retry_in` is the delay before it; None: the delay of the job's retry policy."""

    __module__ = PUBLIC

    __match_args__: tuple[Literal["message"], Literal["retry_in"]] = ("message", "retry_in")

    def __init__(self, message: str, *, retry_in: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_in: timedelta | None = None if retry_in is None else _not_negative(retry_in)

    @override
    def _content(self) -> tuple[object, ...]:
        return (self.message, self.retry_in)

    @override
    def __repr__(self) -> str:
        return f"Transient({self.message!r}, retry_in={self.retry_in!r})"


@final
class Permanent(NotDone):
    """No other attempt will help: the job becomes a dead letter, whatever its retry policy says."""

    __module__ = PUBLIC
    __match_args__: tuple[Literal["message"]] = ("message",)


@final
class Snooze(NotDone):
    """Run it again after `delay`; it counts as no failure."""

    __module__ = PUBLIC

    __match_args__: tuple[Literal["delay"], Literal["message"]] = ("delay", "message")

    def __init__(self, delay: timedelta, message: str = "") -> None:
        super().__init__(message)
        self.delay: timedelta = _not_negative(delay)

    @override
    def __reduce__(self) -> tuple[type["Snooze"], tuple[timedelta, str]]:
        return (Snooze, (self.delay, self.message))

    @override
    def _content(self) -> tuple[object, ...]:
        return (self.delay, self.message)


class TimedOut(Exception):
    """The attempt ran longer than its job's timeout. Name it in `give_up_on` to make the first one final."""

    __module__ = PUBLIC


class _Unfit(ValueError):
    """A value, or stored bytes, that aren't of the kind's type."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        """Where in the value, such as `$.items[1].qty`."""
        self.problem = problem

    @override
    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class PayloadUnreadable(_Unfit):
    """The stored payload isn't a value of the kind's payload type: no attempt can help, the handler wasn't called."""

    __module__ = PUBLIC


class ResultRefused(_Unfit):
    """The handler's result can't be stored: it isn't of the kind's result type, or is too large."""

    __module__ = PUBLIC


def _not_negative(delay: timedelta) -> timedelta:
    delay_of("delay", delay)
    return delay
