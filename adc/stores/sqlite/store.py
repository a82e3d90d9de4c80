"""The SQLite store: rows and events in one transaction, on one connection behind one lock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import RLock
from typing import get_args

import apsw
from typing_extensions import TypeVar

from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.states import StateName
from adc.core.transition import Recorded, Snapshot
from adc.ports.store import Enrolment, Look, Wanted
from adc.ports.trouble import OutcomeUnknown, StoreTrouble
from adc.stores.sqlite import queries, rows
from adc.stores.sqlite.loading import load, wanted_bindings
from adc.stores.sqlite.looking import look
from adc.stores.sqlite.troubles import extended_code, typed
from adc.stores.sqlite.writing import SqliteWriting

Answer = TypeVar("Answer")


class SqliteStore:
    """A store on an open connection; `path` names the file in troubles. It may be shared by threads."""

    def __init__(self, connection: apsw.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._lock = RLock()  # apsw refuses two threads in one connection

    @contextmanager
    def writing(self) -> Iterator[SqliteWriting]:
        """Begin a write transaction; leaving it commits, an exception undoes all of it."""
        with self._lock:
            self._refuse_nesting()
            writing = SqliteWriting(self._connection, self._path)
            try:
                with typed(self._path, "begin"):
                    self._connection.execute(queries.BEGIN)
                yield writing
                if writing.failure is not None:
                    raise writing.failure
                self._commit()
            except BaseException:
                self._roll_back()
                raise
            finally:
                writing.failure = StoreTrouble(self._path, "write", "this transaction is over")

    def next_due(self, wanted: Wanted) -> Instant | None:
        """When the first waiting job is or was due."""
        found = self._read(
            "next_due", lambda connection: rows.number(connection, queries.NEXT_DUE, wanted_bindings(wanted))
        )
        return None if found is None else Instant(found)

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        """The jobs as they are."""
        return self._read("load", lambda connection: load(connection, jids))

    def history(self, jid: Xid) -> tuple[Recorded, ...]:
        """All events of a job."""
        return self._read("history", lambda connection: rows.recorded(connection, queries.HISTORY, (jid,)))

    def body(self, jid: Xid, version: int) -> bytes | None:
        """The bytes stored beside an event."""
        return self._read("body", lambda connection: rows.blob(connection, queries.BODY, (jid, version)))

    def look(self, wanted: Look) -> tuple[Snapshot, ...]:
        """One page of jobs: from the rows, or from the log if jobs that are over belong to it."""
        return self._read("look", lambda connection: look(connection, wanted))

    def counts(self) -> Mapping[StateName, int]:
        """How many jobs are in each state: a scan of the rows, and of the index of those that are over."""
        counted = self._read("counts", lambda connection: rows.numbers_by_text(connection, queries.COUNTS))
        return {name: counted.get(name, 0) for name in get_args(StateName)}

    def enrol(self, runner: Enrolment) -> None:
        """Note a runner that starts."""
        row = (runner.runner, runner.host, runner.pid, runner.boot_id, runner.started_at, runner.lease)
        self._change("enrol", queries.ENROL, row)

    def resign(self, runner: RunnerId) -> None:
        """Forget a runner that ends."""
        self._change("resign", queries.RESIGN, (runner,))

    def close(self) -> None:
        """Let go of the file; using the store afterwards raises StoreClosed."""
        with self._lock:
            self._connection.close()

    def _read(self, operation: str, ask: Callable[[apsw.Connection], Answer]) -> Answer:
        with self._lock, typed(self._path, operation):
            return ask(self._connection)

    def _change(self, operation: str, query: str, bindings: rows.Row) -> None:
        with self.writing(), typed(self._path, operation):
            self._connection.execute(query, bindings)

    def _refuse_nesting(self) -> None:
        """The lock lets its own thread through; but what is inside couldn't be undone alone."""
        with typed(self._path, "begin"):
            if self._connection.in_transaction:
                raise StoreTrouble(self._path, "begin", "this thread is in a write transaction already")

    def _commit(self) -> None:
        """An error here doesn't mean that nothing was committed: the WAL may have it all the same (measured)."""
        try:
            self._connection.execute(queries.COMMIT)
        except apsw.Error as error:
            raise OutcomeUnknown(self._path, "commit", str(error), extended_code(error)) from error

    def _roll_back(self) -> None:
        """SQLite may have rolled back by itself; a second error here would hide the first."""
        with suppress(apsw.Error):
            if self._connection.in_transaction:
                self._connection.execute(queries.ROLLBACK)
