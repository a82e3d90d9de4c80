"""Files of the Rust original, as its releases make them: tables, and rows with the values that their encoders write."""

import json
from pathlib import Path
from typing import Final

import apsw

FIRST: Final = """
CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS adc_queue (
    jid TEXT PRIMARY KEY, queue TEXT NOT NULL default 'default', job_type TEXT not null, payload blob not null,
    retries int not null default 0, scheduled_at INTEGER not null, started_at INTEGER,
    enqueued_at INTEGER not null default (strftime('%s', 'now'))
);
CREATE TABLE IF NOT EXISTS adc_dead_queue (
    jid TEXT PRIMARY KEY, queue TEXT NOT NULL, job_type TEXT not null, payload blob not null, retries int not null,
    scheduled_at INTEGER not null, started_at INTEGER not null, enqueued_at INTEGER not null,
    died_at INTEGER not null default (strftime('%s', 'now'))
);
CREATE INDEX IF NOT EXISTS adc_queue_jobs ON adc_queue (scheduled_at asc, started_at asc, queue, job_type);
"""
PRIORITIES: Final = """
ALTER table adc_queue ADD COLUMN priority tinyint default 0;
ALTER table adc_dead_queue ADD COLUMN priority tinyint default 0;
"""
SECOND: Final = """
CREATE TABLE IF NOT EXISTS adc_queue_v2 (
    jid BLOB PRIMARY KEY NOT NULL, queue TEXT NOT NULL DEFAULT 'default', type_hash INTEGER NOT NULL,
    type_name TEXT NOT NULL, payload TEXT NOT NULL, retries INTEGER NOT NULL DEFAULT 0, scheduled_at INTEGER NOT NULL,
    started_at INTEGER, enqueued_at INTEGER NOT NULL, priority INTEGER NOT NULL DEFAULT 0,
    CHECK (retries >= 0), CHECK (priority >= -128 AND priority <= 127), CHECK (length(jid) = 16)
);
CREATE TABLE IF NOT EXISTS adc_dead_queue_v2 (
    jid BLOB PRIMARY KEY NOT NULL, queue TEXT NOT NULL, type_hash INTEGER NOT NULL, type_name TEXT NOT NULL,
    payload TEXT NOT NULL, retries INTEGER NOT NULL, scheduled_at INTEGER NOT NULL, started_at INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL, died_at INTEGER NOT NULL, priority INTEGER NOT NULL, error_message TEXT,
    error_context TEXT, CHECK (length(jid) = 16)
);
CREATE TABLE IF NOT EXISTS adc_cron_jobs_v2 (
    cron_id BLOB PRIMARY KEY NOT NULL, queue TEXT NOT NULL DEFAULT 'default', type_hash INTEGER NOT NULL,
    type_name TEXT NOT NULL, payload TEXT NOT NULL, cron_expression TEXT NOT NULL,
    next_execution_at INTEGER NOT NULL, enabled INTEGER NOT NULL DEFAULT 1
);
"""

XIDS: Final = ("ce5g6hm1qhm0g9v7l4q0", "ce5g6hm1qhm0g9v7l4qg", "ce5g6hm1qhm0g9v7l4r0", "ce5g6hm1qhm0g9v7l4rg")
BINCODE: Final = b"\x07\x00\x00\x00\x00\xff\x00'"
UUIDS: Final = (bytes.fromhex("01930f2c7a1b7c3d8e4f5a6b7c8d9e0f"), bytes.fromhex("01930f2c7a1b7c3d8e4f5a6b7c8d9e10"))
JSON: Final = '{"customer":7,"note":"\u00e9\u2028\\u0000"}'
CONTEXT: Final = json.dumps({"error_message": "no \u00e9", "job_type": "shop::Mail", "retry_count": 3})


def make(path: Path, script: str, *rows: tuple[str, tuple[object, ...]]) -> Path:
    """A file, made by a script and rows."""
    connection = apsw.Connection(str(path))
    connection.execute(script)
    for statement, values in rows:
        connection.execute(statement, values)
    connection.close()
    return path


OPEN: Final = (
    "INSERT INTO adc_queue (jid, queue, job_type, payload, retries, scheduled_at, started_at, enqueued_at, priority) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
DEAD: Final = (
    "INSERT INTO adc_dead_queue (jid, queue, job_type, payload, retries, scheduled_at, started_at, enqueued_at, "
    "priority, died_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
OPEN_2: Final = "INSERT INTO adc_queue_v2 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
DEAD_2: Final = "INSERT INTO adc_dead_queue_v2 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
CRON_2: Final = "INSERT INTO adc_cron_jobs_v2 VALUES (?, 'default', 5, 'shop::Report', '{}', '0 0 6 * * *', 7, 1)"


def release_1(path: Path) -> Path:
    """Without priorities: one that waits."""
    statement = "INSERT INTO adc_queue (jid, job_type, payload, scheduled_at) VALUES (?, 'shop::Invoice', ?, ?)"
    return make(path, FIRST, (statement, (XIDS[0], BINCODE, "2022-12-01T10:00:00+00:00")))


def release_2(path: Path) -> Path:
    """One that waits, one that was left running, one whose id is none, and a dead one that is in both tables."""
    due = "2022-12-01T10:00:00.123456789+00:00"
    return make(
        path,
        FIRST + PRIORITIES,
        (OPEN, (XIDS[0], "default", "shop::Invoice", BINCODE, 0, due, None, 1669888800, None)),
        (OPEN, (XIDS[1], "slow", "shop::Invoice", BINCODE, 2, due, 1669888900, 1669888801, -5)),
        (OPEN, ("job-1", "default", "shop::Invoice", b"", 0, due, None, 1669888802, 0)),
        (OPEN, (XIDS[2], "default", "shop::Mail", BINCODE, 3, due, 1669888900, 1669888803, 0)),
        (DEAD, (XIDS[2], "default", "shop::Mail", BINCODE, 3, due, 1669888900, 1669888803, 0, 1669888999)),
        (DEAD, (XIDS[3], "default", "shop::Mail", BINCODE, 1, due, 1669888901, 1669888804, 127, 1669888998)),
    )


def release_3(path: Path) -> Path:
    """One that waits, a dead one with its error, a cron job; and one of release 0.2, which nobody runs any more."""
    rows = (
        (OPEN_2, (UUIDS[0], "default", 17, "shop::Invoice", JSON, 1, 1731600000123, None, 1731599999001, 9)),
        (
            DEAD_2,
            (
                *(UUIDS[1], "default", -9, "shop::Mail", JSON, 3, 1731600000124, 1731600001000, 1731599999002),
                *(1731600002000, 0, "no \u00e9", CONTEXT),
            ),
        ),
        (CRON_2, (bytes(16),)),
        (OPEN, (XIDS[0], "default", "shop::Invoice", BINCODE, 0, "2022-12-01T10:00:00+00:00", None, 1669888800, 0)),
    )
    return make(path, FIRST + PRIORITIES + SECOND, *rows)
