"""Scrubbing: the log of commits beside a file, which has the bytes as they were before they were erased, is emptied.

In the file itself they are overwritten at once: `PRAGMA secure_delete`.
"""

from contextlib import suppress
from typing import Final

import apsw

from adc.core.instants import Span
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.opening import REST, open_connection, rest
from adc.stores.sqlite.troubles import typed

BUDGET: Final = Span(200_000)
"""How long it waits for those who read how it was before; meanwhile nobody can write."""


def scrub_file(path: str) -> bool:
    """Whether -wal is empty now; False: others still read from it, or write."""
    connection = open_connection(path, "full", BUDGET, "refuse")
    try:
        with typed(path, "checkpoint"):
            return _checkpointed(connection)
    finally:
        custody_of(connection, path).close(connection)


def _checkpointed(connection: apsw.Connection) -> bool:
    """While another connection makes a checkpoint SQLite waits for nothing: so it is tried again, within one budget."""
    left = iter(range(BUDGET // REST))

    def wait(_: int = 0) -> bool:
        if next(left, None) is None:
            return False
        rest()
        return True

    connection.set_busy_handler(wait)
    with suppress(apsw.BusyError):  # nobody waits for this one, and little is left to the next
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    while True:
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            if not wait():
                return False
        else:
            return True
