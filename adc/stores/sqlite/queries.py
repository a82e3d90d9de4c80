"""Queries: all the SQL of the store, as constants."""

from typing import Final

# The file:

# What bears a name of adc, or stands on one of its tables. Names are compared as SQLite does: without their case.
OBJECTS: Final = """
SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND (
    lower(tbl_name) IN ('adc_meta', 'job_events', 'adc_jobs', 'adc_runners', 'adc_paused', 'adc_queue',
        'adc_dead_queue')
    OR lower(name) IN ('job_events_key', 'job_events_done', 'job_events_cancelled', 'job_events_insert',
        'job_events_update', 'job_events_delete', 'adc_queue_jobs', 'adc_dead_jobs', 'adc_held_jobs')
)
"""
# Tables and indexes that are in one place, so that what is written to one changes another.
SHARED_PAGES: Final = """
SELECT name FROM sqlite_schema WHERE rootpage <> 0 GROUP BY rootpage HAVING count(*) > 1
"""
# The tables of the Rust original; views in our files, or nothing.
ORIGINALS: Final = """
SELECT lower(name) FROM sqlite_schema WHERE type = 'table' AND lower(name) IN
    ('adc_queue', 'adc_dead_queue', 'adc_queue_v2', 'adc_dead_queue_v2', 'adc_cron_jobs_v2')
"""
COUNT_OBJECTS: Final = "SELECT count(*) FROM sqlite_schema"
READ_FORMAT: Final = "SELECT value FROM adc_meta WHERE key = 'format'"
WRITE_FORMAT: Final = "INSERT INTO adc_meta (key, value) VALUES ('format', ?) ON CONFLICT DO UPDATE SET value = ?1"
WRITE_MIN_READER: Final = (
    "INSERT INTO adc_meta (key, value) VALUES ('min_reader', ?) ON CONFLICT DO UPDATE SET value = ?1"
)
WRITE_DATABASE_ID: Final = "INSERT INTO adc_meta (key, value) VALUES ('database_id', ?) ON CONFLICT DO NOTHING"
READ_DATABASE_ID: Final = "SELECT value FROM adc_meta WHERE key = 'database_id'"
READ_ARCHIVE_OF: Final = "SELECT value FROM adc_meta WHERE key = 'archive_of'"
MAKE_ARCHIVE: Final = "INSERT INTO adc_meta (key, value) VALUES ('archive_of', ?), ('archived_events', '0')"

BEGIN: Final = "BEGIN IMMEDIATE"
COMMIT: Final = "COMMIT"
ROLLBACK: Final = "ROLLBACK"
# Together they change nothing, but are written: over what there is of a commit that failed. SQLite doesn't write what
# an UPDATE leaves as it is.
TOUCH: Final = "INSERT INTO adc_meta (key, value) VALUES ('touched', '')"
UNTOUCH: Final = "DELETE FROM adc_meta WHERE key = 'touched'"

# Jobs:
# A snapshot's columns are in the order that `rows.snapshot` reads. Its terms are in its first event, the data of which
# is joined by seq: an integer look-up; if it is missing, that is damage, to be told and not skipped: hence LEFT JOIN.
# CROSS JOIN is SQLite's way to say which table comes first, whatever ANALYZE found.

_SNAPSHOT: Final = """
SELECT j.jid, j.seq, j.version, j.head, j.priority, j.scheduled_at, j.started_at, j.attempt, j.retries, j.crashes,
    j.runner, j.cancel_asked_at, j.died_at, j.reason, e.type_version, e.at, e.data
"""
# Of that very job: the plus lets SQLite look it up by seq only, which is cheaper.
_FIRST_EVENT: Final = "LEFT JOIN job_events AS e ON e.seq = j.seq AND +e.jid = j.jid"

# By id: the log's index of first events leads to the place. A row of another job there is none of this one's.
LOAD: Final = f"""{_SNAPSHOT}
FROM json_each(?) AS wanted CROSS JOIN job_events AS e ON e.jid = wanted.value AND e.version = 1
CROSS JOIN adc_jobs AS j ON j.seq = e.seq AND j.jid = e.jid
"""
# To claim is to have the payload too, which is in the same row of the log.
BY_SEQ: Final = f"""{_SNAPSHOT}, e.body
FROM json_each(?) AS wanted CROSS JOIN adc_jobs AS j ON j.seq = wanted.value {_FIRST_EVENT}
"""
JID_IN_HEX: Final = "SELECT hex(jid) FROM adc_jobs WHERE seq = ?"
HEADS: Final = "SELECT j.seq, j.head FROM json_each(?) AS wanted CROSS JOIN adc_jobs AS j ON j.seq = wanted.value"

