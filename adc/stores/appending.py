"""Appending: what a store writes for a transition, the same in every store."""

from collections.abc import Iterator

from msgspec import Struct

from adc.codec.events import TYPE_VERSION, digest, encode_event
from adc.core.transition import Recorded, Snapshot, Transition


class Entry(Struct, frozen=True):
    """One event, ready for the log."""

    recorded: Recorded
    type_version: int
    stored: str
    body: bytes | None


def entries(transition: Transition, seq: int) -> Iterator[Entry]:
    """The log entries of a transition, numbered from `seq`, each chained to the one before it."""
    before, actor, cause = transition.before, transition.actor, transition.cause
    jid, head, body = before.jid, before.head, transition.body
    for version, event in enumerate(transition.events, before.version + 1):
        stored = encode_event(event)
        head = digest(head, jid, version, type(event).__name__, TYPE_VERSION, actor, cause, stored)
        yield Entry(Recorded(seq, jid, version, actor, cause, head, event), TYPE_VERSION, stored, body)
        seq, body = seq + 1, None


def applied(transition: Transition, last: Recorded) -> Snapshot:
    """The job after the transition whose last entry this is."""
    before = transition.before
    seq = before.seq or last.seq - len(transition.events) + 1
    return Snapshot(before.jid, transition.after, seq, last.version, last.digest)
