"""given, when, then: what holds passes, and what doesn't says what was there instead."""

import pytest

from adc.core.refusals import NotFound, WrongState
from adc.testing import given
from adc.testing.samples import (
    CANCEL,
    CANCEL_ASKED,
    COMPLETE,
    JOB,
    JOB_CANCELLED,
    JOB_DONE,
    JOB_SCHEDULED,
    JOB_STARTED,
    SCHEDULE,
)


def test_a_transition_takes_three_lines() -> None:
    given().when(SCHEDULE).then(JOB_SCHEDULED)
    given(JOB_SCHEDULED).when(CANCEL).then(JOB_CANCELLED)
    given(JOB_SCHEDULED, JOB_STARTED).when(CANCEL).then(CANCEL_ASKED)


def test_what_is_already_so_has_no_events() -> None:
    given(JOB_SCHEDULED, JOB_STARTED, JOB_DONE).when(COMPLETE).then()


def test_a_refusal_is_expected_by_value() -> None:
    given().when(CANCEL).then_refused(NotFound(JOB))
    given(JOB_SCHEDULED, JOB_STARTED, JOB_DONE).when(CANCEL).then_refused(WrongState(JOB, "done"))


def test_other_events_are_told() -> None:
    with pytest.raises(AssertionError, match=r"expected CancelAsked.*, but these followed: JobCancelled"):
        given(JOB_SCHEDULED).when(CANCEL).then(CANCEL_ASKED)
    with pytest.raises(AssertionError, match="expected no events, but these followed: JobCancelled"):
        given(JOB_SCHEDULED).when(CANCEL).then()


def test_a_refusal_where_events_were_expected_is_told() -> None:
    with pytest.raises(AssertionError, match=r"expected JobCancelled.*, but it was refused: NotFound"):
        given().when(CANCEL).then(JOB_CANCELLED)


def test_events_where_a_refusal_was_expected_are_told() -> None:
    with pytest.raises(AssertionError, match=r"expected a refusal, NotFound.*, but these followed: JobCancelled"):
        given(JOB_SCHEDULED).when(CANCEL).then_refused(NotFound(JOB))
    with pytest.raises(AssertionError, match=r"expected the refusal WrongState.*, but it was NotFound"):
        given().when(CANCEL).then_refused(WrongState(JOB, "done"))
