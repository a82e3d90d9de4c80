"""Scanning: rows of a file that may be damaged, one by one: what isn't as its column says is told, and not believed."""

from collections.abc import Generator
from contextlib import suppress
from itertools import product
from types import NoneType
from typing import Any, Final, NamedTuple, TypeAlias

import apsw

from adc.auditing.finding import Finding, Law
from adc.auditing.stored import StoredEvent
from adc.codec.events import UnreadableEvent, decode_database_event
from adc.codec.timed import with_time
from adc.core.database import Pruned
from adc.core.ids import DATABASE, Xid
from adc.stores.sqlite import auditing_queries as queries

Cells: TypeAlias = tuple[Any, ...]  # of a row whose types nobody has checked yet


class StoredJob(NamedTuple):
    """A row of `adc_jobs`, or what it should be; in the order of INSERT_JOB."""

    queue: str
    job_type: str
    payload_version: int
    enqueued_at: int
    jid: Xid
    seq: int
    version: int
    head: bytes
    priority: int
    scheduled_at: int
    started_at: int | None
    attempt: int
    retries: int
    crashes: int
    runner: str | None
    cancel_asked_at: int | None
    died_at: int | None
    reason: str | None


_NOT_UTF_8: Final = "a text in its row isn't UTF-8"

_INT, _TEXT, _BLOB = (int,), (str,), (bytes,)
_INT_OR_NOT, _TEXT_OR_NOT, _BLOB_OR_NOT = (int, NoneType), (str, NoneType), (bytes, NoneType)

_Shapes: TypeAlias = frozenset[tuple[type, ...]]
"""The types that the cells of a row can have; to look one up costs half a microsecond."""

_EVENTS: Final[_Shapes] = frozenset(
    product(
        *(_INT, _TEXT, _INT, _INT, _TEXT, _INT, _TEXT, _TEXT_OR_NOT, _TEXT),
        *(_BLOB_OR_NOT, _TEXT_OR_NOT, _TEXT_OR_NOT, _BLOB),
    )
)
_JOBS: Final[_Shapes] = frozenset(
    product(
        *(_TEXT, _TEXT, _INT, _INT, _TEXT, _INT, _INT, _BLOB, _INT, _INT),
        *(_INT_OR_NOT, _INT, _INT, _INT, _TEXT_OR_NOT, _INT_OR_NOT, _INT_OR_NOT, _TEXT_OR_NOT),
    )
)
_PAUSED: Final[_Shapes] = frozenset({(str, int)})
_PRUNED: Final[_Shapes] = frozenset({(int, int, int, int, str)})
_SEQUENCE: Final[_Shapes] = frozenset({(int,)})
_META: Final[_Shapes] = frozenset({(str, str)})
_SCHEMA: Final[_Shapes] = frozenset({(str, str, str, str), (str, str, str, NoneType)})


def events(connection: apsw.Connection) -> Generator[StoredEvent | Finding, None, None]:
    """All events, job by job, in the order of their versions."""
    last: tuple[object, ...] = ("", 0)
    unread = 0
    for row in _rows(connection, queries.EVENTS_BY_JOB):
        if isinstance(row, UnicodeDecodeError):
            yield _unreadable(connection, (*last, unread))
            unread += 1
            continue
        last, unread = row[1:3], 0
        yield StoredEvent._make(row) if tuple(map(type, row)) in _EVENTS else _ill_typed("event", row[0], row[1])


def events_of(
    connection: apsw.Connection, query: str, bindings: tuple[object, ...]
) -> tuple[StoredEvent | Finding, ...]:
    """The events that a query finds."""
    return tuple(
        Finding("event", _NOT_UTF_8)
        if isinstance(row, UnicodeDecodeError)
        else StoredEvent._make(row)
        if tuple(map(type, row)) in _EVENTS
        else _ill_typed("event", row[0], row[1])
        for row in _rows(connection, query, bindings)
    )


def ends(connection: apsw.Connection, query: str, bindings: tuple[object, ...]) -> dict[Xid, tuple[int, bytes]]:
    """Where the histories of jobs end: how many events each has, and the digest of the last one."""
    found = (row for row in _rows(connection, query, bindings) if not isinstance(row, UnicodeDecodeError))
    return {Xid(jid): (version, digest) for jid, version, digest in found}


def job(connection: apsw.Connection, seq: int) -> StoredJob | Finding | None:
    """The row at a place; None: there is none."""
    try:
        row: Cells | None = connection.execute(queries.JOB, (seq,)).get
    except UnicodeDecodeError:
        return Finding("state", _NOT_UTF_8, _shown(connection.execute(queries.JID, (seq,)).get), seq)
    if row is None:
        return None
    return StoredJob._make(row) if tuple(map(type, row)) in _JOBS else _ill_typed("state", seq, row[4])


