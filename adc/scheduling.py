"""Scheduling: what producers need of a queue, and how new jobs become commands."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from adc.core.commands import Schedule
from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import Refusal
from adc.core.states import Absent
from adc.core.transition import Asked, Transition
from adc.kind import NewJob
from adc.refused import Refused, ScheduleRefused, schedule_refused
from adc.shell import CarriesOut, carry_out


class Queue(Protocol):
    """What producers need: take this as the parameter, and tests can pass a queue in memory."""

    def schedule(self, job: NewJob, /) -> Xid:
        """Store a job; once this returns it is not lost. Gives its id, or that of the job that has its key and payload.

        Raises Refused for a key or an id that is taken with another payload, and a StoreTrouble when the file can't be
        written. To schedule the same NewJob again is always safe: it is stored once.
        """
        ...

    def schedule_in(self, job: NewJob, delay: timedelta, /) -> Xid:
        """`schedule`, due after a delay; a negative one is a ValueError."""
        ...

    def schedule_at(self, job: NewJob, due: datetime, /) -> Xid:
        """`schedule`, due at a moment; a datetime without a zone is a ValueError.

        One in the past is due at once, and before jobs of its priority that were due later.
        """
        ...

    def schedule_many(self, jobs: Iterable[NewJob], /) -> tuple[Xid, ...]:
        """Store all of the jobs, in one transaction, or none: the first refusal is raised as Refused."""
        ...

    def try_schedule(self, job: NewJob, /) -> Outcome[Xid, ScheduleRefused]:
        """`schedule`, with a refusal as a value. To drop the value is to drop the job: no checker sees it."""
        ...


def schedule_all(
    writing: CarriesOut, jobs: Sequence[tuple[NewJob, str | None]], *, now: Instant, actor: str, are_new: bool = False
) -> list[Outcome[Xid, ScheduleRefused]]:
    """What came of each job, with its cause, in order. `are_new` as in `carry_out`."""
    asked = [
        Asked(Schedule(job.jid, now, job.terms, job.due_from(now)), actor, cause, job.encoded) for job, cause in jobs
    ]
    outcomes = carry_out(writing, asked, are_new=are_new)
    return [_scheduled(writing, job, outcome) for (job, _), outcome in zip(jobs, outcomes, strict=True)]


def _scheduled(
    writing: CarriesOut, job: NewJob, outcome: Outcome[Transition, Refusal]
) -> Outcome[Xid, ScheduleRefused]:
    if not isinstance(outcome, Success):  # for each job: a match takes four times as long
        return Failure(schedule_refused(outcome.failure()))
    already = isinstance(outcome.unwrap().after, Absent)  # nothing happened: its key has a job with this payload
    return Success(_key_holder(writing, job) if already else job.jid)


def _key_holder(writing: CarriesOut, job: NewJob) -> Xid:
    holder = writing.holder(job.kind.name, job.key or "")
    assert holder is not None
    return holder.jid


def jid_or_raise(job: NewJob, outcome: Outcome[Xid, ScheduleRefused]) -> Xid:
    """What `schedule` gives, or raises as Refused."""
    if isinstance(outcome, Success):
        return outcome.unwrap()
    raise Refused(job.jid, outcome.failure())
