"""Rows: where SQLite values get types.

`log_rows` does it for the log, `roll_rows` for runners, and `scanning` where none of them is believed.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, get_args

import apsw
from msgspec.structs import replace

from adc.codec.events import DamagedEvent, UnreadableEvent, decode_event
from adc.codec.timed import with_time, without_time
from adc.core.database import AnyEvent
from adc.core.events import JobScheduled
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.states import Cancelling, Dead, JobState, Reason, Scheduled, Started
from adc.core.terms import Tally, Terms, Token
from adc.core.transition import Snapshot
from adc.stores.appending import Entry
from adc.stores.sqlite import shapes
from adc.stores.sqlite.shapes import Misshapen, damaged, moment, said_of, shaped

Value: TypeAlias = int | float | str | bytes | None
Bindings: TypeAlias = Sequence[Value] | Mapping[str, Value]
Row: TypeAlias = tuple[Value, ...]
Object: TypeAlias = tuple[str, str, str]
"""A table, index, trigger or view: its type, its name, and the SQL that made it."""
Live: TypeAlias = Scheduled | Started | Cancelling | Dead
"""The states of jobs that have a row."""


WithPayload: TypeAlias = tuple[Snapshot | UnreadableEvent, object]
"""A job, or why it can't be read; and what the file has as its payload: bytes, unless it was erased or damaged."""


class Level(NamedTuple):
    """A part of the claim index: one queue, kind and payload version at one priority."""

    queue: str
    kind: str
    payload_version: int
    priority: int


_REASONS: Final[dict[str, Reason]] = {reason: reason for reason in get_args(Reason)}


def snapshots(connection: apsw.Connection, query: str, bindings: Bindings) -> tuple[Snapshot, ...]:
    """The live jobs that a query finds."""
    return tuple(map(_snapshot_of, _fetch(connection, query, bindings)))


def with_payloads(connection: apsw.Connection, query: str, bindings: Bindings) -> list[WithPayload]:
    """The live jobs that a query finds, with their payloads; those that can't be read, as why."""
    return [(_snapshot_or_why(row[:-1]), row[-1]) for row in _fetch(connection, query, bindings)]


def levels(connection: apsw.Connection, query: str, bindings: Bindings) -> Generator[Level, None, None]:
    """The levels of the claim index, lazily: close the iterator to let go of the cursor."""
    cursor = connection.execute(query, bindings)
    try:
        for level in cursor:
            yield Level(*shaped((level,), shapes.LEVEL)[0])
    finally:
        cursor.close()


def number(connection: apsw.Connection, query: str, bindings: Bindings = ()) -> int | None:
    """The one integer that a query finds; None: no row, or NULL."""
    found: object = connection.execute(query, bindings).get
    if found is None or isinstance(found, int):
        return found
    raise Misshapen(said_of((found,)))


def text(connection: apsw.Connection, query: str, bindings: Bindings = ()) -> str | None:
    """The one text that a query finds; None: no row, or NULL."""
    found: object = connection.execute(query, bindings).get
    if found is None or isinstance(found, str):
        return found
    raise Misshapen(said_of((found,)))


def blob(connection: apsw.Connection, query: str, bindings: Bindings = ()) -> bytes | None:
    """The one blob that a query finds; None: no row, or NULL."""
    found: object = connection.execute(query, bindings).get
    if found is None or isinstance(found, bytes):
        return found
    raise Misshapen(said_of((found,)))


def standing(connection: apsw.Connection, query: str) -> tuple[str | None, str | None, int]:
    """Which format the file takes to write, of which database it is the archive, and the place of its latest event."""
    ((reader, archive_of, last),) = shaped(_fetch(connection, query), shapes.STANDING)
    return reader, archive_of, last


def texts(connection: apsw.Connection, query: str, bindings: Bindings = ()) -> tuple[str, ...]:
    """The first column of each row."""
    return tuple(first for (first,) in shaped(_fetch(connection, query, bindings), shapes.A_TEXT))


def objects(connection: apsw.Connection, query: str) -> frozenset[Object]:
    """The parts of a schema that a query finds."""
    return frozenset(shaped(_fetch(connection, query), shapes.OBJECT))


def numbers_by_text(connection: apsw.Connection, query: str, bindings: Bindings = ()) -> dict[str, int]:
    """A text and a number from each row."""
    return dict(shaped(_fetch(connection, query, bindings), shapes.TEXT_AND_NUMBER))


def pairs(connection: apsw.Connection, query: str, bindings: Bindings) -> list[tuple[int, int]]:
    """Two integers from each row."""
    return list(shaped(_fetch(connection, query, bindings), shapes.NUMBERS))


def blobs_by_text(connection: apsw.Connection, query: str, bindings: Bindings) -> dict[str, bytes]:
    """A text and a blob from each row."""
    return dict(shaped(_fetch(connection, query, bindings), shapes.TEXT_AND_BLOB))


