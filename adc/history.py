"""History: what happened, and which states that led to: of one job, up to any moment; of the whole log, by pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct

from adc.codec.events import UnreadableEvent
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
from adc.core.evolve import ImpossibleHistory, evolve, fold
from adc.core.ids import DATABASE, Xid
from adc.core.instants import Instant
from adc.core.states import Absent, JobState, StateName, state_name
from adc.core.transition import Recorded, Snapshot
from adc.ports.store import Store
from adc.ports.trouble import LogPruned

Gaps: TypeAlias = Literal["refuse", "skip"]
"""What to do where events were pruned: say so, or go on behind them."""


class Told(Struct, frozen=True):
    """An event, and its job's state after it; None: it is of no job, or can't follow those before it."""

    recorded: Recorded[AnyEvent]
    state: StateName | None


def told(history: Sequence[Recorded]) -> tuple[Told, ...]:
    """A job's whole history, with its states."""
    return tuple(Told(recorded, state) for recorded, state in zip(history, _names(history), strict=True))


def as_of(jid: Xid, history: Sequence[Recorded], version: int) -> Snapshot:
    """The job as it was after so many events, at least one; raises ImpossibleHistory for those of a damaged log."""
    first, last = history[0], history[version - 1]
    return Snapshot(jid, fold(each.event for each in history[:version]), first.seq, version, last.digest)


def version_at(history: Sequence[Recorded], moment: Instant) -> int:
    """How many events had happened at a moment: all before the first one that is later, should a clock be set back."""
    return next((each.version - 1 for each in history if each.event.at > moment), len(history))


def page(store: Store, after: int, limit: int, gaps: Gaps = "refuse") -> tuple[Told, ...]:
    """So many events behind a place in the log, fewer before one that is missing or can't be read.

    Raises LogPruned or UnreadableEvent if that is the first one, and ValueError for a place behind the log's end.
    """
    last = store.last_seq()  # before the page: others may append meanwhile
    if after > last:
        raise ValueError(f"expected a place in the log, at most {last}, got {after}: is it the same file?")
    found = store.events(after, limit)
    first = found[0] if found else None
    next_seq = last + 1 if first is None else first.seq
    if gaps == "refuse" and next_seq > after + 1:
        raise LogPruned(after, next_seq)
    if isinstance(first, UnreadableEvent):
        raise first
    kept = found if gaps == "skip" else _unbroken(found, after)
    return tuple(_told_from(store, _readable(kept)))


def state_after(event: AnyEvent) -> StateName | None:
    """The state that an event leads to, whatever was before it; None: that is for the events before it to say."""
    match event:
        case JobScheduled() | JobRetried() | JobSnoozed() | JobReleased() | JobRescheduled() | JobRedriven():
            return "scheduled"
        case JobStarted():
            return "started"
        case CancelAsked():
            return "cancelling"
        case JobDone():
            return "done"
        case JobDied():
            return "dead"
        case JobCancelled():
            return "cancelled"
        case JobCrashed(due=due):
            return None if due is None else "scheduled"
        case PayloadErased() | QueuePaused() | QueueResumed() | Pruned():
            return None
        case _:
            assert_never(event)


def _names(history: Iterable[Recorded]) -> Iterator[StateName | None]:
    """From where the log is damaged on there are none: the events can be read all the same."""
    state: JobState | None = Absent()
    for recorded in history:
        try:
            state = None if state is None else evolve(state, recorded.event)
        except ImpossibleHistory:
            state = None
        yield None if state is None or isinstance(state, Absent) else state_name(state)


def _told_from(store: Store, found: Iterable[Recorded[AnyEvent]]) -> Iterator[Told]:
    """Few events need the history of their job. If it was pruned since, nobody can say: the page ends before it."""
    for recorded in found:
        state = state_after(recorded.event)
        if state is None and recorded.jid != DATABASE:
            states = _states_of(store, recorded.jid)
            if states is not None and recorded.seq not in states:
                return
            state = None if states is None else states[recorded.seq]
        yield Told(recorded, state)


def _states_of(store: Store, jid: Xid) -> Mapping[int, StateName | None] | None:
    """A job's states, by the places of the events that led to them; None: some of its events can't be read."""
    try:
        return {each.recorded.seq: each.state for each in told(store.history(jid))}
    except UnreadableEvent:
        return None


def _unbroken(
    found: Iterable[Recorded[AnyEvent] | UnreadableEvent], after: int
) -> Iterator[Recorded[AnyEvent] | UnreadableEvent]:
    for place, each in enumerate(found, after + 1):
        if each.seq != place:
            return
        yield each


def _readable(found: Iterable[Recorded[AnyEvent] | UnreadableEvent]) -> Iterator[Recorded[AnyEvent]]:
    for each in found:
        if isinstance(each, UnreadableEvent):
            return
        yield each
