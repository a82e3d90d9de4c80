"""Writing: what can be done in one write transaction."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from typing import Final

import apsw

from adc.core.commands import KeyHolder
from adc.core.events import PayloadErased
from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.states import Cancelling, Dead, Scheduled, Started
from adc.core.transition import Snapshot, Transition
from adc.ports.store import Wanted
from adc.ports.trouble import VersionConflict
from adc.stores.appending import applied, entries
from adc.stores.sqlite import queries, rows
from adc.stores.sqlite.loading import as_json, load, wanted_bindings

_HAVE_A_ROW: Final = (Scheduled, Started, Cancelling, Dead)


class SqliteWriting:
    """The verbs of `Writing`, on a connection that is in a write transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        """Waiting jobs that are due by then, in the order of claims: level after level until there are enough."""
        found: list[Snapshot] = []
        bindings: rows.Bindings = {**wanted_bindings(wanted), "by": by}
        with closing(rows.levels(self._connection, queries.DUE_LEVELS, bindings)) as levels:
            for _, at_priority in groupby(levels, key=lambda level: level.priority):
                room = limit - len(found)
                same: list[Snapshot] = []
                for level in at_priority:
                    same += rows.snapshots(self._connection, queries.DUE_AT_LEVEL, (*level, by, room))
                found += sorted(same, key=_due_and_seq)[:room]
                if len(found) == limit:
                    break
        return tuple(found)

    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        """The jobs as they are."""
        return load(self._connection, jids)

    def payloads(self, jids: Sequence[Xid]) -> Mapping[Xid, bytes]:
        """The payloads of jobs."""
        found = rows.blobs_by_text(self._connection, queries.PAYLOADS, (as_json(jids),))
        return {Xid(jid): payload for jid, payload in found.items()}

    def holder(self, kind: str, key: str) -> KeyHolder | None:
        """The job that has this key."""
        found = rows.holder(self._connection, queries.HOLDER, (kind, key))
        if found is None:
            return None
        jid, terms = found
        return KeyHolder(jid, terms.payload.hash)

    def apply(self, transitions: Sequence[Transition]) -> None:
        """Append the events and write the rows, each kind of statement once for all of them."""
        happened = [each for each in transitions if each.events]
        if not happened:
            return
        try:
            self._apply(happened)
        except apsw.ConstraintError:
            self._raise_conflict(happened)
            raise

    def _apply(self, happened: Sequence[Transition]) -> None:
        seq = rows.number(self._connection, queries.LAST_SEQ) or 0
        log: list[rows.Row] = []
        jobs: list[tuple[Transition, Snapshot]] = []
        for each in happened:
            added = list(entries(each, seq + 1))
            seq += len(added)
            log += map(rows.event_row, added)
            jobs.append((each, applied(each, added[-1].recorded)))
        self._connection.executemany(queries.APPEND, log)
        self._write_rows(jobs)
        self._erase(each.before.jid for each in happened if isinstance(each.events[-1], PayloadErased))

    def _write_rows(self, jobs: Sequence[tuple[Transition, Snapshot]]) -> None:
        inserts: list[rows.Row] = []
        updates: list[rows.Row] = []
        deletes: list[rows.Row] = []
        for each, job in jobs:
            before, had_row = each.before, isinstance(each.before.state, _HAVE_A_ROW)
            if not isinstance(job.state, _HAVE_A_ROW):
                deletes += [(job.seq, before.version)] * had_row
            elif had_row:
                updates.append((*rows.job_row(job.state, job), job.seq, before.version))
            else:
                inserts.append(
                    (*rows.job_terms(job.state, each.events[0].at), job.jid, job.seq, *rows.job_row(job.state, job))
                )
        self._connection.executemany(queries.INSERT_JOB, inserts)
        self._change(queries.UPDATE_JOB, updates, jobs)
        self._change(queries.DELETE_JOB, deletes, jobs)

    def _change(self, query: str, changes: Sequence[rows.Row], jobs: Sequence[tuple[Transition, Snapshot]]) -> None:
        """Every change must find its row, at the version that it was decided from."""
        before = self._connection.total_changes()
        self._connection.executemany(query, changes)
        if self._connection.total_changes() - before != len(changes):
            self._raise_conflict([each for each, _ in jobs])

    def _raise_conflict(self, transitions: Sequence[Transition]) -> None:
        """Name the job that has moved on. The events before it may be written already: the transaction must end."""
        present = self.load([each.before.jid for each in transitions])
        for each in transitions:
            before = each.before
            if present[before.jid].version not in (before.version, before.version + len(each.events)):
                raise VersionConflict(before.jid, before.version)

    def _erase(self, jids: Iterable[Xid]) -> None:
        self._connection.executemany(queries.ERASE_BODIES, ((jid,) for jid in jids))


def _due_and_seq(job: Snapshot) -> tuple[Instant, int]:
    assert isinstance(job.state, Scheduled)
    return job.state.due, job.seq
