"""Migrations: the schema as numbered steps, each atomic. A released step is never edited; a change is a new one.

Everything of adc is named `adc_*` or `job_events`, so that a queue can share its file with an application's own tables.
Other programs read these tables, so they stay within what SQLite 3.40 understands.
"""

from typing import Final

FIRST: Final = """
CREATE TABLE adc_meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The truth: what happened, in order. Times are microseconds since 1970, UTC.
CREATE TABLE job_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    jid TEXT NOT NULL,
    version INTEGER NOT NULL,          -- its place among the job's events, from 1
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    type_version INTEGER NOT NULL,
    actor TEXT NOT NULL,               -- which runner, command line or caller
    cause TEXT,                        -- job:<jid>#<version> or request:<text>
    data TEXT NOT NULL,                -- the event as JSON
    body BLOB,                         -- the payload (JobScheduled) or the result (JobDone)
    job_type TEXT,                     -- JobScheduled only, and so is key
    key TEXT,
    digest BLOB NOT NULL,              -- chains the job's events
    UNIQUE (jid, version)
) STRICT;
CREATE UNIQUE INDEX job_events_key ON job_events (job_type, key) WHERE key IS NOT NULL;
CREATE INDEX job_events_ended ON job_events (type, at) WHERE type IN ('JobDone', 'JobCancelled');

-- INSERT OR REPLACE passes triggers on UPDATE and DELETE: hence a guard before each INSERT.
CREATE TRIGGER job_events_insert BEFORE INSERT ON job_events
WHEN EXISTS (SELECT 1 FROM job_events WHERE seq = new.seq)
    OR EXISTS (SELECT 1 FROM job_events WHERE jid = new.jid AND version = new.version)
    OR (new.key IS NOT NULL AND EXISTS (SELECT 1 FROM job_events WHERE job_type = new.job_type AND key = new.key))
BEGIN
    SELECT raise(ABORT, 'job_events is append-only: this event exists');
END;
CREATE TRIGGER job_events_update BEFORE UPDATE ON job_events
WHEN new.body IS NOT NULL
    OR (new.seq, new.jid, new.version, new.at, new.type, new.type_version, new.actor, new.data, new.digest)
        IS NOT (old.seq, old.jid, old.version, old.at, old.type, old.type_version, old.actor, old.data, old.digest)
    OR (new.cause, new.job_type, new.key) IS NOT (old.cause, old.job_type, old.key)
    OR NOT EXISTS (SELECT 1 FROM job_events WHERE jid = old.jid AND type = 'PayloadErased')
BEGIN
    SELECT raise(ABORT, 'job_events is append-only: only the bodies of an erased job can be removed');
END;
CREATE TRIGGER job_events_delete BEFORE DELETE ON job_events
BEGIN
    SELECT raise(ABORT, 'job_events is append-only');
END;

-- Every job that isn't over, as the fold of its events. No time limit, no retry policy: those are in its first event.
CREATE TABLE adc_jobs (
    seq INTEGER PRIMARY KEY,           -- that of its JobScheduled event
    jid TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    job_type TEXT NOT NULL,
    payload_version INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    scheduled_at INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    started_at INTEGER,                -- NULL: it waits, or is dead
    attempt INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    runner TEXT,
    cancel_asked_at INTEGER,
    died_at INTEGER,                   -- a dead letter, and so is reason
    reason TEXT,
    version INTEGER NOT NULL,          -- how many events it has
    head BLOB NOT NULL                 -- the digest of the last one
) STRICT;
CREATE INDEX adc_queue_jobs ON adc_jobs (queue, job_type, payload_version, priority DESC, scheduled_at)
    WHERE started_at IS NULL AND died_at IS NULL;
CREATE INDEX adc_dead_jobs ON adc_jobs (seq) WHERE died_at IS NOT NULL;

-- One row a runner, while it runs: outside the fold.
CREATE TABLE adc_runners (
    runner TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    lease INTEGER NOT NULL             -- microseconds
) STRICT, WITHOUT ROWID;

-- The tables of the original, for whoever reads them.
CREATE VIEW adc_queue AS
    SELECT j.jid, j.queue, j.job_type, e.body AS payload, j.retries, j.scheduled_at, j.started_at, j.enqueued_at,
        j.priority
    FROM adc_jobs AS j JOIN job_events AS e ON e.seq = j.seq WHERE j.died_at IS NULL;
CREATE VIEW adc_dead_queue AS
    SELECT j.jid, j.queue, j.job_type, e.body AS payload, j.retries, j.scheduled_at, j.started_at, j.enqueued_at,
        j.priority, j.died_at
    FROM adc_jobs AS j JOIN job_events AS e ON e.seq = j.seq WHERE j.died_at IS NOT NULL;
"""

