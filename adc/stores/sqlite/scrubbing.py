"""Scrubbing: the log of commits beside a file, which has the bytes as they were before they were erased, is emptied.

In the file itself they are overwritten at once: `PRAGMA secure_delete`.
"""

from typing import Final

import apsw

from adc.core.instants import Span
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.opening import open_connection
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
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return False
    return True
