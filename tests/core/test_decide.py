"""decide as a table, from a sentence to what a job has been through, what is asked of it, and what follows."""

from collections.abc import Iterator
from functools import reduce
from itertools import product
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias, get_args

import pytest
from msgspec.structs import replace

from adc.core.commands import Command, KeyHolder
from adc.core.decide import Report, decide
from adc.core.events import Event, JobCancelled, JobCrashed, JobDied, JobRescheduled, JobRetried, JobStarted
from adc.core.evolve import evolve, fold
from adc.core.instants import LAST, SECOND, Instant, Span
from adc.core.outcome import Failure, Success
from adc.core.refusals import JidTaken, KeyTaken, LeaseLost, NotDue, NotFound, Refusal, WrongState
from adc.core.retry import NEVER
from adc.core.states import JobState, Reason, StateName
from adc.core.terms import Token
from adc.testing.samples import (
    CANCEL,
    CANCEL_ASKED,
    CLAIM,
    CLAIMED,
    COMPLETE,
    DUE,
    EARLY,
    ERASE,
    EXPIRE,
    FAIL,
    FAULT,
    FINAL_FAULT,
    JOB,
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
    KEY,
    LATER,
    NOW,
    OTHER_JOB,
    OTHER_PAYLOAD,
    OTHER_RUNNER,
    PAYLOAD,
    PAYLOAD_ERASED,
    REDRIVE,
    RELEASE,
    RESCHEDULE,
    RUNNER,
    SCHEDULE,
    SNOOZE,
    STRANGER,
    TERMS,
)

Log: TypeAlias = tuple[Event, ...]


class Row(NamedTuple):
    """Given these events, when this is asked, then these events follow, or this refusal; () means already so."""

    sentence: str
    given: Log
    when: Command
    then: Log | Refusal


# What a job has been through, by the state it is in.

ABSENT: Final[Log] = ()
SCHEDULED: Final[Log] = (JOB_SCHEDULED,)
STARTED: Final[Log] = (*SCHEDULED, JOB_STARTED)
CANCELLING: Final[Log] = (*STARTED, CANCEL_ASKED)
DONE: Final[Log] = (*STARTED, JOB_DONE)
DEAD: Final[Log] = (*STARTED, JOB_DIED)
CANCELLED: Final[Log] = (*SCHEDULED, JOB_CANCELLED)

LOGS: Final[dict[StateName, Log]] = {
    "scheduled": SCHEDULED,
    "started": STARTED,
    "cancelling": CANCELLING,
    "done": DONE,
    "dead": DEAD,
    "cancelled": CANCELLED,
}

# TERMS allow two retries and one crash: the second attempt, the third, and one after a crash.

AGAIN: Final[Log] = (*STARTED, JOB_RETRIED, JobStarted(CLAIMED, 2, OTHER_RUNNER))
LAST_TRY: Final[Log] = (*AGAIN, replace(JOB_RETRIED, attempt=2), JobStarted(CLAIMED, 3, RUNNER))
AFTER_CRASH: Final[Log] = (*STARTED, JOB_CRASHED, JobStarted(CLAIMED, 2, RUNNER))
NEW_LIFE: Final[Log] = (*LAST_TRY, replace(JOB_DIED, attempt=3), JOB_REDRIVEN, JobStarted(CLAIMED, 4, RUNNER))
NO_RETRIES: Final[Log] = (replace(JOB_SCHEDULED, terms=replace(TERMS, retry=NEVER)), JOB_STARTED)
NO_CRASHES: Final[Log] = (replace(JOB_SCHEDULED, terms=replace(TERMS, max_crashes=1)), JOB_STARTED)
NO_JITTER: Final[Log] = (
    replace(JOB_SCHEDULED, terms=replace(TERMS, retry=replace(TERMS.retry, jitter=False))),
    JOB_STARTED,
)

PASTS: Final[dict[str, Log]] = {
    "before the first": SCHEDULED,
    "while it waits": (*STARTED, JOB_RETRIED),
    "in the next": AGAIN,
    "in the next but one": LAST_TRY,
    "after a crash": AFTER_CRASH,
    "in the next, asked to cancel": (*AGAIN, CANCEL_ASKED),
    "when the next is done": (*AGAIN, replace(JOB_DONE, attempt=2)),
    "of a dead letter": DEAD,
    "in the next life": NEW_LIFE,
    "of a cancelled job": CANCELLED,
}
"""Where the first attempt doesn't hold the job."""

