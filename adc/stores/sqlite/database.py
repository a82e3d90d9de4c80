"""The database's own stream in a file: its events in the log, and the table `adc_paused` that they lead to."""

import apsw

from adc.core.database import DatabaseEvent, DatabaseSnapshot, DatabaseState, DatabaseTransition
from adc.core.ids import DATABASE
from adc.core.instants import Instant
from adc.core.transition import Recorded
from adc.ports.trouble import VersionConflict
from adc.stores.appending import database_entries
from adc.stores.sqlite import log_rows, queries, rows
from adc.stores.sqlite.settling import Trace
from adc.stores.sqlite.shapes import moment


def load_database(connection: apsw.Connection) -> DatabaseSnapshot:
    """The database as it is."""
    version, head = rows.head(connection, queries.HEAD, (DATABASE,))
    pruned = rows.number(connection, queries.PRUNED_EVENTS, (DATABASE,)) or 0
    return DatabaseSnapshot(DatabaseState(paused(connection), pruned), version, head)


def paused(connection: apsw.Connection) -> dict[str, Instant]:
    """The queues that are paused, and since when."""
    return {queue: moment(at) for queue, at in rows.numbers_by_text(connection, queries.PAUSED).items()}


def database_history(connection: apsw.Connection) -> tuple[Recorded[DatabaseEvent], ...]:
    """All events of the stream, in order."""
    return log_rows.database_recorded(connection, queries.HISTORY, (DATABASE,))


def apply_database(connection: apsw.Connection, transition: DatabaseTransition, last_seq: int) -> Trace | None:
    """Append the events and write what they lead to: the last event. VersionConflict comes before anything is done."""
    if not transition.events:
        return None
    before = transition.before
    if rows.head(connection, queries.HEAD, (DATABASE,)) != (before.version, before.head):
        raise VersionConflict(DATABASE, before.version)
    added = database_entries(transition, last_seq + 1)
    connection.executemany(queries.APPEND, map(rows.event_row, added))
    was, becomes = before.state.paused.items(), transition.after.paused.items()
    for queue, _ in was - becomes:
        connection.execute(queries.RESUME, (queue,))
    for queue, at in becomes - was:
        connection.execute(queries.PAUSE, (queue, at))
    last = added[-1].recorded
    return DATABASE, last.version, last.digest
