"""Life: all that is known of one job, gathered from its state, its history and its stored bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adc.cli.ending import Complaint
from adc.core.events import JobCancelled, JobDied, JobDone, JobRetried
from adc.core.ids import Xid
from adc.core.instants import datetime_of
from adc.core.states import Absent
from adc.core.terms import Fault, Tally, Terms
from adc.core.transition import Recorded
from adc.queue import SqliteQueue
from adc.reading import JobRow, job_row


@dataclass(frozen=True)
class Life:
    """One job."""

    row: JobRow
    terms: Terms
    tally: Tally
    scheduled_at: datetime
    changed_at: datetime
    """When its last event happened."""
    payload: bytes | None
    """None: it was erased."""
    result: bytes | None
    """None: it has none, or it was erased."""
    fault: Fault | None
    """What went wrong last, be it long ago; None: nothing did."""


@dataclass(frozen=True)
class DeadLetter:
    """A dead job, and what went wrong."""

    row: JobRow
    died_at: datetime
    fault: Fault | None
    """None: nothing was told, as when its runners died."""


def letter_of(queue: SqliteQueue, row: JobRow) -> DeadLetter:
    """What is known of a dead letter."""
    assert row.ended is not None
    return DeadLetter(row, row.ended, last_fault(history_of(queue, row.jid)))


def life_of(queue: SqliteQueue, jid: Xid) -> Life:
    """All that is known of a job; a Complaint if nothing is."""
    history = history_of(queue, jid)
    job = queue.store.load((jid,))[jid]
    assert not isinstance(job.state, Absent)
    done = next((entry.version for entry in reversed(history) if isinstance(entry.event, JobDone)), None)
    return Life(
        row=job_row(job),
        terms=job.state.terms,
        tally=job.state.tally,
        scheduled_at=datetime_of(history[0].event.at),
        changed_at=datetime_of(history[-1].event.at),
        payload=queue.store.body(jid, 1),
        result=None if done is None else queue.store.body(jid, done),
        fault=last_fault(history),
    )


def history_of(queue: SqliteQueue, jid: Xid) -> Sequence[Recorded]:
    """All that happened to a job; a Complaint if nothing is known of it."""
    history = queue.store.history(jid)
    if not history:
        raise unknown(jid)
    return history


def last_fault(history: Sequence[Recorded]) -> Fault | None:
    """What went wrong last."""
    for recorded in reversed(history):
        match recorded.event:
            case JobRetried(fault=fault):
                return fault
            case JobDied(fault=Fault() as fault) | JobCancelled(fault=Fault() as fault):
                return fault
            case _:
                pass
    return None


def unknown(jid: Xid) -> Complaint:
    """What to say of an id that no job has."""
    return Complaint(f"no job has the id {jid}")