FAIL_2: Final = replace(FAIL, token=Token(2, OTHER_RUNNER))
FAIL_3: Final = replace(FAIL, token=Token(3, RUNNER))
FAIL_4: Final = replace(FAIL, token=Token(4, RUNNER))
EXPIRE_2: Final = replace(EXPIRE, token=Token(2, RUNNER))
REPORTS: Final[tuple[Report, ...]] = (COMPLETE, FAIL, SNOOZE, RELEASE, EXPIRE)

OTHERWISE: Final = replace(SCHEDULE, terms=replace(TERMS, payload=OTHER_PAYLOAD))
"""The same id, with another payload."""


def not_found() -> Iterator[Row]:
    for command in (CLAIM, *REPORTS, CANCEL, RESCHEDULE, REDRIVE, ERASE):
        yield Row(f"a job that isn't there is not found by {type(command).__name__}", ABSENT, command, NotFound(JOB))


def scheduled_again() -> Iterator[Row]:
    """Scheduling is safe to repeat, whatever became of the job."""
    own_key = replace(SCHEDULE, holder=KeyHolder(JOB, PAYLOAD.hash))
    for state, log in LOGS.items():
        yield Row(f"a {state} job that is scheduled again is already so", log, SCHEDULE, ())
        yield Row(f"a {state} job that holds its own key is already so", log, own_key, ())
        yield Row(f"a {state} job can't have another payload", log, OTHERWISE, JidTaken(JOB))


def wrong_state(sentence: str, command: Command, *states: StateName) -> Iterator[Row]:
    for state in states:
        yield Row(f"{sentence}, not a {state} one", LOGS[state], command, WrongState(JOB, state))


def lease_lost() -> Iterator[Row]:
    """Fencing: who doesn't hold the attempt isn't heard, whatever it reports."""
    for report in REPORTS:
        name = type(report).__name__
        stranger, nobody = replace(report, token=STRANGER), replace(report, token=Token(2, RUNNER))
        for state, log in LOGS.items():
            yield Row(f"{name} by a stranger isn't heard of a {state} job", log, stranger, LeaseLost(JOB, 1))
            yield Row(f"{name} of no attempt isn't heard of a {state} job", log, nobody, LeaseLost(JOB, 2))
        for when, log in PASTS.items():
            yield Row(f"{name} of the first attempt isn't heard {when}", log, report, LeaseLost(JOB, 1))


def died(reason: Reason, *, attempt: int = 1) -> Log:
    """It is dead of FAULT."""
    return (JobDied(NOW, attempt, reason, FAULT),)


def retried(delay: int, *, attempt: int = 1) -> Log:
    """It runs again so many microseconds from NOW."""
    return (JobRetried(NOW, attempt, FAULT, Instant(NOW + delay)),)


SENTENCE: Final = attrgetter("sentence")

