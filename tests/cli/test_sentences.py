"""What events say to people, one of each."""

from typing import get_args

import pytest

from adc.cli.sentences import attempt_of, says
from adc.cli.work import line_of
from adc.codec.events import body_of
from adc.core.database import AnyEvent, Pruned, QueuePaused, QueueResumed
from adc.core.events import (
    CancelAsked,
    JobCancelled,
    JobCrashed,
    JobDied,
    JobDone,
    JobRedriven,
    JobReleased,
    JobRescheduled,
    JobRetried,
    JobScheduled,
    JobSnoozed,
    JobStarted,
    PayloadErased,
)
from adc.core.refusals import LeaseLost
from adc.running.events import (
    AttemptAbandoned,
    AttemptCancelled,
    EventsDropped,
    Happened,
    ReportRefused,
    RunnerEvent,
    RunnerGone,
    RunnerStarted,
    RunnerStopped,
    RunnerStopping,
    StoreTroubled,
    StruckOff,
    WalGrowing,
)
from adc.testing.samples import DUE, EARLY, EVENTS, FAULT, JOB, LATER, NOW, RESULT, RUNNER, TERMS

SAID: list[tuple[AnyEvent, str]] = [
    (JobScheduled(EARLY, TERMS, DUE), "invoice, due in 1m (2027-01-15T08:01:00.000Z)"),
    (JobScheduled(EARLY, TERMS, EARLY), "invoice, due at once"),
    (JobStarted(NOW, 1, RUNNER), ""),
    (JobDone(NOW, 1, RESULT), "result of 4 bytes"),
    (JobDone(NOW, 1, body_of(b"null")), "no result"),
    (JobRetried(NOW, 1, FAULT, LATER), "ValueError: no such address; again in 1h (2027-01-15T09:01:11.000Z)"),
    (JobDied(NOW, 3, "RetriesUsedUp", FAULT), "RetriesUsedUp: ValueError: no such address"),
    (JobDied(NOW, 3, "Poison"), "Poison"),
    (JobSnoozed(NOW, 1, LATER), "again in 1h (2027-01-15T09:01:11.000Z)"),
    (JobReleased(NOW, 1, "shutdown", NOW), "shutdown; again at once"),
    (JobCrashed(NOW, 1, "its process is gone", LATER), "its process is gone; again in 1h (2027-01-15T09:01:11.000Z)"),
    (JobCrashed(NOW, 1, "its process is gone"), "its process is gone"),
    (CancelAsked(NOW), ""),
    (JobCancelled(NOW, "waiting"), "while it waited"),
    (JobCancelled(NOW, "dead"), "when it was dead"),
    (JobCancelled(NOW, "failed", FAULT), "its attempt failed: ValueError: no such address"),
    (JobCancelled(NOW, "released"), "its attempt was released"),
    (JobRescheduled(NOW, LATER, 5), "due in 1h (2027-01-15T09:01:11.000Z), priority 5"),
    (JobRedriven(NOW, NOW), "due at once"),
    (PayloadErased(NOW), ""),
    (QueuePaused(NOW, "mail"), "mail"),
    (QueueResumed(NOW, "mail"), "mail"),
    (Pruned(NOW, 2, 7, EARLY), "2 jobs over before 2027-01-15T08:00:00.000Z, 7 events"),
    (Pruned(NOW, 2, 7, EARLY, "old.db"), "2 jobs over before 2027-01-15T08:00:00.000Z, 7 events, now in old.db"),
]


@pytest.mark.parametrize(("event", "said"), SAID)
def test_an_event_says(event: AnyEvent, said: str) -> None:
    assert says(event) == said


def test_every_event_has_a_row() -> None:
    assert {type(event) for event, _ in SAID} == set(get_args(AnyEvent))


@pytest.mark.parametrize(
    "event", [*EVENTS, QueuePaused(NOW, "mail"), Pruned(NOW, 2, 7, EARLY)], ids=lambda event: type(event).__name__
)
def test_events_of_an_attempt_have_its_number(event: AnyEvent) -> None:
    assert attempt_of(event) == str(getattr(event, "attempt", ""))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (RunnerStarted(RUNNER), f"runner {RUNNER} started"),
        (
            Happened(JOB, "invoice", JobDone(NOW, 2, RESULT), "runner:x"),
            f"2027-01-15T08:01:11.000Z JobDone {JOB} invoice attempt 2: result of 4 bytes",
        ),
        (
            Happened(JOB, "invoice", JobStarted(NOW, 2, RUNNER), "runner:x"),
            f"2027-01-15T08:01:11.000Z JobStarted {JOB} invoice attempt 2",
        ),
        (
            Happened(JOB, "invoice", JobCancelled(NOW, "failed"), "runner:x"),
            f"2027-01-15T08:01:11.000Z JobCancelled {JOB} invoice: its attempt failed",
        ),
        (
            RunnerStopping(RUNNER, 3),
            f"runner {RUNNER} stops: 3 running jobs may finish; a second signal ends it at once",
        ),
        (
            RunnerStopping(RUNNER, 1),
            f"runner {RUNNER} stops: 1 running job may finish; a second signal ends it at once",
        ),
        (RunnerStopping(RUNNER, 0), f"runner {RUNNER} stops"),
        (RunnerStopped(RUNNER), f"runner {RUNNER} stopped"),
        (AttemptAbandoned(JOB, "invoice", 1, "timeout"), f"attempt 1 of {JOB} invoice was abandoned: timeout"),
        (ReportRefused(JOB, 1, LeaseLost(JOB, 1), "x"), f"attempt 1 of {JOB} changed nothing: LeaseLost"),
        (AttemptCancelled(JOB, "invoice", 1), f"attempt 1 of {JOB} invoice was told that its job is cancelled"),
        (RunnerGone(RUNNER, "died", 1, "x"), f"runner {RUNNER} is gone (died): 1 job that it held expired"),
        (RunnerGone(RUNNER, "silent", 2, "x"), f"runner {RUNNER} is gone (silent): 2 jobs that it held expired"),
        (StruckOff(RUNNER), f"runner {RUNNER} was taken for gone by others, and has enrolled again"),
        (StoreTroubled("jobs.db is locked"), "jobs.db is locked. It is tried again"),
        (
            WalGrowing(70_000_000),
            "the -wal has 70,000,000 bytes and grows: somebody reads how the file was before; adc doctor says who",
        ),
        (EventsDropped(7), "7 lines were dropped: this terminal is too slow"),
    ],
)
def test_a_runner_says(event: RunnerEvent, line: str) -> None:
    assert line_of(event) == line
