"""Changing jobs: cancel, unschedule, reschedule, redrive, in every state that a job can be in."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TypeAlias

import pytest

from adc.core.ids import Xid
from adc.core.outcome import Failure, Success
from adc.core.refusals import NotFound, Undecodable, WrongKind, WrongState
from adc.core.retry import fixed
from adc.core.states import Absent, StateName, state_name
from adc.handling.notdone import Permanent, Transient
from adc.kind import JobKind
from adc.ports.store import Writing
from adc.queue import SqliteQueue
from adc.testing.fixed import START, FixedClock

MAIL = JobKind("mail", str, retry=fixed(max_retries=1))
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
NOBODY = Xid("0" * 19 + "g")


def told(queue: SqliteQueue, jid: Xid) -> tuple[str, list[str]]:
    """What the state table says of a job, and what the log says happened."""
    state = queue.store.load((jid,))[jid].state
    name = "absent" if isinstance(state, Absent) else state_name(state)
    return name, [entry.type for entry in queue.history(jid)]


def in_state(queue: SqliteQueue, state: StateName) -> Xid:
    """A job that got there by the queue's own verbs."""
    jid = queue.schedule(MAIL.new("hello"))
    if state == "cancelled":
        queue.cancel_job(jid)
    if state in ("scheduled", "cancelled"):
        return jid
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    if state == "cancelling":
        queue.cancel_job(jid)
    if state == "done":
        claimed.complete(None)
    if state == "dead":
        claimed.fail(Permanent("no"))
    return jid


Verb: TypeAlias = Callable[[SqliteQueue, Xid], object]
VERBS: dict[str, Verb] = {
    "cancel": lambda queue, jid: queue.cancel_job(jid),
    "unschedule": lambda queue, jid: queue.unschedule_job(MAIL, jid),
    "reschedule": lambda queue, jid: queue.reschedule(jid, due=START + HOUR, priority=7),
    "redrive": lambda queue, jid: queue.redrive(jid),
}
REFUSED = ""
# What each verb does to a job in each state: the event; None, that it was already so; or that it is refused.
TABLE: dict[StateName, tuple[str | None, str | None, str | None, str | None]] = {
    "scheduled": ("JobCancelled", "JobCancelled", "JobRescheduled", REFUSED),
    "started": ("CancelAsked", REFUSED, REFUSED, REFUSED),
    "cancelling": (None, REFUSED, REFUSED, REFUSED),
    "done": (REFUSED, REFUSED, REFUSED, REFUSED),
    "dead": ("JobCancelled", "JobCancelled", REFUSED, "JobRedriven"),
    "cancelled": (None, REFUSED, REFUSED, REFUSED),
}
AFTER: dict[str, str] = {
    "JobCancelled": "cancelled",
    "CancelAsked": "cancelling",
    "JobRescheduled": "scheduled",
    "JobRedriven": "scheduled",
}


@pytest.mark.parametrize(("verb", "column"), [(verb, column) for column, verb in enumerate(VERBS)], ids=VERBS)
@pytest.mark.parametrize("state", TABLE)
def test_each_verb_in_each_state(queue: SqliteQueue, state: StateName, verb: str, column: int) -> None:
    jid = in_state(queue, state)
    before = told(queue, jid)[1]
    event = TABLE[state][column]

    outcome = VERBS[verb](queue, jid)

    match event:
        case "":
            assert (outcome, told(queue, jid)) == (Failure(WrongState(jid, state)), (state, before))
        case None:
            assert (outcome, told(queue, jid)) == (Success(None), (state, before))
        case _:
            assert outcome == Success("hello" if verb == "unschedule" else None)
            assert told(queue, jid) == (AFTER[event], [*before, event])
            assert queue.history(jid)[-1].actor == "test"


@pytest.mark.parametrize("verb", VERBS)
def test_a_job_of_which_nothing_is_known_is_not_found(queue: SqliteQueue, verb: str) -> None:
    assert VERBS[verb](queue, NOBODY) == Failure(NotFound(NOBODY))
    assert VERBS[verb](queue, Xid("no id at all")) == Failure(NotFound(Xid("no id at all")))
    assert told(queue, NOBODY) == ("absent", [])


@pytest.mark.parametrize("verb", ["cancel", "unschedule"])
@pytest.mark.parametrize("state", ["scheduled", "dead"])
def test_a_cancelled_job_is_never_claimed(queue: SqliteQueue, state: StateName, verb: str) -> None:
    jid = in_state(queue, state)

    VERBS[verb](queue, jid)

    assert queue.poll_next(MAIL, at=START + 1000 * HOUR) is None
    assert queue.history(jid)[-1].data["how"] == {"scheduled": "waiting", "dead": "dead"}[state]


