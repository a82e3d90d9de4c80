"""Unguarded: a while in which a connection may take events out of the log, as no other may, and may do no more."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final, TypeAlias

import apsw

Deed: TypeAlias = tuple[int, str | None]
"""What a statement does, by SQLite's number for it, and to which table."""

_READS: Final = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_TRANSACTION})
_PRAGMAS: Final = frozenset({"auto_vacuum", "freelist_count", "incremental_vacuum"})

TAKES: Final[frozenset[Deed]] = frozenset({(apsw.SQLITE_INSERT, "job_events"), (apsw.SQLITE_DELETE, "job_events")})
"""What a prune does to the queue: it appends what it has taken."""
KEEPS: Final[frozenset[Deed]] = TAKES | {(apsw.SQLITE_UPDATE, "adc_meta")}
"""What it does to the archive, which counts its events."""


@contextmanager
def unguarded(connection: apsw.Connection, deeds: frozenset[Deed] = TAKES) -> Generator[None, None, None]:
    """Within, no trigger runs for what this connection does, and it can't do anything else than these deeds.

    SQLite asks when a statement is prepared, so this costs nothing as it runs. Other connections aren't concerned.
    """

    def allows(deed: int, first: str | None, _: str | None, __: str | None, ___: str | None) -> int:
        allowed = deed in _READS or (deed, first) in deeds or (deed == apsw.SQLITE_PRAGMA and first in _PRAGMAS)
        return apsw.SQLITE_OK if allowed else apsw.SQLITE_DENY

    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.authorizer = allows
    try:
        yield
    finally:
        with suppress(apsw.ConnectionClosedError):  # no longer used, after a sync that failed
            connection.authorizer = None
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 1)
