"""Opening: a connection to a file that is adc's, in the format of this adc; every other file is left as it was."""

from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Final, Literal, TypeAlias

import apsw

from adc import system
from adc.core.instants import Span, timedelta_of
from adc.ports.trouble import ForeignFile, FutureVersion, StoreBusy
from adc.stores.sqlite import queries, rows
from adc.stores.sqlite.migrations import FORMAT, MIGRATIONS
from adc.stores.sqlite.store import SqliteStore
from adc.stores.sqlite.troubles import trouble_of

Durability: TypeAlias = Literal["full", "normal"]

APPLICATION_ID: Final = 0x61646330  # "adc0", for file(1); only on files that adc created
MIN_READER: Final = 1
BUSY_STEP: Final = 0.001
"""Seconds between two tries for a lock. SQLite's own busy timeout sleeps up to 100 ms, and lets writers starve."""

# Set on adc's own connection only: apsw.bestpractice changes all connections of the process.
_PRAGMAS: Final = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA temp_store = MEMORY",
)
# FULL: with NORMAL a power cut takes acknowledged commits along (a third of all simulated ones lost one).
_SYNCHRONOUS: Final[dict[Durability, str]] = {
    "full": "PRAGMA synchronous = FULL",
    "normal": "PRAGMA synchronous = NORMAL",
}


def open_store(path: str, durability: Durability, budget: Span) -> SqliteStore:
    """A store on the file, which is made if it isn't there; raises a StoreTrouble."""
    named = path if path == ":memory:" else str(Path(path).absolute())
    return SqliteStore(open_connection(named, durability, budget), named)


def open_connection(path: str, durability: Durability, budget: Span) -> apsw.Connection:
    """A connection that is ready for the store; raises a StoreTrouble.

    The whole opening is tried again on a busy file, within the budget: when several processes open a new file at once
    SQLite answers some of them with BUSY without calling the busy handler.
    """
    tries = max(1, int(timedelta_of(budget).total_seconds() / BUSY_STEP))
    for _ in range(tries - 1):
        try:
            return _open(path, durability, tries)
        except StoreBusy:
            sleep(BUSY_STEP)
    return _open(path, durability, tries)


def _open(path: str, durability: Durability, tries: int) -> apsw.Connection:
    try:
        connection = apsw.Connection(path)
    except apsw.Error as error:
        raise trouble_of(error, path, "open") from error
    try:
        connection.set_busy_handler(_busy_handler(tries))
        _refuse_foreign(connection, path)
        _configure(connection, durability)
        _migrate(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, (apsw.Error, UnicodeDecodeError)):
            raise trouble_of(error, path, "open") from error
        raise
    return connection


def _busy_handler(tries: int) -> Callable[[int], bool]:
    def try_again(tried: int) -> bool:
        sleep(BUSY_STEP)
        return tried < tries

    return try_again


def _refuse_foreign(connection: apsw.Connection, path: str) -> None:
    """Before the first write: even the switch to WAL would change a file that isn't ours."""
    tables = rows.texts(connection, queries.ADC_TABLES)
    if "adc_queue" in tables:
        raise ForeignFile(
            path, "open", "adc_queue is a table here, so this is a file of the Rust original, aide-de-camp"
        )
    if tables and "adc_meta" not in tables:
        raise ForeignFile(path, "open", f"it has a table {tables[0]}, but no adc_meta")
    if tables and _format(connection) > FORMAT:
        raise FutureVersion(path, "open", f"its format is {_format(connection)}, this adc knows formats up to {FORMAT}")


def _configure(connection: apsw.Connection, durability: Durability) -> None:
    if not rows.number(connection, "PRAGMA page_count"):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # ignored once the file has a page: so before WAL
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute(_SYNCHRONOUS[durability])
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchall()


def _migrate(connection: apsw.Connection, path: str) -> None:
    if rows.texts(connection, queries.ADC_TABLES) and _format(connection) == FORMAT:
        return
    connection.execute(queries.BEGIN)
    try:
        _refuse_foreign(connection, path)  # again, now that nobody else can write
        _run_migrations(connection)
        connection.execute(queries.COMMIT)
    except BaseException:
        if connection.in_transaction:
            connection.execute(queries.ROLLBACK)
        raise


def _run_migrations(connection: apsw.Connection) -> None:
    if not rows.number(connection, queries.COUNT_OBJECTS):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    present = _format(connection) if rows.texts(connection, queries.ADC_TABLES) else 0
    for migration in MIGRATIONS[present:]:
        connection.execute(migration)
    connection.execute(queries.WRITE_FORMAT, (str(FORMAT),))
    connection.execute(queries.WRITE_MIN_READER, (str(MIN_READER),))
    connection.execute(queries.WRITE_DATABASE_ID, (system.new_database_id(),))


def _format(connection: apsw.Connection) -> int:
    return int(rows.text(connection, queries.READ_FORMAT) or 0)
