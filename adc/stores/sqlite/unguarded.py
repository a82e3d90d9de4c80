"""Unguarded: a while in which a connection may take events out of the log, as no other may, and may do no more."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

import apsw

from adc.stores.sqlite.authorizing import READS, Deed, authorize
from adc.stores.sqlite.pages import AT_ONCE

GIVES_BACK: Final[frozenset[Deed]] = READS | {(apsw.SQLITE_PRAGMA, "incremental_vacuum", str(AT_ONCE))}
"""What compacting does: it makes the file smaller by free pages."""
TAKES: Final[frozenset[Deed]] = GIVES_BACK | {
    (apsw.SQLITE_INSERT, "job_events", None),
    (apsw.SQLITE_DELETE, "job_events", None),
}
"""What a prune does to the queue: it appends what it has taken, and gives pages back."""
KEEPS: Final[frozenset[Deed]] = TAKES | {(apsw.SQLITE_UPDATE, "adc_meta", "value")}
"""What it does to the archive, which counts its events."""


@contextmanager
def unguarded(connection: apsw.Connection, deeds: frozenset[Deed] = TAKES) -> Generator[None, None, None]:
    """Within, no trigger runs for what this connection does, and it can't do anything else than these deeds.

    Other connections aren't concerned.
    """
    before = connection.authorizer
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    authorize(connection, deeds)
    try:
        yield
    finally:
        with suppress(apsw.ConnectionClosedError):  # no longer used, after a sync that failed
            connection.authorizer = before
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 1)
