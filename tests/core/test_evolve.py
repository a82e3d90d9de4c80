"""evolve as a table: every event in every state leads to a state, or can't have happened."""

from itertools import product
from typing import Final

import pytest
from msgspec.structs import replace

from adc.core.events import Event, JobStarted
from adc.core.evolve import ImpossibleHistory, evolve, fold
from adc.core.states import Absent, Cancelled, Dead, JobState, Scheduled, Started
from adc.core.terms import Tally, Token
from adc.testing.samples import (
    ABSENT,
    CANCEL_ASKED,
    CANCELLED,
    CANCELLING,
    DEAD,
    DONE,
    DUE,
    EVENTS,
    JOB_CANCELLED,
    JOB_CRASHED,
    JOB_DIED,
    JOB_DONE,
    JOB_REDRIVEN,
    JOB_RELEASED,
    JOB_RESCHEDULED,
    JOB_RETRIED,
    JOB_SCHEDULED,
    JOB_SNOOZED,
    JOB_STARTED,
    LATER,
    NOW,
    PAYLOAD_ERASED,
    RUNNER,
    SCHEDULED,
    STARTED,
    STATES,
    TALLY,
    TERMS,
)

LAST_CRASH: Final = replace(JOB_CRASHED, due=None)
"""A crash after which the next event ends the job."""
ONCE_CRASHED: Final = Tally(1, crashes=1)
NEXT_START: Final = replace(JOB_STARTED, attempt=2)
WEARY: Final = Tally(9, retries=5, crashes=1)

STEPS: Final[tuple[tuple[JobState, Event, JobState], ...]] = (
    (ABSENT, JOB_SCHEDULED, SCHEDULED),
    (SCHEDULED, JOB_STARTED, STARTED),
    (SCHEDULED, JOB_CANCELLED, CANCELLED),
    (SCHEDULED, JOB_RESCHEDULED, Scheduled(replace(TERMS, priority=5), Tally(), LATER)),
    (STARTED, JOB_DONE, DONE),
    (STARTED, JOB_RETRIED, Scheduled(TERMS, Tally(1, retries=1), JOB_RETRIED.due)),
    (STARTED, JOB_DIED, DEAD),
    (STARTED, JOB_SNOOZED, Scheduled(TERMS, TALLY, LATER)),
    (STARTED, JOB_RELEASED, Scheduled(TERMS, TALLY, LATER)),
    (STARTED, JOB_CRASHED, Scheduled(TERMS, ONCE_CRASHED, NOW)),
    (STARTED, LAST_CRASH, replace(STARTED, tally=ONCE_CRASHED)),
    (STARTED, CANCEL_ASKED, CANCELLING),
    (CANCELLING, JOB_DONE, DONE),
    (CANCELLING, LAST_CRASH, replace(CANCELLING, tally=ONCE_CRASHED)),
    (CANCELLING, JOB_CANCELLED, Cancelled(TERMS, TALLY, NOW)),
    (DONE, PAYLOAD_ERASED, DONE),
    (DEAD, JOB_CANCELLED, Cancelled(TERMS, TALLY, NOW)),
    (DEAD, JOB_REDRIVEN, Scheduled(TERMS, TALLY, LATER)),
    (DEAD, PAYLOAD_ERASED, DEAD),
    (CANCELLED, PAYLOAD_ERASED, CANCELLED),
)
"""A state, what can happen in it, and the state after that. Anything else can't happen."""

