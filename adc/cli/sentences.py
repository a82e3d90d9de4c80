"""Sentences: what an event says beyond its name, in a few words for people."""

from datetime import datetime
from typing import Final, assert_never

from adc.cli.times import relative, stamp
from adc.codec.events import body_of
from adc.core.database import AnyEvent, Pruned, QueuePaused, QueueResumed
from adc.core.events import (
    CancelAsked,
    How,
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
from adc.core.instants import Instant, datetime_of
from adc.core.states import Reason
from adc.core.terms import Fault

NOTHING: Final = body_of(b"null")
"""The result of a job that gave None."""


def says(event: AnyEvent) -> str:
    """What it says; empty if its name says it all."""
    match event:
        case JobScheduled(at, terms, due):
            return f"{terms.kind}, {_due(due, at)}"
        case JobDone(result=result):
            return "no result" if result == NOTHING else f"result of {result.size} bytes"
        case JobRetried(at=at, fault=fault, due=due):
            return f"{said_of(fault)}; {_due(due, at, 'again')}"
        case JobDied(reason=reason, fault=fault):
            return reason if fault is None else _with_reason(reason, said_of(fault))
        case JobSnoozed(at=at, due=due):
            return _due(due, at, "again")
        case JobReleased(at=at, why=why, due=due):
            return f"{why}; {_due(due, at, 'again')}"
        case JobCrashed(at=at, because=because, due=due):
            return because if due is None else f"{because}; {_due(due, at, 'again')}"
        case JobCancelled(how=how, fault=fault):
            return _how(how) if fault is None else f"{_how(how)}: {said_of(fault)}"
        case JobRescheduled(at, due, priority):
            return f"{_due(due, at)}, priority {priority}"
        case JobRedriven(at=at, due=due):
            return _due(due, at)
        case QueuePaused(queue=queue) | QueueResumed(queue=queue):
            return queue
        case Pruned(jobs=jobs, events=events, done_before=done_before, archive=archive):
            where = "" if archive is None else f", now in {archive}"
            return f"{jobs} jobs over before {stamp(datetime_of(done_before))}, {events} events{where}"
        case JobStarted() | CancelAsked() | PayloadErased():
            return ""  # the actor of a start is its runner
        case _:
            assert_never(event)


def attempt_of(event: AnyEvent) -> str:
    """The number of the attempt that it is about; empty if it is about none."""
    match event:
        case JobStarted() | JobDone() | JobRetried() | JobDied() | JobSnoozed() | JobReleased() | JobCrashed():
            return str(event.attempt)
        case JobScheduled() | JobCancelled() | JobRescheduled() | JobRedriven() | CancelAsked() | PayloadErased():
            return ""
        case QueuePaused() | QueueResumed() | Pruned():
            return ""
        case _:
            assert_never(event)


def said_of(fault: Fault) -> str:
    """The exception's class, without its module, and its message."""
    name = fault.names[0].rpartition(".")[2] if fault.names else "unknown"
    return f"{name}: {fault.message}" if fault.message else name


def when(moment: datetime, now: datetime) -> str:
    """A moment, relative and absolute."""
    return f"{relative(moment, now)} ({stamp(moment)})"


def _with_reason(reason: Reason, said: str) -> str:
    """A permanent failure is mostly an exception of that name."""
    return said if said.startswith(f"{reason}:") else f"{reason}: {said}"


def _due(due: Instant, at: Instant, word: str = "due") -> str:
    """A due time as seen from the event; one that had passed then means at once."""
    return f"{word} at once" if due <= at else f"{word} {when(datetime_of(due), datetime_of(at))}"


def _how(how: How) -> str:
    match how:
        case "waiting":
            return "while it waited"
        case "dead":
            return "when it was dead"
        case "failed" | "snoozed" | "released" | "crashed":
            return f"its attempt {how}" if how in {"failed", "crashed"} else f"its attempt was {how}"
        case _:
            assert_never(how)
