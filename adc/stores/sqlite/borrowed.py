"""Borrowed: jobs stored on somebody else's connection, in the transaction that it is in, as the store would do it."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar, final

import apsw

from adc.codec.events import decode_event
from adc.codec.timed import with_time
from adc.core.commands import KeyHolder
from adc.core.events import JobScheduled
from adc.core.evolve import fold
from adc.core.ids import Xid
from adc.core.states import Scheduled
from adc.core.transition import Snapshot, Transition
from adc.ports.lent import Executes, Parameters
from adc.ports.trouble import MixedSqlite, NoQueue, StoreDamaged
from adc.stores.appending import applied, entries
from adc.stores.sqlite import outbox_queries, queries, rows
from adc.stores.sqlite.admitting import as_text, refuse_unfit
from adc.stores.sqlite.custody import all_custodies
from adc.stores.sqlite.descriptors import identity_of

Cell = TypeVar("Cell")


@contextmanager
def borrowed(connection: Executes) -> Generator["Borrowed", None, None]:
    """Within, the connection has the write lock; what goes wrong undoes what was written within, and no more.

    The lock is taken before the savepoint, since Python's sqlite3 begins its transactions before INSERT, UPDATE and
    DELETE only; and again behind it, since a connection that is in no transaction begins one with the savepoint.
    """
    _lock(connection)
    with savepoint(connection):
        _lock(connection)
        _refuse_mixed(connection)
        refuse_unfit(lambda sql: found(connection, sql), lambda: path_of(connection))
        yield Borrowed(connection)


@contextmanager
def savepoint(connection: Executes) -> Generator[None, None, None]:
    """Within, what goes wrong undoes what was written within; where there is no transaction, it is one."""
    connection.execute(outbox_queries.SAVEPOINT, ())
    try:
        yield
        connection.execute(outbox_queries.RELEASE, ())
    except BaseException:
        with suppress(Exception):  # SQLite may have undone the whole transaction, savepoint and all
            connection.execute(outbox_queries.UNDO, ())
            connection.execute(outbox_queries.RELEASE, ())
        raise


def found(connection: Executes, sql: str, params: Parameters = ()) -> list[tuple[object, ...]]:
    """The rows of a query; some connections are set to give them as dicts, in the order of the columns."""
    every = connection.execute(sql, params).fetchall()
    return [tuple(row.values() if isinstance(row, Mapping) else row) for row in every]


def path_of(connection: Executes) -> str:
    """The file, for what is said of it."""
    ((path,),) = found(connection, outbox_queries.PATH) or ((":memory:",),)
    return as_text(path or ":memory:")


@final
class Borrowed:
    """The verbs of a write transaction that scheduling needs."""

    def __init__(self, connection: Executes) -> None:
        self._connection = connection

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        """The jobs as they are."""
        return {jid: self._load(jid) for jid in jids}

    def payloads(self, jids: Sequence[Xid]) -> Mapping[Xid, bytes]:
        """The payloads of jobs."""
        bodies = {jid: found(self._connection, queries.BODY, (jid, 1)) for jid in jids}
        return {jid: self._cell(row[0], bytes) for jid, each in bodies.items() for row in each if row[0] is not None}

    def holder(self, kind: str, key: str) -> KeyHolder | None:
        """The job that has this key."""
        for jid, seq, type_version, at, data in found(self._connection, queries.HOLDER, (kind, key)):
            holder = Xid(self._cell(jid, str))
            scheduled = decode_event(
                *(holder, self._cell(seq, int), 1, JobScheduled.__name__),
                *(self._cell(type_version, int), self._text(at, data)),
            )
            assert isinstance(scheduled, JobScheduled)  # the type was named
            return KeyHolder(holder, scheduled.terms.payload.hash)
        return None

    def apply(self, transitions: Sequence[Transition]) -> None:
        """Append the events of new jobs, and write their rows: only where this call has appended the event."""
        for each in transitions:
            if each.events:
                self._add(each)

    def _add(self, transition: Transition) -> None:
        state, (event,) = transition.after, transition.events
        assert isinstance(state, Scheduled)  # nothing else follows from Schedule
        ((last,),) = found(self._connection, queries.LAST_SEQ)
        (entry,) = entries(transition, self._cell(last, int) + 1)
        job = applied(transition, entry.recorded)
        row = (*rows.job_terms(state, event.at), job.jid, job.seq, *rows.job_row(state, job))
        self._connection.execute(queries.APPEND, rows.event_row(entry))
        self._connection.execute(queries.INSERT_JOB, row)

    def _load(self, jid: Xid) -> Snapshot:
        log = found(self._connection, queries.HISTORY, (jid,))
        if not log:
            return Snapshot.absent(jid)
        text, number = str, int
        events = [
            decode_event(
                *(jid, self._cell(seq, number), self._cell(version, number), self._cell(kind, text)),
                *(self._cell(kind_version, number), self._text(at, data)),
            )
            for seq, _, version, at, kind, kind_version, _, _, data, _ in log
        ]
        first, last = self._cell(log[0][0], int), log[-1]
        return Snapshot(jid, fold(events), first, self._cell(last[2], int), self._cell(last[-1], bytes))

    def _text(self, at: object, data: object) -> str:
        """The whole text of an event."""
        return with_time(self._cell(at, int), self._cell(data, str))

    def _cell(self, cell: object, kind: type[Cell]) -> Cell:
        """A cell of a type; a connection may be set to give texts as bytes."""
        given = cell.decode() if kind is str and isinstance(cell, bytes) else cell
        if not isinstance(given, kind):
            problem = f"expected {kind.__name__} from job_events, got {type(cell).__name__}"
            raise StoreDamaged(path_of(self._connection), "schedule", problem)
        return given


def _refuse_mixed(connection: Executes) -> None:
    """Another connection of adc's own SQLite does no harm: its version tells it, unless the other is of the same."""
    opened = {custody.identity for _, custody in all_custodies() if not custody.inherited} - {None}
    if not opened or found(connection, outbox_queries.SOURCE_ID) == [(apsw.sqlite3_sourceid(),)]:
        return
    path = path_of(connection)
    if identity_of(path) in opened:
        raise MixedSqlite(path, "schedule", "this process has a queue on this file, by another copy of SQLite")


def _lock(connection: Executes) -> None:
    try:
        cursor: object = connection.execute(outbox_queries.LOCK, ())
    except Exception as error:  # each library has its own
        if "no such table" not in str(error):
            raise
        problem = "it has no tables of adc; adc.outbox.make_tables(connection) makes them"
        raise NoQueue(path_of(connection), "schedule", problem) from error
    if not hasattr(cursor, "fetchall"):
        raise TypeError(f"expected a connection whose execute gives a cursor, got {type(cursor).__name__}")
