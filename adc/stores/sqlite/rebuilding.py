"""Rebuilding: a new file with the log of another one, and the rows that follow from it; nothing is guessed."""

import os
from collections.abc import Generator, Iterator
from contextlib import suppress

import apsw
from msgspec import Struct

from adc.auditing.stored import StoredEvent
from adc.core.instants import Span
from adc.ports.trouble import StoreDamaged, StoreTrouble
from adc.stores.sqlite import auditing_queries, queries, rows, scanning
from adc.stores.sqlite.authorizing import REBUILDS
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.differing import difference
from adc.stores.sqlite.examining import examined
from adc.stores.sqlite.jobwise import Paused, Proved, audited
from adc.stores.sqlite.migrating import refuse_archive
from adc.stores.sqlite.opening import open_connection
from adc.stores.sqlite.outfit import Outfit, outfit_of
from adc.stores.sqlite.troubles import typed
from adc.stores.sqlite.verifying import has_gaps, last_given


class Rebuilt(Struct, frozen=True):
    """What a new file has."""

    events: int
    jobs: int
    """Those that aren't over, and are proved."""
    left_out: int
    """Events that couldn't be taken over, as a value in them isn't of the type of its column."""


class _Source(Struct, frozen=True):
    """A file that is read, and what in it can be."""

    connection: apsw.Connection
    path: str
    outfit: Outfit

    @property
    def tables(self) -> frozenset[str]:
        """The tables that can be read."""
        return self.outfit.tables


def rebuild_into(path: str, to: str) -> Rebuilt:
    """Make a new file with the same log and the rows that are proved; raises a StoreTrouble, and then there is none.

    All events are taken over as they are, wrong ones too. A job of which the log proves nothing gets no row: nobody
    runs it, and `verify` tells of it in the new file as in the old one. Where events are missing from the log, they
    could be the last ones of any job: then only a row that is as the log says is proved. Runners aren't taken over.
    """
    if os.path.lexists(to):
        raise StoreTrouble(to, "rebuild", "there is a file of this name already")
    with examined(path) as connection:
        with typed(path, "rebuild"):
            source = _Source(connection, path, outfit_of(connection))
            if "adc_meta" in source.tables:
                refuse_archive(connection, path, "rebuild")
        if "job_events" not in source.tables:
            raise StoreDamaged(path, "rebuild", "it has no log, or another one than adc makes")
        try:
            return _made(to, source)
        except BaseException:
            _remove(to)
            raise


def _made(to: str, source: _Source) -> Rebuilt:
    target = open_connection(to, "full", Span(0), deeds=REBUILDS)
    try:
        with typed(to, "rebuild"):
            target.execute(queries.BEGIN)
            events, left_out = _copy_log(target, _log(source))
            _keep(target, source)
            jobs = _write(target, _proved(target, source, left_out))
            target.execute(queries.COMMIT)
    finally:
        custody_of(target, to).close(target)  # which undoes what isn't committed
    return Rebuilt(events, jobs, left_out)


def _log(source: _Source) -> Generator[StoredEvent | UnicodeDecodeError, None, None]:
    """What is wrong with the source isn't told as trouble with the new file."""
    with typed(source.path, "rebuild"):
        yield from scanning.events_in_order(source.connection)


def _copy_log(target: apsw.Connection, log: Iterator[StoredEvent | UnicodeDecodeError]) -> tuple[int, int]:
    """How many events were copied, and how many not."""
    events = left_out = 0
    for each in log:
        if isinstance(each, UnicodeDecodeError):
            left_out += 1
            continue
        try:
            target.execute(queries.APPEND, each)
            events += 1
        except apsw.ConstraintError:
            left_out += 1
    return events, left_out


def _keep(target: apsw.Connection, source: _Source) -> None:
    """What tells which database it is, and how many events it had."""
    with typed(source.path, "rebuild"):
        given = last_given(source.connection, source.outfit)
        meta = scanning.meta(source.connection) if "adc_meta" in source.tables else None
    if given > (rows.number(target, queries.LAST_SEQ) or 0):
        target.execute(auditing_queries.KEEP_LAST_SEQ, (given,))
    if meta is not None and "database_id" in meta:
        target.execute(auditing_queries.KEEP_DATABASE_ID, (meta["database_id"],))


def _proved(target: apsw.Connection, source: _Source, left_out: int) -> Iterator[Proved | Paused]:
    """The new file's log proves all that it says, unless some of it is missing."""
    if not left_out and not has_gaps(target):
        yield from (each for each in audited(target) if isinstance(each, Proved | Paused))
    elif "adc_jobs" in source.tables:
        with typed(source.path, "rebuild"):
            paused = scanning.paused(source.connection) if "adc_paused" in source.tables else None
            for each in audited(source.connection):
                match each:
                    case Proved() if difference(each) is None:
                        yield each
                    case Paused(wanted) if wanted == paused:
                        yield each
                    case _:
                        pass


def _write(target: apsw.Connection, proved: Iterator[Proved | Paused]) -> int:
    """Write the rows, where there are none yet: of how many jobs."""
    jobs = 0
    for each in proved:
        match each:
            case Proved(wanted=wanted) if wanted is not None:
                target.execute(queries.INSERT_JOB, wanted)
                jobs += 1
            case Paused(wanted):
                target.executemany(queries.PAUSE, wanted.items())
            case _:
                pass  # it is over
    return jobs


def _remove(path: str) -> None:
    for each in (path, f"{path}-wal", f"{path}-shm"):
        with suppress(OSError):
            os.unlink(each)  # noqa: PTH108  pathlib would cost 4 ms of each import of adc
