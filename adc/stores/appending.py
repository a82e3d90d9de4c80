"""Appending: what a store writes for a transition, the same in every store."""

from typing import Generic

from msgspec import Struct
from typing_extensions import TypeVar

from adc.codec.events import digest, encode_event, type_version_of
from adc.core.database import AnyEvent, DatabaseEvent, DatabaseSnapshot, DatabaseTransition
from adc.core.events import Event
from adc.core.ids import DATABASE, Xid
from adc.core.transition import Recorded, Snapshot, Transition, What_co

What = TypeVar("What", bound=AnyEvent)


class Entry(Struct, Generic[What_co], frozen=True, gc=False):
    """One event, ready for the log."""

    recorded: Recorded[What_co]
    type_version: int
    stored: str
    body: bytes | None


def entries(transition: Transition, seq: int) -> list[Entry[Event]]:
    """The log entries of a transition, numbered from `seq`, each chained to the one before it."""
    before = transition.before
    return _chained(transition, transition.events, before.jid, before, transition.body, seq)


def database_entries(transition: DatabaseTransition, seq: int) -> list[Entry[DatabaseEvent]]:
    """The same for the database's own stream."""
    return _chained(transition, transition.events, DATABASE, transition.before, None, seq)


def _chained(
    transition: Transition | DatabaseTransition,
    events: tuple[What, ...],
    jid: Xid,
    before: Snapshot | DatabaseSnapshot,
    body: bytes | None,
    seq: int,
) -> list[Entry[What]]:
    chained: list[Entry[What]] = []
    head, actor, cause = before.head, transition.actor, transition.cause
    for version, event in enumerate(events, before.version + 1):
        stored, type_version = encode_event(event), type_version_of(event)
        head = digest(head, jid, version, type(event).__name__, type_version, actor, cause, stored)
        chained.append(Entry(Recorded(seq, jid, version, actor, cause, head, event), type_version, stored, body))
        seq, body = seq + 1, None
    return chained


def database_applied(transition: DatabaseTransition, last: Recorded[DatabaseEvent]) -> DatabaseSnapshot:
    """The database after the transition whose last entry this is."""
    return DatabaseSnapshot(transition.after, last.version, last.digest)


def applied(transition: Transition, last: Recorded) -> Snapshot:
    """The job after the transition whose last entry this is."""
    before = transition.before
    seq = before.seq or last.seq - len(transition.events) + 1
    return Snapshot(before.jid, transition.after, seq, last.version, last.digest)
