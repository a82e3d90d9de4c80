"""Log rows: what `rows` does for jobs, for the events of the log; their columns are in the order of `_EVENT`."""

from typing import Any

import apsw

from adc.codec.events import StoredEvent, UnreadableEvent, decode_database_event, decode_event
from adc.codec.timed import with_time
from adc.core.database import AnyEvent, DatabaseEvent
from adc.core.ids import DATABASE, Xid
from adc.core.transition import Recorded
from adc.stores.sqlite.rows import Bindings
from adc.stores.sqlite.shapes import EVENT, Misshapen, damaged, shaped


def recorded(connection: apsw.Connection, query: str, bindings: Bindings) -> tuple[Recorded, ...]:
    """The events of jobs that a query finds."""
    return tuple(_recorded(*_event(row)) for row in _fetch(connection, query, bindings))


def database_recorded(
    connection: apsw.Connection, query: str, bindings: Bindings
) -> tuple[Recorded[DatabaseEvent], ...]:
    """The events of the database that a query finds."""
    return tuple(_database_recorded(*_event(row)) for row in _fetch(connection, query, bindings))


def any_recorded_or_why(
    connection: apsw.Connection, query: str, bindings: Bindings
) -> tuple[Recorded[AnyEvent] | UnreadableEvent, ...]:
    """The events, of jobs and of the database, that a query finds; those that can't be read, as why."""
    return tuple(_any_recorded_or_why(row) for row in _fetch(connection, query, bindings))


def _fetch(connection: apsw.Connection, query: str, bindings: Bindings) -> list[tuple[Any, ...]]:
    """All rows at once: an open cursor would keep its lock. What the Any is, `shaped` says."""
    return connection.execute(query, bindings).fetchall()


def _event(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same row; raises DamagedEvent if it isn't of the shape of events."""
    try:
        (fit,) = shaped((row,), EVENT)
    except Misshapen as misshapen:
        seq, jid, version, *_ = row
        raise damaged(seq, jid, version, misshapen) from misshapen
    return fit


def _any_recorded_or_why(row: tuple[Any, ...]) -> Recorded[AnyEvent] | UnreadableEvent:
    _, jid, _, at, kind, kind_version, actor, cause, data, _ = _event(row)
    try:
        return _database_recorded(*row) if jid == DATABASE else _recorded(*row)
    except UnreadableEvent as unreadable:
        unreadable.stored = StoredEvent(kind, kind_version, actor, cause, with_time(at, data))
        return unreadable


def _recorded(
    seq: int,
    jid: str,
    version: int,
    at: int,
    kind: str,
    kind_version: int,
    actor: str,
    cause: str | None,
    data: str,
    digest: bytes,
) -> Recorded:
    event = decode_event(Xid(jid), seq, version, kind, kind_version, with_time(at, data))
    return Recorded(seq, Xid(jid), version, actor, cause, digest, event)


def _database_recorded(
    seq: int,
    _: str,
    version: int,
    at: int,
    kind: str,
    kind_version: int,
    actor: str,
    cause: str | None,
    data: str,
    digest: bytes,
) -> Recorded[DatabaseEvent]:
    event = decode_database_event(seq, version, kind, kind_version, with_time(at, data))
    return Recorded(seq, DATABASE, version, actor, cause, digest, event)