SECOND: Final = """
DROP TABLE adc_runners;

-- One row a runner, while it runs: outside the fold. Its signs of life are in the side file, in the place of its slot.
CREATE TABLE adc_runners (
    slot INTEGER PRIMARY KEY AUTOINCREMENT,    -- never used again
    runner TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    driver TEXT NOT NULL,
    queues TEXT NOT NULL,                      -- JSON: the names
    kinds TEXT NOT NULL,                       -- JSON: names and payload versions
    started_at INTEGER NOT NULL,
    lease INTEGER,                             -- microseconds; NULL: it gives no beats
    side_file TEXT NOT NULL                    -- which side file has its signs
) STRICT;
CREATE INDEX adc_held_jobs ON adc_jobs (runner) WHERE runner IS NOT NULL;

-- The queues from which nothing is claimed: the fold of the database's own events, of the jid 00000000000000000000.
CREATE TABLE adc_paused (
    queue TEXT PRIMARY KEY,
    at INTEGER NOT NULL                        -- since when
) STRICT, WITHOUT ROWID;
"""

THIRD: Final = """
-- The number of the last event that was written, where that event is gone: it is never used again.
INSERT OR REPLACE INTO adc_meta (key, value)
    SELECT 'last_seq', CAST(max(seq) AS TEXT) FROM sqlite_sequence
    WHERE name = 'job_events' AND typeof(seq) = 'integer'
    GROUP BY name HAVING max(seq) > coalesce((SELECT max(seq) FROM job_events), 0);

-- The log without AUTOINCREMENT, which writes one page more in each transaction.
-- ALTER TABLE would refuse a file in which an application has a view of the log, and writes its SQL in its own way.
CREATE TABLE adc_kept_events AS SELECT * FROM job_events;
DROP TABLE job_events;

-- The truth: what happened, in order. Times are microseconds since 1970, UTC.
CREATE TABLE job_events (
    seq INTEGER PRIMARY KEY,           -- never used again: the last event in the log is never taken out of it
    jid TEXT NOT NULL,
    version INTEGER NOT NULL,          -- its place among the job's events, from 1
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    type_version INTEGER NOT NULL,
    actor TEXT NOT NULL,               -- which runner, command line or caller
    cause TEXT,                        -- job:<jid>#<version> or request:<text>
    data TEXT NOT NULL,                -- the event as JSON, without its time
    body BLOB,                         -- the payload (JobScheduled) or the result (JobDone)
    job_type TEXT,                     -- JobScheduled only, and so is key
    key TEXT,
    digest BLOB NOT NULL,              -- chains the job's events
    UNIQUE (jid, version)
) STRICT;
CREATE UNIQUE INDEX job_events_key ON job_events (job_type, key) WHERE key IS NOT NULL;
CREATE INDEX job_events_done ON job_events (at) WHERE type = 'JobDone';
CREATE INDEX job_events_cancelled ON job_events (at) WHERE type = 'JobCancelled';
INSERT INTO job_events SELECT * FROM adc_kept_events;
DROP TABLE adc_kept_events;

-- INSERT OR REPLACE passes triggers on UPDATE and DELETE: hence a guard before each INSERT.
CREATE TRIGGER job_events_insert BEFORE INSERT ON job_events
WHEN EXISTS (SELECT 1 FROM job_events WHERE seq = new.seq)
    OR EXISTS (SELECT 1 FROM job_events WHERE jid = new.jid AND version = new.version)
    OR (new.key IS NOT NULL AND EXISTS (SELECT 1 FROM job_events WHERE job_type = new.job_type AND key = new.key))
BEGIN
    SELECT raise(ABORT, 'job_events is append-only: this event exists');
END;
CREATE TRIGGER job_events_update BEFORE UPDATE ON job_events
WHEN new.body IS NOT NULL
    OR (new.seq, new.jid, new.version, new.at, new.type, new.type_version, new.actor, new.data, new.digest)
        IS NOT (old.seq, old.jid, old.version, old.at, old.type, old.type_version, old.actor, old.data, old.digest)
    OR (new.cause, new.job_type, new.key) IS NOT (old.cause, old.job_type, old.key)
    OR NOT EXISTS (SELECT 1 FROM job_events WHERE jid = old.jid AND type = 'PayloadErased')
BEGIN
    SELECT raise(ABORT, 'job_events is append-only: only the bodies of an erased job can be removed');
END;
CREATE TRIGGER job_events_delete BEFORE DELETE ON job_events
BEGIN
    SELECT raise(ABORT, 'job_events is append-only');
END;

-- The jobs without an index by their ids, so that one less is written.
CREATE TABLE adc_kept_jobs AS SELECT * FROM adc_jobs;
DROP TABLE adc_jobs;

-- Every job that isn't over, as the fold of its events. No time limit, no retry policy: those are in its first event.
CREATE TABLE adc_jobs (
    seq INTEGER PRIMARY KEY,           -- that of its JobScheduled event
    jid TEXT NOT NULL,                 -- not indexed: the index of its first event leads here
    queue TEXT NOT NULL,
    job_type TEXT NOT NULL,
    payload_version INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    scheduled_at INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    started_at INTEGER,                -- NULL: it waits, or is dead
    attempt INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    runner TEXT,
    cancel_asked_at INTEGER,
    died_at INTEGER,                   -- a dead letter, and so is reason
    reason TEXT,
    version INTEGER NOT NULL,          -- how many events it has
    head BLOB NOT NULL                 -- the digest of the last one
) STRICT;
CREATE INDEX adc_queue_jobs ON adc_jobs (queue, job_type, payload_version, priority DESC, scheduled_at)
    WHERE started_at IS NULL AND died_at IS NULL;
CREATE INDEX adc_dead_jobs ON adc_jobs (seq) WHERE died_at IS NOT NULL;
CREATE INDEX adc_held_jobs ON adc_jobs (runner) WHERE runner IS NOT NULL;
INSERT INTO adc_jobs SELECT * FROM adc_kept_jobs;
DROP TABLE adc_kept_jobs;

DROP VIEW adc_queue;
DROP VIEW adc_dead_queue;
-- The tables of the original, for whoever reads them.
CREATE VIEW adc_queue AS
    SELECT e.jid, j.queue, j.job_type, e.body AS payload, j.retries, j.scheduled_at, j.started_at, j.enqueued_at,
        j.priority
    FROM adc_jobs AS j JOIN job_events AS e ON e.seq = j.seq WHERE j.died_at IS NULL;
CREATE VIEW adc_dead_queue AS
    SELECT e.jid, j.queue, j.job_type, e.body AS payload, j.retries, j.scheduled_at, j.started_at, j.enqueued_at,
        j.priority, j.died_at
    FROM adc_jobs AS j JOIN job_events AS e ON e.seq = j.seq WHERE j.died_at IS NOT NULL;
"""

