"""Jobwise: the log and the rows of jobs side by side, job after job: what the log proves, and what is there."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeAlias

import apsw
from msgspec import Struct

from adc.auditing.finding import Finding, Findings
from adc.auditing.job_course import Proof
from adc.auditing.stored import StoredEvent
from adc.auditing.streams import check_database, check_job
from adc.core.ids import DATABASE, Xid
from adc.core.states import Absent, Cancelling, Dead, Scheduled, Started, StateName, state_name
from adc.stores.sqlite import rows, scanning
from adc.stores.sqlite.scanning import StoredJob


class Proved(Struct, frozen=True):
    """A job of which the log proves what row it has; or a row of which the log knows no job."""

    jid: Xid | None
    state: StateName | None
    """None: the log knows no such job."""
    wanted: StoredJob | None
    """The row that it should have; None: none."""
    found: StoredJob | Finding | None
    """The row that it has; None: none; a Finding: it can't be read."""


class Unproved(Struct, frozen=True):
    """A job, or the database, of which the log proves nothing, and why."""

    jid: Xid | None
    findings: Findings


class Paused(Struct, frozen=True):
    """Which queues are paused, and since when, as the log proves."""

    wanted: dict[str, int]


Audited: TypeAlias = Proved | Unproved | Paused


def audited(connection: apsw.Connection) -> Iterator[Audited]:
    """Each job that is in the log or has a row, in the order of ids; and the database, if it is in the log."""
    rows_beside = _Rows(scanning.jobs(connection))
    for jid, events in groupby(scanning.events(connection), key=_jid):
        yield from map(_stray, rows_beside.before(jid))
        if jid == DATABASE:
            yield _database(events)
        else:
            yield _job(jid, events, rows_beside.of(jid))
    yield from map(_stray, rows_beside.rest())


class _Rows:
    """The rows of jobs, in the order of ids, given as the jobs come."""

    def __init__(self, found: Iterator[StoredJob | Finding]) -> None:
        self._found = found
        self._next = next(found, None)

    def before(self, jid: Xid | None) -> Iterator[StoredJob | Finding]:
        """Those that come before it: the log has no such jobs."""
        while self._next is not None and (self._next.jid is None or (jid is not None and self._next.jid < jid)):
            yield self._take()

    def of(self, jid: Xid | None) -> StoredJob | Finding | None:
        """That of a job."""
        return None if self._next is None or self._next.jid != jid else self._take()

    def rest(self) -> Iterator[StoredJob | Finding]:
        """Those that come behind all jobs of the log."""
        while self._next is not None:
            yield self._take()

    def _take(self) -> StoredJob | Finding:
        taken = self._next
        assert taken is not None
        self._next = next(self._found, None)
        return taken


def _jid(stored: StoredEvent | Finding) -> Xid | None:
    return stored.jid


def _stray(row: StoredJob | Finding) -> Proved:
    return Proved(row.jid, None, None, row)


def _database(events: Iterable[StoredEvent | Finding]) -> Paused | Unproved:
    proved = check_database(events)
    return Unproved(DATABASE, proved) if isinstance(proved, tuple) else Paused(dict(proved.paused))


def _job(
    jid: Xid | None, events: Iterable[StoredEvent | Finding], found: StoredJob | Finding | None
) -> Proved | Unproved:
    proved = check_job(events)
    if isinstance(proved, tuple):
        return Unproved(jid, proved)
    state = proved.job.state
    assert not isinstance(state, Absent)
    return Proved(jid, state_name(state), _row(proved), found)


def _row(proof: Proof) -> StoredJob | None:
    """The row of a job; None: it is over."""
    job, state = proof.job, proof.job.state
    if not isinstance(state, Scheduled | Started | Cancelling | Dead):
        return None
    columns = (*rows.job_terms(state, proof.enqueued_at), job.jid, job.seq, *rows.job_row(state, job))
    return StoredJob._make(columns)._replace(scheduled_at=proof.due)
