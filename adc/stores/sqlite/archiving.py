"""Archiving: the histories of pruned jobs, in a file of the same tables, from which adc reads them as before."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TypeAlias, final

import apsw

from adc.auditing.finding import Finding
from adc.auditing.stored import StoredEvent
from adc.core.ids import Xid
from adc.ports.trouble import StoreDamaged, WrongArchive
from adc.stores.sqlite import pruning_queries, queries, scanning
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.examining import BUDGET
from adc.stores.sqlite.loading import as_json
from adc.stores.sqlite.opening import open_connection
from adc.stores.sqlite.troubles import typed
from adc.stores.sqlite.unguarded import KEEPS, unguarded

History: TypeAlias = tuple[StoredEvent, ...]
"""All events of a job, as they are stored."""


@final
class Archive:
    """The archive of one queue, as long as a prune writes to it."""

    def __init__(self, path: str, writer: apsw.Connection, reader: apsw.Connection) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader

    def keep(self, jobs: Sequence[History]) -> None:
        """Commit these histories, and read from the file that they are there; raises a StoreTrouble.

        Those that are there already, since a prune ended between this and taking them from the queue, stay as they are.
        """
        with typed(self._path, "archive"):
            self._writer.execute(queries.BEGIN)
            try:
                self._add(jobs)
                self._writer.execute(queries.COMMIT)
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute(queries.ROLLBACK)
                raise
            there = _histories(self._reader, jobs)  # not the writer, which would show what it remembers
        if there != {_jid(job): job for job in jobs}:
            raise StoreDamaged(self._path, "archive", "what was written there is read back as something else")

    def _add(self, jobs: Sequence[History]) -> None:
        there = _histories(self._writer, jobs)
        old = [(job, there.get(_jid(job), ())) for job in jobs]
        changed = [(job, before) for job, before in old if job != before]
        for job, before in changed:
            if before and _is_another(before[0], job[0]):
                raise WrongArchive(self._path, "archive", f"it has another job with the id {_jid(job)}")
        # One of which a prune that broke off has left a copy, and which was erased since: that copy has its bytes.
        outdated = [_jid(job) for job, before in changed if before]
        self._writer.execute(pruning_queries.TAKE, (as_json(outdated),))
        try:
            self._writer.executemany(queries.APPEND, (event for job, _ in changed for event in job))
        except apsw.ConstraintError as error:  # a backup that went on by itself, beside the queue
            problem = "it has other events in the places of these: they are of a copy of this queue"
            raise WrongArchive(self._path, "archive", problem) from error
        more = sum(len(job) - len(before) for job, before in changed)
        self._writer.execute(pruning_queries.COUNT_ARCHIVED, (more,))


@contextmanager
def archive_in(path: str, database_id: str) -> Generator[Archive, None, None]:
    """The archive in a file, which is made if it isn't there; raises WrongArchive, or what else is wrong with it."""
    opened = [open_connection(path, "full", BUDGET, archive_of=database_id)]
    try:
        opened.append(open_connection(path, "full", BUDGET, archive_of=database_id))
        writer, reader = opened
        with unguarded(writer, KEEPS):
            yield Archive(path, writer, reader)
    finally:
        for connection in opened:
            custody_of(connection, path).close(connection)


def _histories(
    connection: apsw.Connection, jobs: Sequence[History]
) -> dict[Xid | None, tuple[StoredEvent | Finding, ...]]:
    found = scanning.events_of(connection, pruning_queries.EVENTS_OF, (as_json([_jid(job) for job in jobs]),))
    return {jid: tuple(events) for jid, events in groupby(found, key=lambda each: each.jid)}


def _is_another(there: StoredEvent | Finding, first: StoredEvent) -> bool:
    return isinstance(there, Finding) or (there.seq, there.digest) != (first.seq, first.digest)


def _jid(job: History) -> Xid:
    return job[0].jid
