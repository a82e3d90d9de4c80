"""Outbox: jobs scheduled in a transaction of the application's own connection; both are committed, or neither is.

The process that does so opens the file by that connection's SQLite, and by no other: it has no `SqliteQueue` on it. Two
copies of SQLite in one process undo each other's locks, and lose commits. Runners are other processes.
"""

from adc import system
from adc.core.ids import Xid
from adc.core.names import name_of
from adc.core.outcome import Outcome
from adc.handling.cause import current_cause
from adc.kind import NewJob
from adc.ports.clock import Clock
from adc.ports.lent import Lent
from adc.refused import ScheduleRefused
from adc.scheduling import jid_or_raise, schedule_all
from adc.stores.lending import executing
from adc.stores.sqlite.borrowed import borrowed
from adc.stores.sqlite.lent_tables import make_on


def schedule(connection: Lent, job: NewJob, /, *, actor: str | None = None, clock: Clock | None = None) -> Xid:
    """Store a job in the transaction that a connection is in: of sqlite3, apsw, SQLAlchemy (or a session) or Django.

    If that is rolled back there is no job; once it is committed, runners see it at their next look. Gives the job's id,
    or that of the job that has its key and payload; raises Refused as `SqliteQueue.schedule` does. To schedule the same
    NewJob again is always safe. A connection that is in no transaction commits the job at once.

    What the connection raises is raised. Begin with BEGIN IMMEDIATE where the transaction reads before it writes: else
    SQLite may refuse the first write with SQLITE_BUSY, at once, and the transaction has to be run again.

    Raises a StoreTrouble for a file that isn't fit: NoQueue if it has no tables of adc (`make_tables` makes them),
    PastVersion, FutureVersion, ForeignFile, ReadOnlyArchive; MixedSqlite if this process has a queue on the file by
    another copy of SQLite. Whatever is raised here, nothing of the job is left in the
    transaction, and it can go on. `actor` and `clock` are as for `SqliteQueue.open`.
    """
    return jid_or_raise(job, try_schedule(connection, job, actor=actor, clock=clock))


def try_schedule(
    connection: Lent, job: NewJob, /, *, actor: str | None = None, clock: Clock | None = None
) -> Outcome[Xid, ScheduleRefused]:
    """`schedule`, with a refusal as a value. To drop the value is to drop the job: no checker sees it."""
    who = system.caller() if actor is None else name_of("actor", actor)
    clock = system.SystemClock() if clock is None else clock
    with borrowed(executing(connection)) as writing:
        (outcome,) = schedule_all(writing, ((job, current_cause()),), now=clock.now(), actor=who)
    return outcome


def make_tables(connection: Lent, /) -> None:
    """Make adc's tables, in the transaction that a connection is in; if they are there, nothing is done.

    For migrations of an application that runs them by its own connection. `SCHEMA_SQL` is the same as one text; tables
    whose SQL was formatted anew on the way, as `RunSQL` of Django does, aren't those of adc: such a file is refused.
    """
    make_on(executing(connection))
