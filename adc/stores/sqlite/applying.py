"""Applying: the events of transitions and the rows that they lead to, each kind of statement once for all of them."""

from collections.abc import Iterable, Sequence
from typing import Final

import apsw

from adc.codec.events import DamagedEvent
from adc.core.events import JobScheduled, PayloadErased
from adc.core.ids import Xid
from adc.core.states import Cancelling, Dead, Scheduled, Started
from adc.core.transition import Snapshot, Transition
from adc.ports.trouble import StoreDamaged, VersionConflict
from adc.stores.appending import applied, entries
from adc.stores.sqlite import queries, rows

_HAVE_A_ROW: Final = (Scheduled, Started, Cancelling, Dead)

MISLED: Final = "the row of its job isn't what its log leads to"


def apply(
    connection: apsw.Connection, path: str, transitions: Sequence[Transition], last: int
) -> tuple[list[Snapshot], int]:
    """Append the events and write the rows: the jobs to which something happened, as they are now; and the last place.

    `last` is the place of the latest event. Raises VersionConflict.

    Nothing is read that would tell of a conflict: the log refuses an event that it has, and a row that has another
    head isn't found. So when this raises, some of it is written, and the transaction must end.
    """
    happened = [each for each in transitions if each.events]
    if not happened:
        return [], last
    try:
        found, jobs, seq = _write(connection, happened, last)
    except apsw.ConstraintError as error:
        raise _explained(connection, path, happened, last) from error
    if not found:
        raise _explained(connection, path, happened, last)
    return jobs, seq


def _write(connection: apsw.Connection, happened: Sequence[Transition], last: int) -> tuple[bool, list[Snapshot], int]:
    """Whether each job was found as its transition expects it; the jobs as they are then, and the last place."""
    seq = last
    log: list[rows.Row] = []
    jobs: list[tuple[Transition, Snapshot]] = []
    for each in happened:
        added = entries(each, seq + 1)
        seq += len(added)
        log += map(rows.event_row, added)
        jobs.append((each, applied(each, added[-1].recorded)))
    connection.executemany(queries.APPEND, log)
    erased = [each.before for each in happened if isinstance(each.events[-1], PayloadErased)]
    found = _write_rows(connection, jobs) and _are_at_heads(connection, erased, last)
    for before in erased:
        connection.execute(queries.ERASE_BODIES, (before.jid,))
    return found, [job for _, job in jobs], seq


def _write_rows(connection: apsw.Connection, jobs: Sequence[tuple[Transition, Snapshot]]) -> bool:
    inserts: list[rows.Row] = []
    updates: list[rows.Row] = []
    deletes: list[rows.Row] = []
    for each, job in jobs:
        before, had_row = each.before, isinstance(each.before.state, _HAVE_A_ROW)
        if not isinstance(job.state, _HAVE_A_ROW):
            deletes += [(job.seq, before.head)] * had_row
        elif had_row:
            updates.append((*rows.job_row(job.state, job), job.seq, before.head))
        else:
            inserts.append(
                (*rows.job_terms(job.state, each.events[0].at), job.jid, job.seq, *rows.job_row(job.state, job))
            )
    if inserts:
        connection.executemany(queries.INSERT_JOB, inserts)
    return _change(connection, queries.UPDATE_JOB, updates) and _change(connection, queries.DELETE_JOB, deletes)


def _change(connection: apsw.Connection, query: str, changes: Sequence[rows.Row]) -> bool:
    """Whether every change found its row, at the head that it was decided from."""
    if not changes:
        return True
    before = connection.total_changes()
    connection.executemany(query, changes)
    return connection.total_changes() - before == len(changes)


def _are_at_heads(connection: apsw.Connection, erased: Iterable[Snapshot], last: int) -> bool:
    """A job that is over, to which nothing but Erase happens, has no row that could miss: its head is looked up."""
    over = (before for before in erased if not isinstance(before.state, _HAVE_A_ROW))
    return all(_head(connection, before.jid, last) == before.head for before in over)


def _explained(
    connection: apsw.Connection, path: str, happened: Sequence[Transition], last: int
) -> VersionConflict | DamagedEvent | StoreDamaged:
    """Which job has moved on, by the log as it was before. If none has, the rows don't agree with the log."""
    seen: set[Xid | tuple[str, str]] = set()
    for each in happened:
        before, first = each.before, each.events[0]
        if _is_misled(connection, before, last):
            return DamagedEvent(before.jid, before.seq, before.version, MISLED)
        if before.jid in seen or _head(connection, before.jid, last) != before.head:
            return VersionConflict(before.jid, before.version)
        seen.add(before.jid)
        if isinstance(first, JobScheduled) and first.terms.key is not None:
            held = first.terms.kind, first.terms.key
            if held in seen or rows.number(connection, queries.HOLDER_SEQ, (*held, last)) is not None:
                return VersionConflict(before.jid, before.version)
            seen.add(held)
    return StoreDamaged(path, "apply", "the rows of adc_jobs aren't what job_events leads to")


def _is_misled(connection: apsw.Connection, before: Snapshot, last: int) -> bool:
    """Whether the job is as its row says, which isn't what the log had."""
    row = rows.head(connection, queries.ROW, (before.seq,))
    if not before.seq or row != (before.version, before.head):
        return False
    return row != rows.head(connection, queries.HEAD_AS_OF, (before.jid, last))


def _head(connection: apsw.Connection, jid: Xid, last: int) -> bytes:
    return rows.head(connection, queries.HEAD_AS_OF, (jid, last))[1]
