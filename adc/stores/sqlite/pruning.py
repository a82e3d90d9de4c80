"""Pruning: whole histories of jobs that are over leave the log, in short transactions, each told in the log itself."""

import os.path
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing

import apsw
from msgspec import Struct

from adc.core.database import Prune
from adc.core.instants import Instant
from adc.ports.store import PruneCount, Writing
from adc.ports.trouble import StoreDamaged
from adc.shell import change_database
from adc.stores.sqlite import pruning_queries, queries, rows, scanning
from adc.stores.sqlite.archiving import Archive, History, archive_in
from adc.stores.sqlite.compacting import give_back
from adc.stores.sqlite.ended import Batch, added, batch_of, batches
from adc.stores.sqlite.examining import BUDGET
from adc.stores.sqlite.loading import as_json
from adc.stores.sqlite.migrating import refuse_archive
from adc.stores.sqlite.opening import open_store, rest
from adc.stores.sqlite.troubles import typed


class Asked(Struct, frozen=True):
    """What is to be pruned, and who asks."""

    done_before: Instant
    at: Instant
    actor: str
    cause: str | None
    archive: str | None
    """The file that is to have it; None: nobody."""


class Pruner(Struct, frozen=True):
    """A connection that is unguarded, and its write transactions."""

    connection: apsw.Connection
    path: str
    writing: Callable[[], AbstractContextManager[Writing]]

    def prune(self, asked: Asked) -> PruneCount:
        """Take what can be taken, and make the file smaller."""
        with typed(self.path, "prune"):
            refuse_archive(self.connection, self.path, "prune")
            database_id = rows.text(self.connection, queries.READ_DATABASE_ID) or ""
        if asked.archive is None:
            count = self._prune(asked, None)
        else:
            with archive_in(asked.archive, database_id) as archive:
                count = self._prune(asked, archive)
        give_back(self.connection, self.path, self.writing)
        return count

    def _prune(self, asked: Asked, archive: Archive | None) -> PruneCount:
        total = PruneCount()
        for batch in batches(self.connection, self.path, asked.done_before):
            total = added(total, self._prune_batch(batch, asked, archive))
            rest()
        return total

    def _prune_batch(self, batch: Batch, asked: Asked, archive: Archive | None) -> PruneCount:
        """What is in the archive is there, for certain, before it leaves the log.

        Twice: a job that is erased meanwhile has another history then, and its bytes mustn't stay in the archive.
        """
        total = PruneCount()
        for _ in range(2):
            if archive is not None:
                archive.keep(batch.jobs)
            taken, changed = self._take(batch.jobs, asked)
            total = added(total, PruneCount(taken.jobs, taken.events, batch.left))
            if not changed:
                return total
            with typed(self.path, "prune"):
                batch, _ = batch_of(self.connection, [job[0].seq for job in changed], asked.done_before)
        return added(total, PruneCount(left=len(batch.jobs) + batch.left))

    def _take(self, jobs: Sequence[History], asked: Asked) -> tuple[PruneCount, Sequence[History]]:
        """What was taken; and what wasn't, since it is no longer as it was, or has a row as if it weren't over."""
        with self.writing() as writing, typed(self.path, "prune"):
            ends = scanning.ends(self.connection, pruning_queries.ENDS, (_jids(jobs),))
            same = [job for job in jobs if _end(job) == ends.get(job[0].jid)]
            taken = PruneCount(len(same), sum(map(len, same)))
            name = None if asked.archive is None else os.path.basename(asked.archive)  # noqa: PTH119  pathlib would cost 4 ms of each import of adc
            command = Prune(asked.at, taken.jobs, taken.events, asked.done_before, name)
            # Before they are taken: so it is numbered behind all of them, and stays the last event that there is.
            change_database(writing, command, actor=asked.actor, cause=asked.cause)
            before = self.connection.total_changes()
            self.connection.execute(pruning_queries.TAKE, (_jids(same),))
            if self.connection.total_changes() - before != taken.events:
                raise StoreDamaged(self.path, "prune", "the log doesn't have the events that it had")
        return taken, [job for job in jobs if _end(job) != ends.get(job[0].jid)]


def prune_file(path: str, asked: Asked) -> PruneCount:
    """Prune the queue in a file, on a connection that is there for nothing else; raises a StoreTrouble."""
    with closing(open_store(path, "full", BUDGET, "refuse")) as store:
        return store.prune_here(asked)


def _jids(jobs: Sequence[History]) -> str:
    return as_json([job[0].jid for job in jobs])


def _end(job: History) -> tuple[int, bytes]:
    """Where it ends: a job of which that is the same has the same history."""
    return len(job), job[-1].digest