ROWS: Final = (
    *not_found(),
    # Schedule
    Row("a new job is scheduled", ABSENT, SCHEDULE, (JOB_SCHEDULED,)),
    Row(
        "a new job whose key has a job with its payload is already so",
        ABSENT,
        replace(SCHEDULE, holder=KeyHolder(OTHER_JOB, PAYLOAD.hash)),
        (),
    ),
    Row(
        "a new job whose key has a job with another payload is refused",
        ABSENT,
        replace(SCHEDULE, holder=KeyHolder(OTHER_JOB, OTHER_PAYLOAD.hash)),
        KeyTaken(KEY, OTHER_JOB),
    ),
    Row(
        "a new job without a key needs no other's leave",
        ABSENT,
        replace(SCHEDULE, terms=replace(TERMS, key=None), holder=KeyHolder(OTHER_JOB, OTHER_PAYLOAD.hash)),
        (replace(JOB_SCHEDULED, terms=replace(TERMS, key=None)),),
    ),
    *scheduled_again(),
    # Claim
    Row("a due job is started", SCHEDULED, CLAIM, (JOB_STARTED,)),
    Row("a job is started long after it was due", SCHEDULED, replace(CLAIM, due_by=LATER), (JOB_STARTED,)),
    Row("a job waits until it is due", SCHEDULED, replace(CLAIM, due_by=Instant(DUE - 1)), NotDue(JOB, DUE)),
    Row("a retried job waits until it is due", (*STARTED, JOB_RETRIED), CLAIM, NotDue(JOB, JOB_RETRIED.due)),
    Row(
        "a redriven job counts its attempts on",
        (*DEAD, JOB_REDRIVEN),
        replace(CLAIM, due_by=LATER),
        (JobStarted(CLAIMED, 2, RUNNER),),
    ),
    *wrong_state("a waiting job can be claimed", CLAIM, "started", "cancelling", "done", "dead", "cancelled"),
    # Reports
    *lease_lost(),
    Row("a completed job is done", STARTED, COMPLETE, (JOB_DONE,)),
    Row("a completed job is done, though asked to cancel", CANCELLING, COMPLETE, (JOB_DONE,)),
    Row("a completion may be reported again", DONE, COMPLETE, ()),
    *(Row(f"what is done can't end by {type(r).__name__}", DONE, r, LeaseLost(JOB, 1)) for r in REPORTS[1:]),
    Row("a failed job is retried", STARTED, FAIL, (JOB_RETRIED,)),
    Row("the delay is drawn from nothing", STARTED, replace(FAIL, noise=0.0), retried(0)),
    Row("the delay without jitter ignores the dice", NO_JITTER, FAIL, retried(SECOND)),
    Row("the delay grows", AGAIN, FAIL_2, retried(SECOND, attempt=2)),
    Row("a redriven job has its retries again", NEW_LIFE, FAIL_4, retried(500_000, attempt=4)),
    Row("the handler may say the delay", STARTED, replace(FAIL, retry_in=Span(7)), retried(7)),
    Row("the handler may want no delay", STARTED, replace(FAIL, retry_in=Span(0)), retried(0)),
    Row("no delay passes the year 9999", STARTED, replace(FAIL, retry_in=Span(LAST)), retried(LAST - NOW)),
    Row("the first failure is final without retries", NO_RETRIES, FAIL, died("RetriesUsedUp")),
    Row("the retries are used up", LAST_TRY, FAIL_3, died("RetriesUsedUp", attempt=3)),
    Row(
        "no retry is left for a delay that the handler says",
        LAST_TRY,
        replace(FAIL_3, retry_in=SECOND),
        died("RetriesUsedUp", attempt=3),
    ),
    Row("a permanent failure is final", STARTED, replace(FAIL, verdict="permanent"), died("Permanent")),
    Row(
        "a permanent failure has no delay",
        STARTED,
        replace(FAIL, verdict="permanent", retry_in=SECOND),
        died("Permanent"),
    ),
    Row("an unreadable payload is final", STARTED, replace(FAIL, verdict="undecodable"), died("Undecodable")),
    Row(
        "the policy gives up on a subclass",
        STARTED,
        replace(FAIL, fault=FINAL_FAULT),
        (JobDied(NOW, 1, "Permanent", FINAL_FAULT),),
    ),
    Row("a failed job is cancelled, if asked to", CANCELLING, FAIL, (JobCancelled(NOW, "failed", FAULT),)),
    Row("a snoozed job waits", STARTED, SNOOZE, (JOB_SNOOZED,)),
    Row("a snoozed job is cancelled, if asked to", CANCELLING, SNOOZE, (JobCancelled(NOW, "snoozed"),)),
    Row("a released job waits", STARTED, RELEASE, (JOB_RELEASED,)),
    Row("a released job is cancelled, if asked to", CANCELLING, RELEASE, (JobCancelled(NOW, "released"),)),
    Row("a job whose runner is gone runs again at once", STARTED, EXPIRE, (JOB_CRASHED,)),
    Row(
        "a job that kills its runners is poison",
        AFTER_CRASH,
        EXPIRE_2,
        (JobCrashed(NOW, 2, EXPIRE.because), JobDied(NOW, 2, "Poison")),
    ),
    Row(
        "a job that may not crash is poison at once",
        NO_CRASHES,
        EXPIRE,
        (replace(JOB_CRASHED, due=None), JobDied(NOW, 1, "Poison")),
    ),
    Row(
        "a failure isn't a crash",
        AGAIN,
        replace(EXPIRE, token=Token(2, OTHER_RUNNER)),
        (replace(JOB_CRASHED, attempt=2),),
    ),
    Row("a crash isn't a failure", AFTER_CRASH, replace(FAIL, token=EXPIRE_2.token), retried(500_000, attempt=2)),
    Row(
        "a job whose runner is gone is cancelled, if asked to",
        CANCELLING,
        EXPIRE,
        (replace(JOB_CRASHED, due=None), JobCancelled(NOW, "crashed")),
    ),
    # Cancel
    Row("a waiting job is cancelled", SCHEDULED, CANCEL, (JOB_CANCELLED,)),
    Row("a running job is asked to end", STARTED, CANCEL, (CANCEL_ASKED,)),
    Row("a job that was asked to end isn't asked again", CANCELLING, CANCEL, ()),
    Row("a dead letter is cancelled", DEAD, CANCEL, (JobCancelled(NOW, "dead"),)),
    Row("a cancelled job is already so", CANCELLED, CANCEL, ()),
    *wrong_state("a job that isn't done can be cancelled", CANCEL, "done"),
    # Reschedule
    Row("a waiting job is rescheduled", SCHEDULED, RESCHEDULE, (JOB_RESCHEDULED,)),
    Row("a new priority leaves the due time", SCHEDULED, replace(RESCHEDULE, due=None), (JobRescheduled(NOW, DUE, 5),)),
    Row(
        "a new due time leaves the priority",
        SCHEDULED,
        replace(RESCHEDULE, priority=None),
        (JobRescheduled(NOW, LATER, 0),),
    ),
    Row("a job may be due in the past", SCHEDULED, replace(RESCHEDULE, due=EARLY), (JobRescheduled(NOW, EARLY, 5),)),
    Row("no change is already so", SCHEDULED, replace(RESCHEDULE, due=None, priority=None), ()),
    Row("the same again is already so", (*SCHEDULED, JOB_RESCHEDULED), RESCHEDULE, ()),
    *wrong_state("a waiting job can be rescheduled", RESCHEDULE, "started", "cancelling", "done", "dead", "cancelled"),
    # Redrive
    Row("a dead letter gets a new life", DEAD, REDRIVE, (JOB_REDRIVEN,)),
    *wrong_state("a dead job can be redriven", REDRIVE, "scheduled", "started", "cancelling", "done", "cancelled"),
    # Erase
    Row("the payload of a job that is done is erased", DONE, ERASE, (PAYLOAD_ERASED,)),
    Row("the payload of a dead letter is erased", DEAD, ERASE, (PAYLOAD_ERASED,)),
    Row("the payload of a cancelled job is erased", CANCELLED, ERASE, (PAYLOAD_ERASED,)),
    *(
        Row(f"what is erased already is erased, {name}", state, replace(ERASE, is_erased=True), ())
        for name, state in {"done": DONE, "dead": DEAD, "cancelled": CANCELLED}.items()
    ),
    *wrong_state("the payload of a job that is over is erased", ERASE, "scheduled", "started", "cancelling"),
)


@pytest.mark.parametrize("row", ROWS, ids=SENTENCE)
def test_decide_answers_as_the_table_says(row: Row) -> None:
    expected = Success(row.then) if isinstance(row.then, tuple) else Failure(row.then)

    assert expected == decide(row.when, fold(row.given))


@pytest.mark.parametrize("row", [row for row in ROWS if isinstance(row.then, tuple)], ids=SENTENCE)
def test_evolve_leads_to_the_fold_of_all_events(row: Row) -> None:
    assert isinstance(row.then, tuple)

    expected = fold((*row.given, *row.then))

    assert expected == reduce(evolve, row.then, fold(row.given))


def test_every_command_has_a_row_for_every_state() -> None:
    rows = {(type(row.when), type(fold(row.given))) for row in ROWS}

    missing = [
        f"{command.__name__} of {state.__name__}"
        for command, state in product(get_args(Command), get_args(JobState))
        if (command, state) not in rows
    ]

    assert not missing
