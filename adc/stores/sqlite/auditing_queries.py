"""Auditing queries: the SQL by which a file is checked and its log is copied; it believes nothing of what it reads."""

from typing import Final

# A read transaction: all that follows sees one moment. The connection can't write, so nothing can come of it but reads.
BEGIN_READING: Final = "SAVEPOINT reading"
END_READING: Final = "RELEASE reading"

INTEGRITY: Final = "PRAGMA integrity_check(100)"
SCHEMA: Final = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
META: Final = "SELECT key, value FROM adc_meta"
COUNT_JOBS: Final = "SELECT count(*) FROM adc_jobs"
COUNT_RUNNERS: Final = "SELECT count(*) FROM adc_runners"
COUNT_EVENTS: Final = "SELECT count(*), min(seq), max(seq) FROM job_events"

# All events, job by job. By the index: a sort would need as much memory as there are events. The columns are in the
# order of `StoredEvent`.
EVENT: Final = """
SELECT seq, jid, version, at, type, type_version, actor, cause, data, body, job_type, key, digest FROM job_events
"""
_BY_JOB: Final = "INDEXED BY sqlite_autoindex_job_events_1"
EVENTS_BY_JOB: Final = f"{EVENT} {_BY_JOB} ORDER BY jid, version"
EVENTS_BY_SEQ: Final = f"{EVENT} ORDER BY seq"

# The row at a place. The columns are in the order of INSERT_JOB.
JOB: Final = """
SELECT queue, job_type, payload_version, enqueued_at, jid, seq, version, head, priority, scheduled_at,
    started_at, attempt, retries, crashes, runner, cancel_asked_at, died_at, reason
FROM adc_jobs WHERE seq = ?
"""
JID: Final = "SELECT CAST(jid AS BLOB) FROM adc_jobs WHERE seq = ?"
# The places of rows where the log has no such job.
STRAYS: Final = """
SELECT j.seq FROM adc_jobs AS j
WHERE NOT EXISTS (
    SELECT 1 FROM job_events AS s
    WHERE s.seq = j.seq AND +s.jid = j.jid AND +s.version = 1 AND +s.type = 'JobScheduled'
)
ORDER BY j.seq
"""

# Which event it is, of which a text can't be read: so many rows behind the last one that could.
EVENT_BEHIND: Final = f"""
SELECT seq, CAST(jid AS BLOB) FROM job_events {_BY_JOB}
WHERE (jid, version) > (?, ?) ORDER BY jid, version LIMIT 1 OFFSET ?
"""
# What counted the events up to format 2.
SEQUENCE: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'job_events'"
PAUSED: Final = "SELECT queue, at FROM adc_paused"
PRUNED: Final = "SELECT seq, version, type_version, at, data FROM job_events WHERE jid = ? AND type = 'Pruned'"

# Rebuilding. The number of the last event that was written stays, even if that event is gone: so it is seen that it is.
KEEP_LAST_SEQ: Final = "INSERT INTO adc_meta (key, value) VALUES ('last_seq', CAST(? AS TEXT))"
KEEP_DATABASE_ID: Final = "UPDATE adc_meta SET value = ? WHERE key = 'database_id'"
DELETE_ROW: Final = "DELETE FROM adc_jobs WHERE seq = ?"
DELETE_PAUSED: Final = "DELETE FROM adc_paused"

# A backup has nobody who runs jobs in it.
STRIKE_ALL: Final = "DELETE FROM adc_runners"
