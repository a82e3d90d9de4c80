"""Retry policies: the delays they say, the values they refuse, and the laws they keep."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adc.core.instants import SECOND, Span, span_of
from adc.core.retry import (
    NEVER,
    Growth,
    Kinds,
    RetryPolicy,
    backoff,
    exponential,
    fixed,
    full_name,
    linear,
    longest_delay,
)

HOUR: Final = timedelta(hours=1)
YEAR: Final = timedelta(days=365)

RETRIES: Final = st.integers(0, 200)
NOISE: Final = st.floats(0, 1, exclude_max=True)
GROWTHS: Final[st.SearchStrategy[Growth]] = st.sampled_from(["fixed", "linear", "exponential"])


@st.composite
def policies(draw: st.DrawFn) -> RetryPolicy:
    """Any policy with delays up to a year."""
    first, cap = sorted(draw(st.tuples(*[st.timedeltas(timedelta(0), YEAR)] * 2)))
    return RetryPolicy(draw(st.integers(0, 20)), draw(GROWTHS), span_of(first), span_of(cap), draw(st.booleans()))


class Outer:
    """A class around an exception, whose name then has two parts."""

    class Inner(Exception):
        """An exception that isn't at the top of its module."""


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        (NEVER, ()),
        (fixed(max_retries=3), (10, 10, 10)),
        (fixed(timedelta(days=2), max_retries=2), (172_800, 172_800)),
        (linear(max_retries=3), (10, 20, 30)),
        (linear(timedelta(minutes=20), max_retries=5), (1200, 2400, 3600, 3600, 3600)),
        (exponential(max_retries=5), (1, 2, 4, 8, 16)),
        (exponential(timedelta(minutes=16), max_retries=4), (960, 1920, 3600, 3600)),
        (exponential(HOUR, max_retries=2), (3600, 3600)),
        (exponential(timedelta(0), max_retries=2), (0, 0)),
    ],
)
def test_a_policy_says_its_delays(policy: RetryPolicy, seconds: tuple[int, ...]) -> None:
    expected = tuple(timedelta(seconds=number) for number in seconds)

    assert expected == policy.delays()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fixed(max_retries=-1), "expected a max_retries of 0 or more, got -1"),
        (lambda: RetryPolicy(-1), "expected max_retries of 0 or more, got -1"),
        (lambda: fixed(timedelta(seconds=-1), max_retries=1), "expected a delay of 0 or more, got -1 day, 23:59:59"),
        (lambda: linear(2 * HOUR, max_retries=1), "expected a cap of at least the first delay, got 1:00:00"),
        (lambda: exponential(HOUR, max_retries=1, cap=timedelta(0)), "expected a cap of at least the first delay"),
    ],
)
def test_a_senseless_policy_is_refused_where_it_is_made(make: Callable[[], RetryPolicy], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", [fixed, linear, exponential])
@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((), ()),
        (KeyError, ("builtins.KeyError",)),
        ((KeyError, Outer.Inner), ("builtins.KeyError", full_name(Outer.Inner))),
    ],
)
def test_a_policy_gives_up_on_classes_by_their_full_names(
    make: Callable[..., RetryPolicy], kinds: Kinds, expected: tuple[str, ...]
) -> None:
    policy = make(max_retries=1, give_up_on=kinds)

    assert expected == policy.give_up_on


@pytest.mark.parametrize("make", [fixed, linear, exponential])
def test_the_delays_of_a_policy_are_drawn_unless_it_says_otherwise(make: Callable[..., RetryPolicy]) -> None:
    assert make(max_retries=1).jitter is True
    assert make(max_retries=1, jitter=False).jitter is False


def test_a_full_name_is_the_module_and_the_place_in_it() -> None:
    assert f"{__name__}.Outer.Inner" == full_name(Outer.Inner)


@pytest.mark.parametrize(
    ("noise", "expected"), [(0.0, 0), (0.25, SECOND), (0.5, 2 * SECOND), (0.999_999_999, 4 * SECOND - 1)]
)
def test_the_noise_is_the_share_of_the_longest_delay(noise: float, expected: int) -> None:
    assert expected == backoff(exponential(max_retries=5), retries=2, noise=noise)


@given(NOISE)
def test_without_jitter_the_noise_is_not_heard(noise: float) -> None:
    policy = exponential(max_retries=5, jitter=False)

    assert longest_delay(policy, 2) == backoff(policy, retries=2, noise=noise)


@given(policies(), RETRIES, NOISE)
def test_a_delay_is_never_negative_nor_over_the_cap(policy: RetryPolicy, retries: int, noise: float) -> None:
    longest = longest_delay(policy, retries)

    assert 0 <= backoff(policy, retries=retries, noise=noise) <= longest <= policy.cap


@given(policies(), NOISE)
def test_delays_never_shrink(policy: RetryPolicy, noise: float) -> None:
    delays = [backoff(policy, retries=retries, noise=noise) for retries in range(200)]

    assert all(earlier <= later for earlier, later in pairwise(delays))


@given(policies())
def test_there_are_as_many_delays_as_retries(policy: RetryPolicy) -> None:
    assert policy.max_retries == len(policy.delays())


@given(st.integers(1, 2**40), st.integers(0, 62))
def test_a_delay_doubles_until_the_cap(first: int, retries: int) -> None:
    policy = RetryPolicy(63, "exponential", Span(first), Span(2**120))

    assert 2 * longest_delay(policy, retries) == longest_delay(policy, retries + 1)


@given(policies())
def test_a_stored_policy_is_the_same_policy(policy: RetryPolicy) -> None:
    assert policy == msgspec.json.decode(msgspec.json.encode(policy), type=RetryPolicy)


@pytest.mark.parametrize("given", [[ValueError], "ValueError", ValueError("no"), (ValueError, int)])
def test_only_exception_classes_can_be_given_up_on(given: object) -> None:
    with pytest.raises(TypeError, match="expected an exception class"):
        fixed(max_retries=1, give_up_on=given)  # type: ignore[arg-type]
