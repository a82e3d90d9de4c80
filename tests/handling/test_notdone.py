"""NotDone: exceptions that are values."""

import pickle
from datetime import timedelta

import pytest

from adc.handling.job import NEVER_CANCELLED
from adc.handling.notdone import NotDone, Permanent, Snooze, Transient

SOON = timedelta(seconds=5)
VALUES = [
    (Transient("busy"), "Transient('busy', retry_in=None)"),
    (Transient("busy", retry_in=SOON), "Transient('busy', retry_in=datetime.timedelta(seconds=5))"),
    (Permanent("busy"), "Permanent('busy')"),
    (Snooze(SOON), "Snooze(datetime.timedelta(seconds=5), '')"),
    (Snooze(SOON, "busy"), "Snooze(datetime.timedelta(seconds=5), 'busy')"),
    (NotDone("busy"), "NotDone('busy')"),
]


@pytest.mark.parametrize(("value", "shown"), VALUES, ids=str)
def test_it_shows_its_content(value: NotDone, shown: str) -> None:
    assert repr(value) == shown
    assert str(value) == value.message


@pytest.mark.parametrize(("value", "shown"), VALUES, ids=str)
def test_it_survives_a_pickle_as_an_equal(value: NotDone, shown: str) -> None:
    copy = pickle.loads(pickle.dumps(value))

    assert copy == value
    assert hash(copy) == hash(value)


def test_unlike_ones_are_unequal() -> None:
    assert len({value for value, _ in VALUES}) == len(VALUES)
    assert NotDone("busy") != "busy"


def test_a_delay_into_the_past_is_refused_at_once() -> None:
    past = timedelta(microseconds=-1)

    with pytest.raises(ValueError, match="expected a delay of 0 or more"):
        Transient("busy", retry_in=past)
    with pytest.raises(ValueError, match="expected a delay of 0 or more"):
        Snooze(past)


def test_they_match_by_position() -> None:
    match Transient("busy", retry_in=SOON):
        case Transient(message, retry_in):
            assert (message, retry_in) == ("busy", SOON)
    match Snooze(SOON, "later"):
        case Snooze(delay, message):
            assert (delay, message) == (SOON, "later")


def test_the_token_of_tests_is_never_cancelled() -> None:
    assert not NEVER_CANCELLED.cancelled
    assert not NEVER_CANCELLED.wait(timedelta(days=1))