# The claim index, level by level: a level is a (queue, kind, payload version) at one of its priorities, highest first.
# A step to the next level is one look-up, so a million jobs of one level, of other kinds or not yet due cost nothing.
# A queue that is paused has no levels.
_LEVELS: Final = """
WITH RECURSIVE level (queue, job_type, payload_version, priority) AS (
    SELECT q.value, k.value ->> 0, k.value ->> 1, (
        SELECT j.priority FROM adc_jobs AS j
        WHERE j.started_at IS NULL AND j.died_at IS NULL
            AND j.queue = q.value AND j.job_type = k.value ->> 0 AND j.payload_version = k.value ->> 1
        ORDER BY j.priority DESC LIMIT 1
    )
    FROM json_each(:queues) AS q CROSS JOIN json_each(:kinds) AS k
    WHERE NOT EXISTS (SELECT 1 FROM adc_paused AS p WHERE p.queue = q.value)
    UNION ALL
    SELECT level.queue, level.job_type, level.payload_version, (
        SELECT j.priority FROM adc_jobs AS j
        WHERE j.started_at IS NULL AND j.died_at IS NULL
            AND j.queue = level.queue AND j.job_type = level.job_type AND j.payload_version = level.payload_version
            AND j.priority < level.priority
        ORDER BY j.priority DESC LIMIT 1
    )
    FROM level WHERE level.priority IS NOT NULL
    ORDER BY 4 DESC
)
"""
# The levels that have a due job. Read lazily: lower levels are walked only when they are needed.
DUE_LEVELS: Final = f"""{_LEVELS}
SELECT queue, job_type, payload_version, priority FROM level
WHERE priority IS NOT NULL AND EXISTS (
    SELECT 1 FROM adc_jobs AS j
    WHERE j.started_at IS NULL AND j.died_at IS NULL
        AND j.queue = level.queue AND j.job_type = level.job_type AND j.payload_version = level.payload_version
        AND j.priority = level.priority AND j.scheduled_at <= :by
)
"""
# Only the keys, by which the jobs of several levels are merged: most of them won't be among the first.
DUE_AT_LEVEL: Final = """
SELECT j.scheduled_at, j.seq FROM adc_jobs AS j
WHERE j.started_at IS NULL AND j.died_at IS NULL
    AND j.queue = ? AND j.job_type = ? AND j.payload_version = ? AND j.priority = ? AND j.scheduled_at <= ?
ORDER BY j.scheduled_at, j.seq LIMIT ?
"""
# Where one kind of one queue is wanted, one statement has all jobs that are due at its highest priority, and another
# one tells whether more wait below.
_WAIT: Final = """j.started_at IS NULL AND j.died_at IS NULL
    AND j.queue = :queue AND j.job_type = :kind AND j.payload_version = :version"""
_TOP: Final = """(
        SELECT t.priority FROM adc_jobs AS t
        WHERE t.started_at IS NULL AND t.died_at IS NULL
            AND t.queue = :queue AND t.job_type = :kind AND t.payload_version = :version
        ORDER BY t.priority DESC LIMIT 1
    )"""
DUE_AT_TOP: Final = f"""{_SNAPSHOT}, e.body
FROM adc_jobs AS j {_FIRST_EVENT}
WHERE {_WAIT}
    AND j.priority = {_TOP}
    AND j.scheduled_at <= :by AND NOT EXISTS (SELECT 1 FROM adc_paused AS p WHERE p.queue = :queue)
ORDER BY j.scheduled_at, j.seq LIMIT :limit
"""
WAITS_BELOW: Final = f"""
SELECT 1 FROM adc_jobs AS j
WHERE {_WAIT}
    AND j.priority < {_TOP}
LIMIT 1
"""

NEXT_DUE: Final = f"""{_LEVELS}
SELECT min((
    SELECT j.scheduled_at FROM adc_jobs AS j
    WHERE j.started_at IS NULL AND j.died_at IS NULL
        AND j.queue = level.queue AND j.job_type = level.job_type AND j.payload_version = level.payload_version
        AND j.priority = level.priority
    ORDER BY j.scheduled_at LIMIT 1
)) FROM level WHERE priority IS NOT NULL
"""

