"""Shapes: files with a backlog, made by SQL alone, since a million jobs one by one would take their time."""

import os
from pathlib import Path
from typing import Final, NamedTuple

import apsw

import adc
from adc.codec.events import body_of, encode_event
from adc.codec.timed import without_time
from adc.core.events import JobScheduled
from adc.core.instants import Instant
from adc.core.terms import Terms

NOW: Final = Instant(1_795_000_000_000_000)
LATER: Final = Instant(NOW + 10 * 365 * 86_400 * 1_000_000)


class Shape(NamedTuple):
    """A backlog: SQL terms over `n`, from 0, for each job's columns."""

    name: str
    kind: str = "'invoice'"
    priority: str = "0"
    due: str = f"{NOW}"
    kinds: tuple[str, ...] = ("invoice",)
    """Those that the runner handles."""
    some_due: bool = False
    """Whether there are jobs to claim beside the backlog, of kind invoice and priority 0."""
    is_log: bool = False
    """Whether the jobs are over, and only the log is long."""


MANY: Final = tuple(f"kind{n}" for n in range(50))
SHAPES: Final = (
    Shape("all due"),
    Shape("256 priorities", priority="n % 256 - 128"),
    Shape("future at high priority", priority="100", due=f"{LATER}", some_due=True),
    Shape("a foreign kind", kind="'foreign'", some_due=True),
    Shape("50 kinds x 10 priorities", kind="'kind' || (n % 50)", priority="n / 50 % 10", kinds=MANY),
    Shape("a long log", some_due=True, is_log=True),
)
NOTHING_DUE: Final = (
    Shape("nothing due, 256 priorities", priority="n % 256 - 128", due=f"{LATER}"),
    Shape(
        "nothing due, 50 kinds x 10 priorities",
        kind="'kind' || (n % 50)",
        priority="n / 50 % 10",
        due=f"{LATER}",
        kinds=MANY,
    ),
)

_SCHEDULED: Final = without_time(encode_event(JobScheduled(NOW, Terms("\x01", body_of(b"x" * 100)), NOW)))
"""With a mark where the kind belongs."""
_NUMBERS: Final = "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :size)"
_EVENTS: Final = f"""{_NUMBERS}
INSERT INTO job_events (seq, jid, version, at, type, type_version, actor, data, body, job_type, digest)
SELECT :first + n, printf('%020d', :first + n), 1, {NOW}, 'JobScheduled', 1, 'me',
    replace(:data, '\\u0001', {{kind}}), :payload, {{kind}}, zeroblob(16) FROM numbers
"""
_ENDS: Final = f"""{_NUMBERS}
INSERT INTO job_events (seq, jid, version, at, type, type_version, actor, data, digest)
SELECT :first + n, printf('%020d', n + 1), 2, {NOW}, 'JobCancelled', 1, 'me', '{{{{"how":"waiting"}}}}',
    zeroblob(16) FROM numbers
"""
_JOBS: Final = f"""{_NUMBERS}
INSERT INTO adc_jobs (seq, jid, queue, job_type, payload_version, priority, scheduled_at, enqueued_at, attempt, retries,
    crashes, version, head)
SELECT :first + n, printf('%020d', :first + n), 'default', {{kind}}, 1, {{priority}}, {{due}}, {NOW}, 0, 0, 0, 1,
    zeroblob(16) FROM numbers
"""


def make(path: Path, shape: Shape, size: int, to_claim: int) -> None:
    """A file with such a backlog, of jobs or of events; and if none of it can be claimed, so many jobs more."""
    adc.SqliteQueue.open(path).close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")
    guard: str = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'job_events_insert'").get
    connection.execute("BEGIN; DROP TRIGGER job_events_insert")  # it looks for each of a million events
    if shape.is_log:
        _insert(connection, _EVENTS, shape, 1, size // 2)
        _insert(connection, _ENDS, shape, 1 + size // 2, size // 2)
    else:
        _insert(connection, _EVENTS, shape, 1, size)
        _insert(connection, _JOBS, shape, 1, size)
    if shape.some_due:
        for insert in (_EVENTS, _JOBS):
            _insert(connection, insert, Shape("to claim"), 1 + size, to_claim)
    connection.execute(f"{guard}; COMMIT")
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    os.sync()  # else the first sync of what is measured has all of this to write


def _insert(connection: apsw.Connection, sql: str, shape: Shape, first: int, size: int) -> None:
    text = sql.format(kind=shape.kind, priority=shape.priority, due=shape.due)
    bound = {"size": size, "first": first, "data": _SCHEDULED, "payload": b"x" * 100}
    names = {name: value for name, value in bound.items() if f":{name}" in text}
    connection.execute(text, names)