def test_a_job_that_was_asked_to_end_is_not_retried(queue: SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    claimed = queue.poll_next(MAIL)
    assert claimed is not None

    queue.cancel_job(jid)
    claimed.fail(Transient("busy"))

    assert told(queue, jid) == ("cancelled", ["JobScheduled", "JobStarted", "CancelAsked", "JobCancelled"])


@pytest.mark.parametrize("state", ["scheduled", "started", "cancelling", "done", "dead", "cancelled"])
def test_a_job_of_another_kind_is_not_unscheduled(queue: SqliteQueue, state: StateName) -> None:
    jid = in_state(queue, state)
    before = told(queue, jid)

    assert queue.unschedule_job(JobKind("letter", str), jid) == Failure(WrongKind(jid, "mail"))

    assert told(queue, jid) == before


@pytest.mark.parametrize("state", ["scheduled", "dead"])
def test_a_job_whose_payload_can_t_be_read_stays_as_it_was(queue: SqliteQueue, state: StateName) -> None:
    jid = in_state(queue, state)
    before = told(queue, jid)

    outcome = queue.unschedule_job(JobKind("mail", dict[str, int]), jid)

    assert outcome == Failure(Undecodable(jid, "$", "Expected `object`, got `str`"))
    assert told(queue, jid) == before
    assert queue.unschedule_job(MAIL, jid) == Success("hello")


@pytest.mark.parametrize(
    ("due", "priority", "expected"),
    [
        (START + HOUR, None, (START + HOUR, 0)),
        (None, 7, (START, 7)),
        (START - HOUR, -128, (START - HOUR, -128)),
    ],
    ids=["due", "priority", "both"],
)
def test_rescheduling_changes_what_it_names(
    queue: SqliteQueue, due: datetime | None, priority: int | None, expected: tuple[datetime, int]
) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    assert queue.reschedule(jid, due=due, priority=priority) == Success(None)

    assert [(row.due, row.priority) for row in queue.look()] == [expected]
    assert told(queue, jid) == ("scheduled", ["JobScheduled", "JobRescheduled"])


@pytest.mark.parametrize(("due", "priority"), [(None, None), (START, None), (None, 0), (START, 0)], ids=str)
def test_rescheduling_to_what_it_is_changes_nothing(
    queue: SqliteQueue, due: datetime | None, priority: int | None
) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    assert queue.reschedule(jid, due=due, priority=priority) == Success(None)

    assert told(queue, jid) == ("scheduled", ["JobScheduled"])


def test_a_new_priority_changes_the_order(queue: SqliteQueue) -> None:
    first, second = queue.schedule_many([MAIL.new("first"), MAIL.new("second")])

    queue.reschedule(second, priority=1)

    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    assert (claimed.job.jid, told(queue, first)[0]) == (second, "scheduled")


@pytest.mark.parametrize("wrong", [{"due": datetime(2027, 1, 1)}, {"priority": 128}], ids=["due", "priority"])  # noqa: DTZ001
def test_rescheduling_is_checked_at_the_door(queue: SqliteQueue, wrong: dict[str, object]) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    with pytest.raises(ValueError, match="expected a"):
        queue.reschedule(jid, **wrong)  # type: ignore[arg-type]

    assert told(queue, jid) == ("scheduled", ["JobScheduled"])


def test_a_redriven_job_has_all_its_retries_again_and_goes_on_counting_attempts(
    queue: SqliteQueue, clock: FixedClock
) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    lives = []
    for _ in range(2):
        for _ in range(2):
            clock.advance(HOUR)
            claimed = queue.poll_next(MAIL)
            assert claimed is not None
            lives.append((claimed.job.attempt, claimed.job.retries))
            claimed.fail(Transient("busy"))
        assert told(queue, jid)[0] == "dead"
        assert queue.redrive(jid) == Success(None)

    assert lives == [(1, 0), (2, 1), (3, 0), (4, 1)]
    (row,) = queue.look()
    assert (row.state, row.due, row.attempt, row.retries, row.reason) == ("scheduled", clock.at, 4, 0, None)
    one_life = ["JobStarted", "JobRetried", "JobStarted", "JobDied", "JobRedriven"]
    assert told(queue, jid)[1] == ["JobScheduled", *one_life, *one_life]


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_id_is_not_found(queue: SqliteQueue, verb: str) -> None:
    nobody = Xid("\ud800")

    assert VERBS[verb](queue, nobody) == Failure(NotFound(nobody))
    assert queue.result(MAIL, nobody) == Failure(NotFound(nobody))
    assert queue.history(nobody) == ()


def test_a_payload_of_another_version_is_not_read(queue: SqliteQueue) -> None:
    second = JobKind("mail", str, version=2)
    jid = queue.schedule(MAIL.new("hello"))

    refused = queue.unschedule_job(second, jid)

    problem = "the payload is of version 1 of kind mail, not 2"
    assert refused == Failure(Undecodable(jid, "$", problem))
    assert told(queue, jid) == ("scheduled", ["JobScheduled"])


def test_a_change_has_the_time_at_which_the_lock_was_held(queue: SqliteQueue, clock: FixedClock) -> None:
    """A write that waited must not be dated before what it follows."""
    jid = queue.schedule(MAIL.new("hello"))

    def waits() -> AbstractContextManager[Writing]:
        clock.advance(HOUR)
        return writing()

    writing, queue.store.writing = queue.store.writing, waits  # type: ignore[method-assign]
    queue.cancel_job(jid)

    assert queue.history(jid)[-1].at == START + HOUR