AHEAD: Final = """
SELECT count(*) FROM (
    SELECT 1 FROM adc_jobs AS j INDEXED BY adc_queue_jobs
    WHERE j.started_at IS NULL AND j.died_at IS NULL AND j.queue = :queue AND j.scheduled_at <= :by
        AND (-j.priority, j.scheduled_at, j.seq) < (-:priority, :due, :seq)
    LIMIT :limit
)
"""

INSERT_JOB: Final = """
INSERT INTO adc_jobs (queue, job_type, payload_version, enqueued_at, jid, seq, version, head, priority, scheduled_at,
    started_at, attempt, retries, crashes, runner, cancel_asked_at, died_at, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# A started or dead job keeps the due time that it had.
UPDATE_JOB: Final = """
UPDATE adc_jobs SET version = ?, head = ?, priority = ?, scheduled_at = coalesce(?, scheduled_at), started_at = ?,
    attempt = ?, retries = ?, crashes = ?, runner = ?, cancel_asked_at = ?, died_at = ?, reason = ?
WHERE seq = ? AND head = ?
"""
DELETE_JOB: Final = "DELETE FROM adc_jobs WHERE seq = ? AND head = ?"

_STATE: Final = """
CASE WHEN j.died_at IS NOT NULL THEN 'dead' WHEN j.cancel_asked_at IS NOT NULL THEN 'cancelling'
    WHEN j.started_at IS NOT NULL THEN 'started' ELSE 'scheduled' END
"""
LOOK_LIVE: Final = f"""{_SNAPSHOT}
FROM adc_jobs AS j {_FIRST_EVENT}
WHERE j.seq > :after
    AND (:kind IS NULL OR j.job_type = :kind)
    AND (:queue IS NULL OR j.queue = :queue)
    AND (:state IS NULL OR {_STATE} = :state)
    AND (:due_before IS NULL OR (j.scheduled_at < :due_before AND j.started_at IS NULL AND j.died_at IS NULL))
ORDER BY j.seq LIMIT :limit
"""
LOOK_DEAD: Final = f"""{_SNAPSHOT}
FROM adc_jobs AS j {_FIRST_EVENT}
WHERE j.died_at IS NOT NULL AND j.seq > :after
    AND (:kind IS NULL OR j.job_type = :kind)
    AND (:queue IS NULL OR j.queue = :queue)
ORDER BY j.seq LIMIT :limit
"""
# All jobs that were ever scheduled, or those that an event of one type ended. What isn't JSON is damage: it is found,
# so that loading it can tell.
LOOK_LOG: Final = """
SELECT s.jid FROM job_events AS s
WHERE s.type = 'JobScheduled' AND s.seq > :after
    AND (:kind IS NULL OR s.job_type = :kind)
    AND (:queue IS NULL OR NOT json_valid(s.data) OR coalesce(s.data ->> '$.terms.queue', 'default') = :queue)
    AND (:ended_by IS NULL OR EXISTS (SELECT 1 FROM job_events AS f WHERE f.jid = s.jid AND f.type = :ended_by))
