"""Looking: one page of jobs, from their rows or, if jobs that are over belong to it, from the log."""

from collections.abc import Mapping
from typing import Final

import apsw

from adc.core.ids import DATABASE
from adc.core.states import Absent, StateName
from adc.core.transition import Snapshot
from adc.ports.store import Look
from adc.stores.sqlite import queries, rows
from adc.stores.sqlite.loading import load, xids
from adc.stores.sqlite.shapes import Misshapen

_ENDED_BY: Final[Mapping[StateName, str]] = {"done": "JobDone", "cancelled": "JobCancelled"}
"""The event that ends a job in each state that has no row."""


def look(connection: apsw.Connection, wanted: Look) -> tuple[Snapshot, ...]:
    """One page of jobs, in the order of insertion."""
    after = 0 if wanted.after in (None, DATABASE) else rows.number(connection, queries.FIRST_SEQ, (wanted.after,)) or 0
    bindings = {"after": after, "kind": wanted.kind, "queue": wanted.queue, "limit": wanted.limit}
    if wanted.state == "dead" and wanted.due_before is None:
        return rows.snapshots(connection, queries.LOOK_DEAD, bindings)
    ended_by = None if wanted.state is None else _ENDED_BY.get(wanted.state)
    if wanted.due_before is not None or (wanted.state is not None and ended_by is None):
        live = {**bindings, "state": wanted.state, "due_before": wanted.due_before}
        return rows.snapshots(connection, queries.LOOK_LIVE, live)
    found = xids(rows.texts(connection, queries.LOOK_LOG, {**bindings, "ended_by": ended_by}))
    jobs = load(connection, found)
    for jid in found:
        if isinstance(jobs[jid].state, Absent):
            raise Misshapen(f"the log has job {jid} at one place, and by its index it has no such job")
    return tuple(jobs[jid] for jid in found)