ARCHIVE: Final = """
-- In an archive keys aren't unique: they are free again once their jobs are pruned, and come again.
DROP TRIGGER job_events_insert;
DROP INDEX job_events_key;
CREATE INDEX job_events_key ON job_events (job_type, key) WHERE key IS NOT NULL;
CREATE TRIGGER job_events_insert BEFORE INSERT ON job_events
WHEN EXISTS (SELECT 1 FROM job_events WHERE seq = new.seq)
    OR EXISTS (SELECT 1 FROM job_events WHERE jid = new.jid AND version = new.version)
BEGIN
    SELECT raise(ABORT, 'job_events is append-only: this event exists');
END;
"""
"""What an archive of pruned jobs has otherwise than a queue: to be run behind the migrations."""


def of_archive(migration: str) -> str:
    """A step for an archive that there is: in its rows keys come again."""
    return migration.replace("CREATE UNIQUE INDEX job_events_key", "CREATE INDEX job_events_key")


MIGRATIONS: Final = (FIRST, SECOND, THIRD)
"""Step n takes a file from format n to n + 1; a file without adc's tables has format 0."""

FORMAT: Final = len(MIGRATIONS)
"""The format that this adc reads and writes."""

MIN_READER: Final = 3
"""The earliest format whose adc can read a file of this one."""

APPLICATION_ID: Final = 0x61646330  # "adc0", for file(1); only on files that adc created

_WRITE_FORMAT: Final = f"""
INSERT INTO adc_meta (key, value) VALUES ('format', '{FORMAT}'), ('min_reader', '{MIN_READER}');
"""  # noqa: S608 - constants

SCHEMA_SQL: Final = "".join((*MIGRATIONS, _WRITE_FORMAT))
"""All of adc's tables, triggers and views as SQL, for whoever makes them by other means than `SqliteQueue.open`."""