def blobs_by_number(connection: apsw.Connection, query: str, bindings: Bindings) -> dict[int, bytes]:
    """A number and a blob from each row."""
    return dict(shaped(_fetch(connection, query, bindings), shapes.NUMBER_AND_BLOB))


def holder(connection: apsw.Connection, query: str, bindings: Bindings) -> tuple[Xid, Terms] | None:
    """The job, and its terms, whose schedule event a query finds."""
    for jid, *first in shaped(_fetch(connection, query, bindings), shapes.HOLDER):
        return Xid(jid), _terms(Xid(jid), *first)
    return None


def head(connection: apsw.Connection, query: str, bindings: Bindings) -> tuple[int, bytes]:
    """How many events a stream has, and the digest of its last one."""
    for version, digest in shaped(_fetch(connection, query, bindings), shapes.NUMBER_AND_BLOB):
        return version, digest
    return 0, b""


def event_row(entry: Entry[AnyEvent]) -> Row:
    """What APPEND binds for an entry."""
    written = entry.recorded
    event = written.event
    kind, key = (event.terms.kind, event.terms.key) if isinstance(event, JobScheduled) else (None, None)
    return (
        *(written.seq, written.jid, written.version, event.at, type(event).__name__, entry.type_version),
        *(written.actor, written.cause, without_time(entry.stored), entry.body, kind, key, written.digest),
    )


def job_terms(state: Live, enqueued_at: Instant) -> Row:
    """The columns of a live job that never change, in the order of INSERT_JOB."""
    return (state.terms.queue, state.terms.kind, state.terms.payload_version, enqueued_at)


def job_row(state: Live, job: Snapshot) -> Row:
    """The columns of a live job that change, in the order of INSERT_JOB and UPDATE_JOB."""
    tally = state.tally
    common = (job.version, job.head, state.terms.priority)
    counted = (tally.attempt, tally.retries, tally.crashes)
    match state:
        case Scheduled():
            return (*common, state.due, None, *counted, None, None, None, None)
        case Started():
            return (*common, None, state.since, *counted, state.token.runner, None, None, None)
        case Cancelling():
            return (*common, None, state.since, *counted, state.token.runner, state.asked_at, None, None)
        case Dead():
            return (*common, None, None, *counted, None, None, state.at, state.reason)


def _fetch(connection: apsw.Connection, query: str, bindings: Bindings = ()) -> list[tuple[Any, ...]]:
    """All rows at once: an open cursor would keep its lock. What the Any is, `shaped` says."""
    return connection.execute(query, bindings).fetchall()


def _snapshot_or_why(row: tuple[Any, ...]) -> Snapshot | UnreadableEvent:
    try:
        return _snapshot_of(row)
    except UnreadableEvent as unreadable:
        return unreadable


def _snapshot_of(row: tuple[Any, ...]) -> Snapshot:
    """What is wrong with a row is told of its job, so that others go on."""
    try:
        shaped((row,), shapes.SNAPSHOT)
        return _snapshot(*row)
    except Misshapen as misshapen:
        raise damaged(row[1], row[0], row[2], misshapen) from misshapen


def _snapshot(
    jid: str,
    seq: int,
    version: int,
    head: bytes,
    priority: int,
    scheduled_at: int,
    started_at: int | None,
    attempt: int,
    retries: int,
    crashes: int,
    runner: str | None,
    cancel_asked_at: int | None,
    died_at: int | None,
    reason: str | None,
    type_version: int | None,
    at: int | None,
    data: str | None,
) -> Snapshot:
    if type_version is None or at is None or data is None:
        raise DamagedEvent(Xid(jid), seq, 1, "it is missing, though adc_jobs has its job")
    terms = _terms(Xid(jid), seq, type_version, at, data)
    if terms.priority != priority:
        terms = replace(terms, priority=priority)
    tally = Tally(attempt, retries, crashes)
    state: JobState
    if died_at is not None:
        if reason not in _REASONS:
            raise DamagedEvent(
                Xid(jid), seq, version, f"adc_jobs has the reason {reason!r} for it, which adc doesn't know"
            )
        state = Dead(terms, tally, _REASONS[reason], moment(died_at))
    elif started_at is None:
        state = Scheduled(terms, tally, moment(scheduled_at))
    else:
        token = Token(attempt, RunnerId(runner or ""))
        state = (
            Started(terms, tally, token, moment(started_at))
            if cancel_asked_at is None
            else Cancelling(terms, tally, token, moment(started_at), moment(cancel_asked_at))
        )
    return Snapshot(Xid(jid), state, seq, version, head)


def _terms(jid: Xid, seq: int, type_version: int, at: int, data: str) -> Terms:
    event = decode_event(jid, seq, 1, JobScheduled.__name__, type_version, with_time(at, data))
    if not isinstance(event, JobScheduled):  # can't be: the type was named
        raise DamagedEvent(jid, seq, 1, "the first event isn't JobScheduled")
    return event.terms
