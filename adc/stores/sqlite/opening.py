"""Opening: a connection to a file that is adc's, in the format of this adc; every other file is left as it was."""

import os.path
from collections.abc import Callable, Collection
from time import sleep
from typing import Final, Literal, TypeAlias, get_args

import apsw

from adc.core.instants import SECOND, Span
from adc.ports.trouble import CannotOpen, NoQueue, StoreBusy
from adc.stores.memory_signs import MemorySigns
from adc.stores.memory_wakeup import MemoryWakeup
from adc.stores.sqlite import pages, rows
from adc.stores.sqlite.authorizing import WRITES, Deed, authorize
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.descriptors import numbers_of
from adc.stores.sqlite.doorway import Risk, admit, let_in
from adc.stores.sqlite.forks import connect, turn_to_open
from adc.stores.sqlite.hardening import harden
from adc.stores.sqlite.migrating import migrate, refuse_foreign, refuse_other_archive
from adc.stores.sqlite.side_file import SideFile
from adc.stores.sqlite.sockets import Sockets
from adc.stores.sqlite.store import SqliteStore
from adc.stores.sqlite.troubles import typed
from adc.stores.sqlite.unchanging import refuse_foreign_leftover, unchanging

Durability: TypeAlias = Literal["full", "normal"]
Missing: TypeAlias = Literal["make", "refuse"]
"""What to do where there is no queue yet."""

BusyHandler: TypeAlias = Callable[[int], bool]
"""Called while the file is locked, with how often it was before: whether to try again."""

IN_MEMORY: Final = ":memory:"

BUSY_STEP: Final = Span(1_000)
"""Between two tries for a lock. SQLite's own busy timeout sleeps up to 100 ms, and lets writers starve."""

REST: Final = Span(2 * BUSY_STEP)
"""Between two transactions of one that has many."""

WRITTEN_BACK: Final = 4 << 20
"""The bytes that come together in -wal before SQLite writes them back, and waits for the disk: as many as with pages of
4,096. While a -wal grows, each commit at `full` takes longer than when it is written over."""

# Set on adc's own connection only: apsw.bestpractice changes all connections of the process.
_PRAGMAS: Final = (
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",  # else what was erased stays readable in free pages; its cost is lost in the noise
)
# FULL: with NORMAL a power cut takes acknowledged commits along (a third of all simulated ones lost one).
_SYNCHRONOUS: Final[dict[Durability, str]] = {
    "full": "PRAGMA synchronous = FULL",
    "normal": "PRAGMA synchronous = NORMAL",
}


def open_store(
    path: str, durability: Durability, budget: Span, missing: Missing = "make", allow: Collection[Risk] = ()
) -> SqliteStore:
    """A store on the file; raises a StoreTrouble, or ValueError for a choice that there isn't.

    `budget` is how long the opening, and later each transaction, waits for locks. `allow` lets in what would be refused
    with UnsafeFile.
    """
    if durability not in get_args(Durability):
        raise ValueError(f"expected the durability 'full' or 'normal', got {durability!r}")
    if missing not in get_args(Missing):
        raise ValueError(f"expected missing to be 'make' or 'refuse', got {missing!r}")
    named = path if path == IN_MEMORY else os.path.abspath(path)  # noqa: PTH100  pathlib would cost 4 ms of each import of adc
    let_in(named, allow)
    connection = open_connection(named, durability, budget, missing)
    if named == IN_MEMORY:
        return SqliteStore(connection, named, MemorySigns(), MemoryWakeup())

    def reopen() -> apsw.Connection:
        return open_connection(named, durability, budget, "refuse")

    return SqliteStore(connection, named, SideFile(named), Sockets(named), reopen)


def open_connection(
    path: str,
    durability: Durability,
    budget: Span,
    missing: Missing = "make",
    archive_of: str | None = None,
    deeds: frozenset[Deed] = WRITES,
) -> apsw.Connection:
    """A connection that is ready for the store, and can do no more than these deeds; raises a StoreTrouble.

    With `archive_of`, the id of a database, it is one to the archive of that; WrongArchive if it isn't that.

    The whole opening is tried again on a busy file: when several processes open a new file at once SQLite answers some
    of them with BUSY without calling the busy handler. All of it waits within one budget.
    """
    steps = budget // BUSY_STEP
    left = iter(range(steps))

    def wait(_: int = 0) -> bool:
        return next(left, None) is not None and _slept()

    while True:
        try:
            connection = _open(path, durability, wait, missing, archive_of)
        except StoreBusy:
            if not wait():
                raise
        else:
            connection.set_busy_handler(lambda tried: tried < steps and _slept())
            authorize(connection, deeds)
            return connection


def rest() -> None:
    """Let others have a lock that they wait for: they try each BUSY_STEP."""
    sleep(REST / SECOND)


def _open(
    path: str, durability: Durability, wait: BusyHandler, missing: Missing, archive_of: str | None
) -> apsw.Connection:
    if missing == "refuse" and path != IN_MEMORY and not os.path.exists(path):  # noqa: PTH110  as above
        raise NoQueue(path, "open", "no such file")
    with turn_to_open(path), typed(path, "open"):
        real = None if path == IN_MEMORY else admit(path, make=missing == "make")
        if real is not None:
            refuse_foreign_leftover(path, real)
        connection = connect(path, real)
        custody = custody_of(connection, path)
        before = numbers_of(connection.filename_wal)
        try:
            harden(connection)
            connection.set_busy_handler(wait)
            with unchanging(connection):
                present = refuse_foreign(connection, path)
                if present == 0 and missing == "refuse":
                    raise NoQueue(path, "open", "there is no queue of adc in this file")
                if present and archive_of is not None:
                    refuse_other_archive(connection, path, archive_of)
            configure(connection, path, durability)
            migrate(connection, path, archive_of=archive_of)
            if archive_of is not None:
                refuse_other_archive(connection, path, archive_of)  # another process may have made it meanwhile
            custody.watch(connection, before)
        except BaseException:
            custody.close(connection)
            raise
    return connection


def configure(connection: apsw.Connection, path: str, durability: Durability) -> None:
    """WAL, and what else the store counts on; raises CannotOpen where WAL isn't possible."""
    if not rows.number(connection, "PRAGMA page_count"):
        # Ignored once the file has a page, so before WAL; and the size once anything else was set.
        connection.execute(f"PRAGMA page_size = {pages.PAGE}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    mode = rows.text(connection, "PRAGMA journal_mode = WAL")
    if mode not in {"wal", "memory"}:
        raise CannotOpen(
            path, "open", f"WAL isn't possible here (the journal mode stays {mode}), as on a network drive"
        )
    connection.execute(_SYNCHRONOUS[durability])
    connection.wal_autocheckpoint(WRITTEN_BACK // (rows.number(connection, pages.PAGE_SIZE) or pages.PAGE))
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchall()


def _slept() -> bool:
    sleep(BUSY_STEP / SECOND)
    return True
