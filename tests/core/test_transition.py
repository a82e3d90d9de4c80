"""A transition says all that a store needs, and nothing that it has to think about."""

from msgspec.structs import replace

from adc.core.events import JobDied
from adc.core.outcome import Failure, Success
from adc.core.refusals import LeaseLost, NotFound
from adc.core.states import Absent, Dead
from adc.core.terms import Tally
from adc.core.transition import Asked, Snapshot, Transition, transition
from adc.testing.samples import (
    CANCEL,
    CANCELLED,
    COMPLETE,
    DONE,
    EXPIRE,
    JOB,
    JOB_CRASHED,
    JOB_DONE,
    JOB_SCHEDULED,
    LAST_CHANCE,
    NOW,
    SCHEDULE,
    SCHEDULED,
    STARTED,
)

NEW = Snapshot.absent(JOB)
RUNNING = Snapshot(JOB, STARTED, seq=7, version=2, head=b"digest")


def test_a_job_of_which_nothing_is_known_has_no_events() -> None:
    assert Snapshot(JOB, Absent(), seq=0, version=0, head=b"") == Snapshot.absent(JOB)


def test_a_transition_has_the_events_the_state_and_who_asked() -> None:
    asked = Asked(SCHEDULE, actor="web", cause="request:17", body=b"payload")

    expected = Transition(NEW, (JOB_SCHEDULED,), SCHEDULED, "web", "request:17", b"payload")

    assert Success(expected) == transition(NEW, asked)


def test_a_transition_starts_from_what_was_recorded() -> None:
    asked = Asked(COMPLETE, actor="runner", body=b"done")

    expected = Transition(RUNNING, (JOB_DONE,), DONE, "runner", None, b"done")

    assert Success(expected) == transition(RUNNING, asked)


def test_a_transition_of_two_events_leads_to_the_state_after_both() -> None:
    dying = Snapshot(JOB, LAST_CHANCE, seq=7, version=2, head=b"digest")

    expected = Transition(
        dying,
        (replace(JOB_CRASHED, due=None), JobDied(NOW, 1, "Poison")),
        Dead(LAST_CHANCE.terms, Tally(1, crashes=1), "Poison", NOW),
        "watcher",
        None,
        None,
    )

    assert Success(expected) == transition(dying, Asked(EXPIRE, actor="watcher"))


def test_what_is_already_so_is_a_transition_of_no_events() -> None:
    cancelled = Snapshot(JOB, CANCELLED, seq=7, version=2, head=b"digest")

    expected = Transition(cancelled, (), CANCELLED, "caller", None, None)

    assert Success(expected) == transition(cancelled, Asked(CANCEL, actor="caller"))


def test_what_is_already_so_stores_no_body() -> None:
    done = Snapshot(JOB, DONE, seq=7, version=3, head=b"digest")

    expected = Transition(done, (), DONE, "runner", None, None)

    assert Success(expected) == transition(done, Asked(COMPLETE, actor="runner", body=b"done"))


def test_a_refusal_is_no_transition() -> None:
    waiting = Snapshot(JOB, SCHEDULED, seq=7, version=1, head=b"digest")

    assert Failure(NotFound(JOB)) == transition(NEW, Asked(CANCEL, actor="caller"))
    assert Failure(LeaseLost(JOB, 1)) == transition(waiting, Asked(COMPLETE, actor="runner"))
