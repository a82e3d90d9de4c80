"""Samples: one of each, for tables over all commands, states and events. They tell the life of one job.

`MORE_COMMANDS` and `MORE_STATES` have what else it takes to hear every answer that `decide` can give.
"""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from adc.core.commands import (
    Cancel,
    Claim,
    Command,
    Complete,
    Erase,
    Expire,
    Fail,
    KeyHolder,
    Redrive,
    Release,
    Reschedule,
    Schedule,
    Snooze,
)
from adc.core.events import (
    CancelAsked,
    Event,
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
from adc.core.ids import DATABASE, RunnerId, Xid
from adc.core.instants import SECOND, Instant
from adc.core.retry import NEVER, exponential
from adc.core.states import Absent, Cancelled, Cancelling, Dead, Done, JobState, Scheduled, Started
from adc.core.terms import Body, Fault, Tally, Terms, Token

JOB: Final = Xid("d5k7nc8v2q0g0a1m5j60")
OTHER_JOB: Final = Xid("d5k7nc8v2q0g0a1m5j6g")
RUNNER: Final = RunnerId("d5k7nc8v2q0g0a1m5j70")
OTHER_RUNNER: Final = RunnerId("d5k7nc8v2q0g0a1m5j7g")

EARLY: Final = Instant(1_800_000_000_000_000)
"""When the job is scheduled: 2027-01-15 08:00 UTC."""
DUE: Final = Instant(EARLY + 60 * SECOND)
CLAIMED: Final = Instant(DUE + SECOND)
"""When its first attempt begins."""
NOW: Final = Instant(CLAIMED + 10 * SECOND)
"""When anything else is asked."""
LATER: Final = Instant(NOW + 3600 * SECOND)
"""When it is to run again."""

KEY: Final = "order-7"
TOKEN: Final = Token(1, RUNNER)
TALLY: Final = Tally(attempt=1)
RESULT: Final = Body("00000000000000000000000000000e57", 4)
PAYLOAD: Final = Body("0000000000000000000000000000007a", 30)
OTHER_PAYLOAD: Final = Body("0000000000000000000000000000007b", 31)
FAULT: Final = Fault(("builtins.ValueError", "builtins.Exception"), "no such address")
FINAL_FAULT: Final = Fault(("builtins.KeyError", "builtins.LookupError", "builtins.Exception"), "7")
"""Its base class is one that the retry policy gives up on."""
TERMS: Final = Terms(
    "invoice",
    PAYLOAD,
    retry=exponential(timedelta(seconds=1), max_retries=2, give_up_on=LookupError),
    max_crashes=2,
    key=KEY,
)

# States

ABSENT: Final = Absent()
SCHEDULED: Final = Scheduled(TERMS, Tally(), DUE)
STARTED: Final = Started(TERMS, TALLY, TOKEN, CLAIMED)
CANCELLING: Final = Cancelling(TERMS, TALLY, TOKEN, CLAIMED, NOW)
DONE: Final = Done(TERMS, TALLY, TOKEN, NOW)
DEAD: Final = Dead(TERMS, TALLY, "Permanent", NOW)
CANCELLED: Final = Cancelled(TERMS, Tally(), NOW)
LAST_CHANCE: Final = replace(STARTED, terms=replace(TERMS, retry=NEVER, max_crashes=1))
"""No retry is left, and one crash makes it poison."""

STATES: Final[tuple[JobState, ...]] = (ABSENT, SCHEDULED, STARTED, CANCELLING, DONE, DEAD, CANCELLED)
MORE_STATES: Final[tuple[JobState, ...]] = (LAST_CHANCE,)

# Commands

SCHEDULE: Final = Schedule(JOB, EARLY, TERMS, DUE)
CLAIM: Final = Claim(JOB, CLAIMED, RUNNER, due_by=DUE)
COMPLETE: Final = Complete(JOB, NOW, TOKEN, RESULT)
FAIL: Final = Fail(JOB, NOW, TOKEN, FAULT, noise=0.5)
SNOOZE: Final = Snooze(JOB, NOW, TOKEN, LATER)
RELEASE: Final = Release(JOB, NOW, TOKEN, "shutdown", LATER)
EXPIRE: Final = Expire(JOB, NOW, TOKEN, "its process is gone")
CANCEL: Final = Cancel(JOB, NOW)
RESCHEDULE: Final = Reschedule(JOB, NOW, LATER, priority=5)
REDRIVE: Final = Redrive(JOB, NOW, LATER)
ERASE: Final = Erase(JOB, NOW)

STRANGER: Final = Token(1, OTHER_RUNNER)
"""The number of the attempt, from a runner that doesn't hold it."""

COMMANDS: Final[tuple[Command, ...]] = (
    SCHEDULE,
    CLAIM,
    COMPLETE,
    FAIL,
    SNOOZE,
    RELEASE,
    EXPIRE,
    CANCEL,
    RESCHEDULE,
    REDRIVE,
    ERASE,
)
MORE_COMMANDS: Final[tuple[Command, ...]] = (
    replace(SCHEDULE, terms=replace(TERMS, payload=OTHER_PAYLOAD)),
    replace(SCHEDULE, jid=DATABASE),
    replace(SCHEDULE, holder=KeyHolder(OTHER_JOB, PAYLOAD.hash)),
    replace(SCHEDULE, holder=KeyHolder(OTHER_JOB, OTHER_PAYLOAD.hash)),
    replace(CLAIM, due_by=EARLY),
    replace(FAIL, verdict="permanent"),
    replace(FAIL, verdict="undecodable"),
    replace(FAIL, fault=FINAL_FAULT),
    replace(RESCHEDULE, due=None, priority=None),
    replace(ERASE, is_erased=True),
    *(replace(report, token=STRANGER) for report in (COMPLETE, FAIL, SNOOZE, RELEASE, EXPIRE)),
)

# Events

JOB_SCHEDULED: Final = JobScheduled(EARLY, TERMS, DUE)
JOB_STARTED: Final = JobStarted(CLAIMED, 1, RUNNER)
JOB_DONE: Final = JobDone(NOW, 1, RESULT)
JOB_RETRIED: Final = JobRetried(NOW, 1, FAULT, Instant(NOW + SECOND // 2))
JOB_DIED: Final = JobDied(NOW, 1, "Permanent", FAULT)
JOB_SNOOZED: Final = JobSnoozed(NOW, 1, LATER)
JOB_RELEASED: Final = JobReleased(NOW, 1, "shutdown", LATER)
JOB_CRASHED: Final = JobCrashed(NOW, 1, "its process is gone", due=NOW)
CANCEL_ASKED: Final = CancelAsked(NOW)
JOB_CANCELLED: Final = JobCancelled(NOW, "waiting")
JOB_RESCHEDULED: Final = JobRescheduled(NOW, LATER, 5)
JOB_REDRIVEN: Final = JobRedriven(NOW, LATER)
PAYLOAD_ERASED: Final = PayloadErased(NOW)

EVENTS: Final[tuple[Event, ...]] = (
    JOB_SCHEDULED,
    JOB_STARTED,
    JOB_DONE,
    JOB_RETRIED,
    JOB_DIED,
    JOB_SNOOZED,
    JOB_RELEASED,
    JOB_CRASHED,
    CANCEL_ASKED,
    JOB_CANCELLED,
    JOB_RESCHEDULED,
    JOB_REDRIVEN,
    PAYLOAD_ERASED,
)
