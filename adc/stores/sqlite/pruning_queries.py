"""Pruning queries: the SQL by which events leave the log, and the only statement that takes any out of it."""

from typing import Final

from adc.stores.sqlite.auditing_queries import EVENT as _EVENT

# The events that ended jobs before a moment, in the order of time, behind a place. The index has to be named, or
# ANALYZE may find that few are behind.
_BEHIND: Final = "at < ? AND (at, seq) > (?, ?) ORDER BY at, seq LIMIT ?"
DONE_BEFORE: Final = f"""
SELECT at, seq FROM job_events INDEXED BY job_events_done WHERE type = 'JobDone' AND {_BEHIND}
"""
CANCELLED_BEFORE: Final = f"""
SELECT at, seq FROM job_events INDEXED BY job_events_cancelled WHERE type = 'JobCancelled' AND {_BEHIND}
"""

# All events of the job that has an event; and of jobs, by their ids.
EVENTS_BESIDE: Final = f"{_EVENT} WHERE jid = (SELECT jid FROM job_events WHERE seq = ?) ORDER BY version"
EVENTS_OF: Final = f"{_EVENT} WHERE jid IN (SELECT value FROM json_each(?)) ORDER BY jid, version"

# Where the histories of jobs end, of those that are in the log and have no row.
ENDS: Final = """
SELECT e.jid, e.version, e.digest
FROM json_each(?) AS wanted CROSS JOIN job_events AS e ON e.jid = wanted.value
WHERE e.version = (SELECT max(version) FROM job_events WHERE jid = wanted.value)
    AND NOT EXISTS (
        SELECT 1 FROM adc_jobs WHERE seq = (SELECT seq FROM job_events WHERE jid = wanted.value AND version = 1)
    )
"""
TAKE: Final = """
DELETE FROM job_events INDEXED BY sqlite_autoindex_job_events_1 WHERE jid IN (SELECT value FROM json_each(?))
"""

# The archive:

COUNT_ARCHIVED: Final = """
UPDATE adc_meta SET value = CAST(value + ? AS TEXT) WHERE key = 'archived_events'
"""