COUNTS: Final[tuple[tuple[Scheduled | Started | Dead, Event, Tally], ...]] = (
    (Scheduled(TERMS, WEARY, DUE), replace(JOB_STARTED, attempt=10), replace(WEARY, attempt=10)),
    (Scheduled(TERMS, WEARY, DUE), JOB_RESCHEDULED, WEARY),
    (Scheduled(TERMS, WEARY, DUE), JOB_CANCELLED, WEARY),
    (replace(STARTED, tally=WEARY), JOB_DONE, WEARY),
    (replace(STARTED, tally=WEARY), JOB_RETRIED, replace(WEARY, retries=6)),
    (replace(STARTED, tally=WEARY), JOB_DIED, WEARY),
    (replace(STARTED, tally=WEARY), JOB_SNOOZED, WEARY),
    (replace(STARTED, tally=WEARY), JOB_RELEASED, WEARY),
    (replace(STARTED, tally=WEARY), JOB_CRASHED, replace(WEARY, crashes=2)),
    (replace(STARTED, tally=WEARY), CANCEL_ASKED, WEARY),
    (replace(DEAD, tally=WEARY), JOB_REDRIVEN, Tally(9)),
)
"""A job with nine attempts behind it, what happens, and what is counted then."""

POSSIBLE: Final = {(type(state), event) for state, event, _ in STEPS}
IMPOSSIBLE: Final = [(state, event) for state, event in product(STATES, EVENTS) if (type(state), event) not in POSSIBLE]
MISFITS: Final[list[tuple[JobState, Event]]] = [
    *((state, LAST_CRASH) for state in (ABSENT, SCHEDULED, DONE, DEAD, CANCELLED)),
    (SCHEDULED, replace(JOB_STARTED, attempt=0)),
    (SCHEDULED, replace(JOB_STARTED, attempt=2)),
    (Scheduled(TERMS, WEARY, DUE), JOB_STARTED),
    *(
        (state, replace(event, attempt=attempt))
        for state in (STARTED, CANCELLING)
        for event in (JOB_DONE, JOB_RETRIED, JOB_DIED, JOB_SNOOZED, JOB_RELEASED, JOB_CRASHED, LAST_CRASH)
        for attempt in (0, 2)
    ),
]


def class_name(part: object) -> str:
    """The id of a part of a row."""
    return type(part).__name__


@pytest.mark.parametrize(("state", "event", "expected"), STEPS, ids=class_name)
def test_an_event_leads_to_a_state(state: JobState, event: Event, expected: JobState) -> None:
    assert expected == evolve(state, event)


@pytest.mark.parametrize(("state", "event", "expected"), COUNTS, ids=class_name)
def test_an_event_counts_what_it_is(state: JobState, event: Event, expected: Tally) -> None:
    after = evolve(state, event)

    assert not isinstance(after, Absent)
    assert expected == after.tally


@pytest.mark.parametrize(("state", "event"), IMPOSSIBLE, ids=class_name)
def test_an_impossible_event_is_refused_by_name(state: JobState, event: Event) -> None:
    with pytest.raises(ImpossibleHistory) as caught:
        evolve(state, event)

    assert (state, event) == (caught.value.state, caught.value.event)
    assert f"{type(event).__name__} can't follow {type(state).__name__}" in str(caught.value)


@pytest.mark.parametrize(("state", "event"), MISFITS)
def test_an_event_that_does_not_fit_the_attempt_is_refused(state: JobState, event: Event) -> None:
    with pytest.raises(ImpossibleHistory):
        evolve(state, event)


def test_every_event_is_possible_somewhere() -> None:
    assert {type(event) for event in EVENTS} == {type(event) for _, event, _ in STEPS}


def test_the_fold_of_nothing_is_absent() -> None:
    assert Absent() == fold(())


def test_a_fold_stops_at_what_is_impossible() -> None:
    with pytest.raises(ImpossibleHistory, match="JobDone can't follow Scheduled"):
        fold((JOB_SCHEDULED, JOB_DONE, JOB_STARTED))


def test_a_job_keeps_its_terms_and_its_count_of_attempts_through_its_lives() -> None:
    first_life = (JOB_SCHEDULED, JOB_STARTED, JOB_RETRIED, NEXT_START, replace(JOB_DIED, attempt=2))

    expected = Started(TERMS, Tally(3), Token(3, RUNNER), NOW)

    assert expected == fold((*first_life, JOB_REDRIVEN, JobStarted(NOW, 3, RUNNER)))
