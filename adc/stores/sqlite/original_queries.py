"""Original queries: the tables of the Rust original, aide-de-camp, as its releases 0.1 to 0.3 have made them."""

from typing import Final


def _plain(column: str) -> str:
    """A cell as it is, but a text as its bytes: those tables aren't STRICT, and a text in them may not be UTF-8."""
    return f"CASE typeof({column}) WHEN 'text' THEN CAST({column} AS BLOB) ELSE {column} END"


def _columns(*columns: str) -> str:
    return ", ".join(map(_plain, columns))


HAS_PRIORITY: Final = "SELECT count(*) FROM pragma_table_info(?) WHERE name = 'priority'"

# In the order in which `originals` reads them.
_FIRST: Final = _columns("jid", "queue", "job_type", "payload", "retries", "scheduled_at", "started_at", "enqueued_at")
_SECOND: Final = _columns(
    "jid", "queue", "type_name", "payload", "retries", "scheduled_at", "started_at", "enqueued_at"
)
_PRIORITY: Final = _plain("priority")
_ERROR: Final = _columns("error_message", "error_context")

WITHOUT_PRIORITY: Final = {
    "adc_queue": f"SELECT {_FIRST}, 0, NULL, NULL, NULL FROM adc_queue ORDER BY rowid",
    "adc_dead_queue": f"SELECT {_FIRST}, 0, {_plain('died_at')}, NULL, NULL FROM adc_dead_queue ORDER BY rowid",
}
"""Release 0.1."""

JOBS: Final = {
    "adc_queue": f"SELECT {_FIRST}, {_PRIORITY}, NULL, NULL, NULL FROM adc_queue ORDER BY rowid",
    "adc_dead_queue": (
        f"SELECT {_FIRST}, {_PRIORITY}, {_plain('died_at')}, NULL, NULL FROM adc_dead_queue ORDER BY rowid"
    ),
    "adc_queue_v2": f"SELECT {_SECOND}, {_PRIORITY}, NULL, NULL, NULL FROM adc_queue_v2 ORDER BY rowid",
    "adc_dead_queue_v2": (
        f"SELECT {_SECOND}, {_PRIORITY}, {_plain('died_at')}, {_ERROR} FROM adc_dead_queue_v2 ORDER BY rowid"
    ),
}
"""By table, in the order of insertion."""

CRON_JOBS: Final = "SELECT count(*) FROM adc_cron_jobs_v2"
