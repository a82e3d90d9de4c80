"""Reading: what people see of jobs and of the log."""

from collections.abc import Mapping
from datetime import datetime
from typing import final

from msgspec import MsgspecError, Struct, convert, to_builtins
from msgspec.json import decode

from adc.codec.events import UnknownEvent
from adc.core.database import AnyEvent
from adc.core.ids import Xid
from adc.core.instants import Instant, datetime_of
from adc.core.states import Absent, Cancelled, Dead, Done, Reason, Scheduled, StateName, state_name
from adc.core.transition import Recorded, Snapshot


@final
class JobRow(Struct, frozen=True):
    """A job in a list. `due` is None unless it waits, `ended` unless it is over or dead, `reason` unless it is dead."""

    jid: Xid
    kind: str
    queue: str
    state: StateName
    priority: int
    attempt: int
    """How often it was started."""
    retries: int
    due: datetime | None
    """When it runs, at the earliest; None unless it waits."""
    ended: datetime | None
    """When it was done, cancelled or died; None: it isn't over."""
    reason: Reason | None
    """Why it is dead; None unless it is."""
    key: str | None


@final
class LogEntry(Struct, frozen=True):
    """One event in the log: `seq` is its place in the whole log, `version` its 1-based place in its job's history.

    `state` is the job's after the event. `data` is what else the event says; times and lengths in it are whole
    microseconds (times since 1970, UTC). An event of the database itself, such as QueuePaused, is of no job: its jid is
    20 zeros, and its state None.
    """

    seq: int
    """Its place in the log of all jobs."""
    jid: Xid
    version: int
    """Its place in the job's history, 1-based."""
    at: datetime
    type: str
    """What happened, such as `JobRetried`."""
    state: StateName | None
    """The job's state after it; None: the event is of no job, or can't follow those before it, as in a damaged log."""
    actor: str
    """Which runner, command line or caller."""
    cause: str | None
    """What made them do it: `job:<jid>#<version>`, an event, or `request:<text>`; None: nothing that adc knows of."""
    data: Mapping[str, object]
    """What else the event says; times and delays in it are whole microseconds (since 1970, UTC)."""


def job_row(job: Snapshot) -> JobRow:
    """A job for a list; it must not be absent."""
    state = job.state
    assert not isinstance(state, Absent)
    terms, tally = state.terms, state.tally
    return JobRow(
        jid=job.jid,
        kind=terms.kind,
        queue=terms.queue,
        state=state_name(state),
        priority=terms.priority,
        attempt=tally.attempt,
        retries=tally.retries,
        due=datetime_of(state.due) if isinstance(state, Scheduled) else None,
        ended=datetime_of(state.at) if isinstance(state, Done | Dead | Cancelled) else None,
        reason=state.reason if isinstance(state, Dead) else None,
        key=terms.key,
    )


def raw_entry(unknown: UnknownEvent) -> LogEntry:
    """An event of a later adc, as it is stored; raises it if even that says nothing."""
    stored = unknown.stored
    if stored is None:
        raise unknown
    try:
        said = decode(stored.data, type=dict[str, object])
        at = datetime_of(Instant(convert(said.pop("at"), int)))
    except (MsgspecError, KeyError, OverflowError, RecursionError) as error:
        raise unknown from error
    return LogEntry(
        seq=unknown.seq,
        jid=unknown.jid,
        version=unknown.version,
        at=at,
        type=stored.type,
        state=None,
        actor=stored.actor,
        cause=stored.cause,
        data=said,
    )


def log_entry(recorded: Recorded[AnyEvent], state: StateName | None) -> LogEntry:
    """An event for people, with its job's state after it."""
    event = recorded.event
    said: dict[str, object] = to_builtins(event)
    said.pop("at")
    return LogEntry(
        seq=recorded.seq,
        jid=recorded.jid,
        version=recorded.version,
        at=datetime_of(Instant(event.at)),
        type=type(event).__name__,
        state=state,
        actor=recorded.actor,
        cause=recorded.cause,
        data=said,
    )
