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
    """Each job that is in the log, in the order of ids, and the database, if it is; then each row of no such job."""
    for jid, events in groupby(scanning.events(connection), key=_jid):
        if jid == DATABASE:
            yield _database(events)
        else:
            yield _job(connection, jid, events)
    for row in scanning.strays(connection):
        yield Proved(row.jid, None, None, row)


def _jid(stored: StoredEvent | Finding) -> Xid | None:
    return stored.jid


def _database(events: Iterable[StoredEvent | Finding]) -> Paused | Unproved:
    proved = check_database(events)
    return Unproved(DATABASE, proved) if isinstance(proved, tuple) else Paused(dict(proved.paused))


def _job(connection: apsw.Connection, jid: Xid | None, events: Iterable[StoredEvent | Finding]) -> Proved | Unproved:
    proved = check_job(events)
    if isinstance(proved, tuple):
        return Unproved(jid, proved)
    state = proved.job.state
    assert not isinstance(state, Absent)
    found = scanning.job(connection, proved.job.seq)
    return Proved(jid, state_name(state), _row(proved), found if found is None or found.jid == jid else None)


def _row(proof: Proof) -> StoredJob | None:
    """The row of a job; None: it is over."""
    job, state = proof.job, proof.job.state
    if not isinstance(state, Scheduled | Started | Cancelling | Dead):
        return None
    columns = (*rows.job_terms(state, proof.enqueued_at), job.jid, job.seq, *rows.job_row(state, job))
    return StoredJob._make(columns)._replace(scheduled_at=proof.due)
