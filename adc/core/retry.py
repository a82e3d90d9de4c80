"""Retry policies as data: how often a failed job runs again, and after which delay.

The delay before retry n (0 for the first) is, before jitter,

    fixed        first
    linear       first * (n + 1)
    exponential  first * 2 ** n

and never more than the cap. With jitter (the default) the delay is drawn uniformly between 0 and that: "full jitter",
which spreads a crowd of simultaneous failures best (Brooker, "Exponential Backoff And Jitter", AWS 2015).

>>> from datetime import timedelta
>>> [str(delay) for delay in exponential(timedelta(seconds=1), max_retries=6, cap=timedelta(seconds=10)).delays()]
['0:00:01', '0:00:02', '0:00:04', '0:00:08', '0:00:10', '0:00:10']
>>> [str(delay) for delay in linear(timedelta(seconds=10), max_retries=4, cap=timedelta(seconds=35)).delays()]
['0:00:10', '0:00:20', '0:00:30', '0:00:35']
>>> [str(delay) for delay in fixed(timedelta(minutes=1), max_retries=2).delays()]
['0:01:00', '0:01:00']
>>> NEVER.delays()
()
"""

from datetime import timedelta
from typing import Final, Literal, TypeAlias, assert_never

from msgspec import Struct

from adc.core.instants import SECOND, Span, span_of, timedelta_of
from adc.core.names import count_of

Growth: TypeAlias = Literal["fixed", "linear", "exponential"]

Kinds: TypeAlias = type[Exception] | tuple[type[Exception], ...]
"""Exception classes, as `except` takes them."""

_LONGEST_SHIFT: Final = 63  # 2 ** 63 microseconds are 292,000 years: a larger shift only makes larger integers


class RetryPolicy(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How often a failed job runs again, and when: made by `fixed`, `linear` or `exponential`; `delays()` shows it.

    It is stored with each job, so a new policy is for new jobs only. Lengths in it are whole microseconds.
    """

    max_retries: int = 0
    """How many failed attempts are retried: 5 means 6 attempts. 0: the first failure is final."""
    growth: Growth = "fixed"
    first: Span = SECOND
    """The delay before the first retry, in microseconds."""
    cap: Span = SECOND
    """The longest delay, in microseconds."""
    jitter: bool = True
    """Whether the delay is drawn between 0 and the computed one; else it is the computed one."""
    give_up_on: tuple[str, ...] = ()
    """Full names of exception classes (`module.qualname`) that make a failure final, subclasses included."""

    def __post_init__(self) -> None:
        if self.max_retries < 0:
            raise ValueError(f"expected max_retries of 0 or more, got {self.max_retries}")
        if self.first < 0:
            raise ValueError(f"expected a delay of 0 or more, got {timedelta_of(self.first)}")
        if self.cap < self.first:
            raise ValueError(f"expected a cap of at least the first delay, got {timedelta_of(self.cap)}")

    def delays(self) -> tuple[timedelta, ...]:
        """The delay before each retry, in order, before jitter."""
        return tuple(timedelta_of(longest_delay(self, retries)) for retries in range(self.max_retries))


NEVER: Final = RetryPolicy()
"""No retries: the first failure is final, as in the original. The default of a kind."""


def fixed(
    delay: timedelta = timedelta(seconds=10), *, max_retries: int, jitter: bool = True, give_up_on: Kinds = ()
) -> RetryPolicy:
    """The same delay before each retry.

    With `jitter` each delay is drawn anew, uniformly between 0 and this one. `give_up_on` are exception classes, their
    subclasses included, that make a failure final. Raises ValueError for a negative number or delay.
    """
    span = span_of(delay)
    return RetryPolicy(_retries(max_retries), "fixed", span, span, jitter, _names(give_up_on))


def linear(
    step: timedelta = timedelta(seconds=10),
    *,
    max_retries: int,
    cap: timedelta = timedelta(hours=1),
    jitter: bool = True,
    give_up_on: Kinds = (),
) -> RetryPolicy:
    """A delay that grows by `step` with each retry, up to `cap`; jitter, give_up_on and refusals are as in `fixed`."""
    return RetryPolicy(_retries(max_retries), "linear", span_of(step), span_of(cap), jitter, _names(give_up_on))


def exponential(
    first: timedelta = timedelta(seconds=1),
    *,
    max_retries: int,
    cap: timedelta = timedelta(hours=1),
    jitter: bool = True,
    give_up_on: Kinds = (),
) -> RetryPolicy:
    """A delay that doubles with each retry, from `first` to `cap`; jitter, give_up_on and refusals: as in `fixed`."""
    return RetryPolicy(_retries(max_retries), "exponential", span_of(first), span_of(cap), jitter, _names(give_up_on))


def longest_delay(policy: RetryPolicy, retries: int) -> Span:
    """The delay before the next attempt of a job with so many retries behind it, before jitter."""
    match policy.growth:
        case "fixed":
            grown = policy.first
        case "linear":
            grown = Span(policy.first * (retries + 1))
        case "exponential":
            grown = Span(policy.first << min(retries, _LONGEST_SHIFT))
        case _:
            assert_never(policy.growth)
    return min(grown, policy.cap)


def backoff(policy: RetryPolicy, *, retries: int, noise: float) -> Span:
    """The delay before the next attempt: `noise`, drawn from [0, 1), is the share of the longest one.

    >>> backoff(exponential(max_retries=3), retries=2, noise=0.5)
    2000000
    """
    longest = longest_delay(policy, retries)
    return Span(int(longest * noise)) if policy.jitter else longest


def full_name(kind: type) -> str:
    """The name by which a class is stored and matched, such as `builtins.ValueError`."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _retries(number: int) -> int:
    return count_of("max_retries", number, least=0)


def _names(kinds: Kinds) -> tuple[str, ...]:
    given: tuple[object, ...] = kinds if isinstance(kinds, tuple) else (kinds,)
    return tuple(map(_name, given))


def _name(kind: object) -> str:
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        raise TypeError(f"expected an exception class, or a tuple of them, as give_up_on, got {kind!r}")
    return full_name(kind)