def strays(connection: apsw.Connection) -> Generator[StoredJob | Finding, None, None]:
    """The rows in places where the log has no such job."""
    for (seq,) in connection.execute(queries.STRAYS):
        found = job(connection, seq)
        if found is not None:
            yield found


def events_in_order(connection: apsw.Connection) -> Generator[StoredEvent | UnicodeDecodeError, None, None]:
    """All events in the order of the log, whatever the types in them are."""
    for row in _rows(connection, queries.EVENTS_BY_SEQ):
        yield row if isinstance(row, UnicodeDecodeError) else StoredEvent._make(row)


def paused(connection: apsw.Connection) -> dict[str, int] | None:
    """The queues that are paused, and since when; None: a row of it isn't what adc writes."""
    found = _all(connection, queries.PAUSED, _PAUSED)
    return None if found is None else dict(found)


def pruned(connection: apsw.Connection) -> int:
    """How many events the database's own stream says were pruned; what can't be read of it is told elsewhere."""
    total = 0
    for seq, version, type_version, at, data in _all(connection, queries.PRUNED, _PRUNED, (DATABASE,)) or ():
        with suppress(UnreadableEvent):
            event = decode_database_event(seq, version, Pruned.__name__, type_version, with_time(at, data))
            total += event.events if isinstance(event, Pruned) else 0
    return total


def sequence(connection: apsw.Connection) -> int:
    """The number of the last event, as files up to format 2 counted it; 0: this one doesn't, or not as SQLite does."""
    return max((seq for (seq,) in _all(connection, queries.SEQUENCE, _SEQUENCE) or ()), default=0)


def meta(connection: apsw.Connection) -> dict[str, str] | None:
    """What `adc_meta` says; None: a row of it isn't what adc writes."""
    found = _all(connection, queries.META, _META)
    return None if found is None else dict(found)


def schema(connection: apsw.Connection) -> frozenset[tuple[str, str, str, str | None]] | None:
    """Each object of the file: type, name, table and SQL; None: a row of it isn't what SQLite writes."""
    found = _all(connection, queries.SCHEMA, _SCHEMA)
    return None if found is None else frozenset(found)


def problems(connection: apsw.Connection) -> tuple[str, ...]:
    """What SQLite finds wrong with the file."""
    return tuple(text for (text,) in connection.execute(queries.INTEGRITY) if text != "ok")


def counted(connection: apsw.Connection) -> tuple[int, int, int]:
    """How many events there are, the least and the greatest sequence number; 0 where there is none."""
    ((count, least, greatest),) = connection.execute(queries.COUNT_EVENTS)
    return count, least or 0, greatest or 0


def _all(
    connection: apsw.Connection, query: str, shapes: _Shapes, bindings: tuple[object, ...] = ()
) -> list[Cells] | None:
    found: list[Cells] = []
    for row in _rows(connection, query, bindings):
        if isinstance(row, UnicodeDecodeError) or tuple(map(type, row)) not in shapes:
            return None
        found.append(row)
    return found


def _rows(
    connection: apsw.Connection, query: str, bindings: tuple[object, ...] = ()
) -> Generator[Cells | UnicodeDecodeError, None, None]:
    """Row after row; one with a text that isn't UTF-8 as that error, and those behind it all the same."""
    cursor = connection.cursor()
    try:
        cursor.execute(query, bindings)
        while True:
            try:
                row = next(cursor, None)
            except UnicodeDecodeError as error:
                yield error
                continue
            if row is None:
                return
            yield row
    finally:
        cursor.close(force=True)


def _unreadable(connection: apsw.Connection, behind: tuple[object, ...]) -> Finding:
    for row in _rows(connection, queries.EVENT_BEHIND, behind):
        if not isinstance(row, UnicodeDecodeError):
            seq, jid = row
            return Finding("event", _NOT_UTF_8, _shown(jid), seq)
    return Finding("event", _NOT_UTF_8)


def _shown(jid: object) -> Xid | None:
    return Xid(jid.decode(errors="replace")) if isinstance(jid, bytes) else None


def _ill_typed(law: Law, seq: object, jid: object) -> Finding:
    return Finding(
        law,
        "a value in its row isn't of the type of its column",
        Xid(jid) if isinstance(jid, str) else None,
        seq if isinstance(seq, int) else None,
    )
