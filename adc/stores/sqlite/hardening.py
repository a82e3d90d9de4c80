"""Hardening: what SQLite does for a file's sake is off on adc's own connections: the file may be anybody's work.

It comes before the first read, since reading a schema already runs what stands in it. See https://sqlite.org/security.html.
"""

from typing import Final

import apsw

LONGEST: Final = 256 * 1024 * 1024
"""The most bytes that one value or row may have: a payload, or the ids of all jobs of a bulk as JSON."""

# Triggers stay on: the guard of the log is made of them. Those of others are refused.
_SWITCHES: Final = (
    (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
    (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
    (apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 0),  # an application's ON DELETE CASCADE must do nothing here
    (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, 0),
    (apsw.SQLITE_DBCONFIG_DQS_DDL, 0),
    (apsw.SQLITE_DBCONFIG_DQS_DML, 0),
    # Plans that don't look at bound values: else a claim is planned anew each time, which costs more than running it.
    (apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1),
)
# What an application may need for its own tables stays as it is: SQLite reads their SQL here too.
_LIMITS: Final = (
    (apsw.SQLITE_LIMIT_LENGTH, LONGEST),
    (apsw.SQLITE_LIMIT_SQL_LENGTH, 1_000_000),
    (apsw.SQLITE_LIMIT_ATTACHED, 0),
    (apsw.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (apsw.SQLITE_LIMIT_WORKER_THREADS, 0),
)


def harden(connection: apsw.Connection) -> None:
    """Switch off what adc doesn't need, and bound the rest."""
    for switch, value in _SWITCHES:
        connection.config(switch, value)
    for limit, value in _LIMITS:
        connection.limit(limit, value)
