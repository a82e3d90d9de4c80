"""Examining: a connection that only reads a file, which may be damaged, and leaves it as it is."""

import os.path
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import apsw

from adc.core.instants import Span
from adc.ports.trouble import NoQueue
from adc.stores.sqlite import auditing_queries as queries
from adc.stores.sqlite.authorizing import EXAMINES, Deed, authorize
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.forks import connect, turn_to_open
from adc.stores.sqlite.hardening import harden
from adc.stores.sqlite.troubles import typed

BUDGET: Final = Span(10_000_000)
"""How long it waits for locks; readers seldom have to."""

_PRAGMAS: Final = (
    "PRAGMA query_only = ON",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -65536",  # 64 MiB: ids that aren't in the order of the log lead all over the file
)


@contextmanager
def examined(
    path: str, budget: Span = BUDGET, deeds: frozenset[Deed] = EXAMINES
) -> Generator[apsw.Connection, None, None]:
    """A connection in a read transaction; raises NoQueue for no file, and what SQLite says of one that it can't open.

    It is opened for reading and writing where that is allowed, since only such a connection takes its -wal and -shm
    along when it is the last one; but it can't write. A log of commits that a crash has left beside the file stays.
    """
    if not os.path.exists(path):  # noqa: PTH110  pathlib would cost 4 ms of each import of adc
        raise NoQueue(path, "open", "no such file")
    with turn_to_open(path), typed(path, "open"):
        connection = connect(path)
    try:
        with typed(path, "open"):
            _set_up(connection, path, budget, deeds)
        yield connection
    finally:
        custody_of(connection, path).close(connection)


def _set_up(connection: apsw.Connection, path: str, budget: Span, deeds: frozenset[Deed]) -> None:
    connection.set_busy_timeout(budget // 1_000)
    harden(connection)
    log = f"{path}-wal"
    if os.path.exists(log) and os.path.getsize(log):  # noqa: PTH110, PTH202  as above
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchall()
    authorize(connection, deeds)
    connection.execute(queries.BEGIN_READING)