ORDER BY s.seq LIMIT :limit
"""
# One statement, so that a job isn't counted on both sides, or on neither, while another process ends it.
COUNTS: Final = f"""
SELECT {_STATE}, count(*) FROM adc_jobs AS j GROUP BY 1
UNION ALL
SELECT 'done', count(*) FROM job_events INDEXED BY job_events_done WHERE type = 'JobDone'
UNION ALL
SELECT 'cancelled', count(*) FROM job_events INDEXED BY job_events_cancelled WHERE type = 'JobCancelled'
"""

# The log:
# An event's columns are in the order that `log_rows` reads.

_EVENT: Final = "SELECT seq, jid, version, at, type, type_version, actor, cause, data, digest FROM job_events"
HISTORY: Final = f"{_EVENT} WHERE jid = ? ORDER BY version"
EVENTS: Final = f"{_EVENT} WHERE seq > ? ORDER BY seq LIMIT ?"
HISTORIES: Final = f"{_EVENT} WHERE jid IN (SELECT value FROM json_each(?)) ORDER BY jid, version"
FIRST_SEQ: Final = "SELECT seq FROM job_events WHERE jid = ? AND version = 1"
BODY: Final = "SELECT body FROM job_events WHERE jid = ? AND version = ?"
PAYLOADS: Final = """
SELECT e.jid, e.body
FROM json_each(?) AS wanted CROSS JOIN job_events AS e ON e.jid = wanted.value AND e.version = 1
WHERE e.body IS NOT NULL
"""
HOLDER: Final = "SELECT jid, seq, type_version, at, data FROM job_events WHERE job_type = ? AND key = ?"
HOLDER_SEQ: Final = "SELECT seq FROM job_events WHERE job_type = ? AND key = ? AND seq <= ?"
HEAD: Final = "SELECT version, digest FROM job_events WHERE jid = ? ORDER BY version DESC LIMIT 1"
ROW: Final = "SELECT version, head FROM adc_jobs WHERE seq = ?"
HEAD_AS_OF: Final = "SELECT version, digest FROM job_events WHERE jid = ? AND seq <= ? ORDER BY version DESC LIMIT 1"
DIGEST: Final = "SELECT digest FROM job_events WHERE jid = ? AND version = ?"
# Of the last event in the log, or of one behind it that was lost, if a rebuild or a migration found that.
_LAST_SEQ: Final = """max(0, coalesce((SELECT max(seq) FROM job_events), 0),
    coalesce((SELECT CAST(value AS INTEGER) FROM adc_meta WHERE key = 'last_seq'), 0))
"""
LAST_SEQ: Final = f"SELECT {_LAST_SEQ}"
# What a write transaction must know before all else. One statement for all of it costs half of what three do.
STANDING: Final = f"""
SELECT (SELECT value FROM adc_meta WHERE key = 'min_reader'), (SELECT value FROM adc_meta WHERE key = 'archive_of'),
    {_LAST_SEQ}
"""
APPEND: Final = """
INSERT INTO job_events (seq, jid, version, at, type, type_version, actor, cause, data, body, job_type, key, digest)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ERASE_BODIES: Final = "UPDATE job_events SET body = NULL WHERE jid = ? AND body IS NOT NULL"

# The database:

PAUSED: Final = "SELECT queue, at FROM adc_paused"
PAUSE: Final = "INSERT INTO adc_paused (queue, at) VALUES (?, ?)"
RESUME: Final = "DELETE FROM adc_paused WHERE queue = ?"
PRUNED_EVENTS: Final = "SELECT sum(data ->> '$.events') FROM job_events WHERE jid = ? AND type = 'Pruned'"

# Runners:

LAST_SLOT: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'adc_runners'"
ENROL: Final = """
INSERT INTO adc_runners (slot, runner, host, pid, boot_id, driver, queues, kinds, started_at, lease, side_file)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
STRIKE: Final = "DELETE FROM adc_runners WHERE runner = ?"
# One that holds jobs stays on the roll, so that others find that it is gone.
RESIGN: Final = "DELETE FROM adc_runners WHERE runner = ? AND NOT EXISTS (SELECT 1 FROM adc_jobs WHERE runner = ?1)"
IS_ENROLLED: Final = "SELECT 1 FROM adc_runners WHERE runner = ?"
PLACE: Final = "SELECT runner, slot, boot_id, lease, side_file FROM adc_runners WHERE runner = ?"
# The runners that are on the roll, then those that hold jobs and aren't.
PLACES: Final = """
SELECT runner, slot, boot_id, lease, side_file FROM adc_runners
UNION ALL
SELECT j.runner, NULL, NULL, NULL, NULL FROM adc_jobs AS j
WHERE j.runner IS NOT NULL
GROUP BY j.runner HAVING NOT EXISTS (SELECT 1 FROM adc_runners AS r WHERE r.runner = j.runner)
"""
ROLL: Final = """
SELECT slot, runner, host, pid, boot_id, driver, queues, kinds, started_at, lease, side_file,
    (SELECT count(*) FROM adc_jobs AS j WHERE j.runner = r.runner)
FROM adc_runners AS r ORDER BY slot
"""
LISTED: Final = "SELECT slot, runner, queues, kinds FROM adc_runners WHERE side_file = ? ORDER BY slot"
HELD_BY: Final = "SELECT jid FROM adc_jobs WHERE runner = ? ORDER BY seq LIMIT ?"
HOLDING: Final = "SELECT jid, cancel_asked_at IS NOT NULL FROM adc_jobs WHERE runner = ?"
