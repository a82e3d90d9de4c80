"""The SQLite store: rows and events in one transaction, on one connection behind one lock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import get_ident
from typing import TYPE_CHECKING, get_args

import apsw
from msgspec import DecodeError
from msgspec.structs import asdict
from typing_extensions import override

from adc.auditing.finding import Finding
from adc.codec.events import UnreadableEvent
from adc.core.database import AnyEvent, DatabaseEvent
from adc.core.ids import DATABASE, Xid
from adc.core.instants import Instant
from adc.core.states import StateName
from adc.core.transition import Recorded, Snapshot
from adc.ports.signs import Signs
from adc.ports.store import Look, Place, PruneCount, Wanted
from adc.ports.trouble import OutcomeUnknown, StoreReadOnly, StoreTrouble
from adc.ports.wakeup import Wakeup
from adc.stores.calling import Caller
from adc.stores.sqlite import log_rows, queries, roll_rows, rows
from adc.stores.sqlite.database import database_history, paused
from adc.stores.sqlite.loading import load, wanted_bindings
from adc.stores.sqlite.looking import look
from adc.stores.sqlite.migrating import last_seq_to_write
from adc.stores.sqlite.remembered import Remembered
from adc.stores.sqlite.roll import Roll
from adc.stores.sqlite.settling import is_committed
from adc.stores.sqlite.troubles import shakes_trust, trouble_of, typed
from adc.stores.sqlite.upkeep import SqliteUpkeep
from adc.stores.sqlite.writing import SqliteWriting
from adc.stores.waking import Concerns

if TYPE_CHECKING:
    from adc.stores.sqlite.pruning import Asked


class SqliteStore(SqliteUpkeep):
    """A store on an open connection; `path` names the file in troubles. It may be shared by threads."""

    def __init__(
        self,
        connection: apsw.Connection,
        path: str,
        signs: Signs,
        wakeup: Wakeup,
        reopen: Callable[[], apsw.Connection] | None = None,
    ) -> None:
        super().__init__(connection, path, Roll(signs, wakeup), reopen)
        self._caller = Caller(signs, wakeup)
        self._remembered = Remembered()
        self._writer = 0
        """The thread that is in a write transaction; 0: none is."""

    @contextmanager
    @override
    def writing(self) -> Iterator[SqliteWriting]:
        """Begin a write transaction; leaving it commits, an exception undoes all of it."""
        self._custody.admit("begin")  # before the lock: a thread of the parent may have held it at the fork
        with self._lock:
            self._renew()
            self._refuse_nesting()
            self._writer = get_ident()
            writing = SqliteWriting(
                self._connection, self._path, self._roll, self._custody, self._remembered, self._undisturbed
            )
            try:
                self._custody.before_begin()
                with typed(self._path, "begin"):
                    self._connection.execute(queries.BEGIN)
                    if not self._undisturbed.begin(self._connection):
                        self._undisturbed.last_seq = last_seq_to_write(self._connection, self._path)
                yield writing
                if writing.failure is not None:
                    raise writing.failure
                self._custody.before_commit()
                self._commit(writing)
                self._undisturbed.committed(self._connection)
                if writing.concerns:
                    self._call(writing.concerns)
            except BaseException as error:
                self._undisturbed.forget()
                self._roll_back()
                self._doubt_after(error)
                self._custody.look_again(error)
                raise
            finally:
                writing.is_over = True
                self._writer = 0

    @override
    def refuse_nesting(self) -> None:
        """Raise a StoreTrouble if this thread is in a write transaction, or if this process may not begin one."""
        self._custody.admit("begin")
        if self._writer == get_ident():
            self._refuse_nesting()

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
        if jid == DATABASE:  # no job has it
            return ()
        return self._read("history", lambda connection: log_rows.recorded(connection, queries.HISTORY, (jid,)))

    def history_or_why(self, jid: Xid) -> tuple[Recorded[AnyEvent] | UnreadableEvent, ...]:
        """All events of a job, or of DATABASE; one that can't be read stands as why."""
        return self._read(
            "history", lambda connection: log_rows.any_recorded_or_why(connection, queries.HISTORY, (jid,))
        )

    def events(self, after: int, limit: int) -> tuple[Recorded[AnyEvent] | UnreadableEvent, ...]:
        """A page of the log."""
        return self._read(
            "events", lambda connection: log_rows.any_recorded_or_why(connection, queries.EVENTS, (after, limit))
        )

    def last_seq(self) -> int:
        """The place of the latest event that was ever appended."""
        return self._read("last_seq", lambda connection: rows.number(connection, queries.LAST_SEQ)) or 0

    def database_history(self) -> tuple[Recorded[DatabaseEvent], ...]:
        """All events of the database."""
        return self._read("database_history", database_history)

    def paused(self) -> Mapping[str, Instant]:
        """The queues that are paused, and since when."""
        return self._read("paused", paused)

    def body(self, jid: Xid, version: int) -> bytes | None:
        """The bytes stored beside an event."""
        return self._read("body", lambda connection: rows.blob(connection, queries.BODY, (jid, version)))

    def look(self, wanted: Look) -> tuple[Snapshot, ...]:
        """One page of jobs: from the rows, or from the log if jobs that are over belong to it."""
        return self._read("look", lambda connection: look(connection, wanted))

    def ahead(self, queue: str, place: Place, by: Instant, limit: int) -> int:
        """How many jobs are claimed before one in that place: a scan of those that wait in the queue."""
        bindings = {"queue": queue, "by": by, "limit": limit, **asdict(place)}
        return self._read("ahead", lambda connection: rows.number(connection, queries.AHEAD, bindings)) or 0

    def counts(self) -> Mapping[StateName, int]:
        """How many jobs are in each state: a scan of the rows, and of the indexes of those that are over."""
        counted = self._read("counts", lambda connection: rows.numbers_by_text(connection, queries.COUNTS))
        return {name: counted.get(name, 0) for name in get_args(StateName)}

    def prunable(self, done_before: Instant) -> PruneCount:
        """What would be pruned: read as `verify` reads, so that this connection goes on meanwhile."""
        from adc.stores.sqlite.ended import prunable  # noqa: PLC0415  it is seldom needed
        from adc.stores.sqlite.examining import examined  # noqa: PLC0415  as above

        if self._is_in_memory():
            return self._read("prune", lambda connection: prunable(connection, self._path, done_before))
        with examined(self._path) as connection:
            return prunable(connection, self._path, done_before)

    def prune(
        self, done_before: Instant, *, at: Instant, actor: str, cause: str | None, archive: str | None = None
    ) -> PruneCount:
        """Take the events of jobs that were over before then out of the log, into an archive if one is named."""
        from adc.stores.sqlite.pruning import Asked, prune_file  # noqa: PLC0415  as above

        asked = Asked(done_before, at, actor, cause, archive)
        if self._is_in_memory():
            return self.prune_here(asked)
        self._refuse_nesting()
        count = prune_file(self._path, asked)
        self.scrub()
        return count

    def prune_here(self, asked: "Asked") -> PruneCount:
        """Prune on this connection: for a file, one that is there for nothing else."""
        from adc.stores.sqlite.pruning import Pruner  # noqa: PLC0415  as above
        from adc.stores.sqlite.unguarded import unguarded  # noqa: PLC0415  as above

        with self._lock:
            self._refuse_nesting()
            with unguarded(self._connection):
                return Pruner(self._connection, self._path, self.writing).prune(asked)

    def scrub(self) -> bool:
        """Let nothing that was removed be readable beside the file; False: others still read how it was before."""
        from adc.stores.sqlite.scrubbing import scrub_file  # noqa: PLC0415  as above

        return self._is_in_memory() or scrub_file(self._path)

    def verify(self) -> Iterator[Finding]:
        """What in the file isn't as adc wrote it: read on another connection, so that this one goes on meanwhile."""
        from adc.stores.sqlite.verifying import verify, verify_file  # noqa: PLC0415  as above

        if self._is_in_memory():
            return iter(self._read("verify", lambda connection: tuple(verify(connection, self._path))))
        return verify_file(self._path)

    @property
    @override
    def absent_guards(self) -> tuple[str, ...]:
        """What this system doesn't let the store notice; none on Linux."""
        return self._custody.absent_guards()

    def close(self) -> None:
        """Let go of the file and of all signs; using the store afterwards raises StoreClosed.

        In a forked child this does nothing: the file is its parent's.
        """
        if self._custody.inherited:
            return
        with self._lock:
            self._roll.let_all_go()
            self._custody.close(self._connection)

    def is_archive(self) -> bool:
        """Whether it is an archive of pruned jobs, which is only read."""
        return self._read("is_archive", lambda connection: rows.text(connection, queries.READ_ARCHIVE_OF)) is not None

    def _refuse_nesting(self) -> None:
        """The lock lets its own thread through; but what is inside couldn't be undone alone."""
        with typed(self._path, "begin"):
            if self._connection.in_transaction:
                raise StoreTrouble(self._path, "begin", "this thread is in a write transaction already")

    def _commit(self, writing: SqliteWriting) -> None:
        """An error here doesn't mean that nothing was committed: the WAL may have it all the same (measured)."""
        try:
            self._connection.execute(queries.COMMIT)
        except apsw.Error as error:
            trouble = trouble_of(error, self._path, "commit")
            self._roll_back()
            self._trusted = self._trusted and not shakes_trust(trouble)
            committed = self._is_committed(writing, trouble)
            if committed is None:
                raise OutcomeUnknown(
                    self._path, "commit", str(error), trouble.code, writing.jids, passing=writing.trace is None
                ) from error
            if not committed:
                raise trouble from error
        self._custody.after_commit(writing.jids)

    def _is_committed(self, writing: SqliteWriting, trouble: StoreTrouble) -> bool | None:
        try:
            self._renew()
            self._custody.before_begin()
            return is_committed(self._connection, writing.trace, trouble)
        except (StoreTrouble, apsw.Error):
            self._roll_back()
            return None

    def _doubt_after(self, error: BaseException) -> None:
        """What shakes the trust in a connection: whoever needs one next has another. After a commit it was seen to."""
        if isinstance(error, StoreTrouble) and error.operation != "commit" and shakes_trust(error):
            self._trusted = False
            if isinstance(error, StoreReadOnly) and self._reopen is not None:  # while it is open, others are like it
                with suppress(StoreTrouble):
                    self._custody.close(self._connection)

    def _call(self, concerns: Concerns) -> None:
        """All is committed: nothing that goes wrong here may look as if it weren't."""
        with suppress(OSError, apsw.Error, DecodeError):
            self._caller.call(
                concerns,
                lambda place: roll_rows.listed(self._connection, queries.LISTED, (place,)),
                self._undisturbed.era,
            )

    def _roll_back(self) -> None:
        """SQLite may have rolled back by itself; a second error here would hide the first."""
        try:
            if not self._custody.inherited and self._connection.in_transaction:
                self._connection.execute(queries.ROLLBACK)
        except apsw.ConnectionClosedError:
            pass
        except apsw.Error:
            self._trusted = False
