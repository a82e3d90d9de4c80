"""Then: a job as it was, after so many of its events or at a moment."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from adc.cli import records
from adc.cli.ending import Complaint
from adc.cli.parameters import Read
from adc.cli.sentences import when
from adc.cli.tables import show_fields
from adc.cli.times import moment_of, stamp
from adc.core.ids import Xid
from adc.core.instants import datetime_of, instant_of
from adc.core.transition import Recorded
from adc.history import as_of, version_at
from adc.reading import JobRow, job_row
from adc.system import SystemClock

Then: TypeAlias = int | datetime
"""After so many events, or at a moment."""


def then_of(text: str) -> Then:
    """What a text says; a ValueError for one that says none.

    >>> then_of("3"), then_of("2027-01-01T10:00Z").isoformat()
    (3, '2027-01-01T10:00:00+00:00')
    """
    return int(text) if text.isascii() and text.isdigit() else moment_of(text, datetime_of(SystemClock().now()))


THEN: Final = Read("N|TIME", then_of)


def show_then(jid: Xid, history: Sequence[Recorded], then: Then) -> None:
    """Show it as fields; a Complaint if nothing was known of it."""
    version = _version(jid, history, then)
    row, last = job_row(as_of(jid, history, version)), history[version - 1]
    at = datetime_of(last.event.at)
    show_fields(
        [
            ("as of", f"event {version} of {len(history)}, {type(last.event).__name__} ({stamp(at)})"),
            *_fields(row, then if isinstance(then, datetime) else at),
        ]
    )


def write_then(jid: Xid, history: Sequence[Recorded], then: Then) -> None:
    """Write it as JSON, as `adc list` does, and the version that it had."""
    version = _version(jid, history, then)
    records.write({**records.of_row(job_row(as_of(jid, history, version))), "version": version})


def _version(jid: Xid, history: Sequence[Recorded], then: Then) -> int:
    if isinstance(then, int):
        if then > len(history):
            raise Complaint(f"job {jid} has {len(history)} events, not {then}")
        version = then
    else:
        version = version_at(history, instant_of(then))
    if not version:
        raise Complaint(f"nothing was known of job {jid} then: it was scheduled {stamp(_began(history))}")
    return version


def _began(history: Sequence[Recorded]) -> datetime:
    return datetime_of(history[0].event.at)


def _fields(row: JobRow, then: datetime) -> Iterator[tuple[str, str]]:
    yield "job", row.jid
    yield "state", row.state if row.reason is None else f"{row.state}: {row.reason}"
    if row.due is not None:
        yield "due", when(row.due, then)
    if row.ended is not None:
        yield "ended", when(row.ended, then)
    yield "kind", row.kind
    yield "queue", row.queue
    yield "priority", str(row.priority)
    if row.key is not None:
        yield "key", row.key
    yield "attempts", f"{row.attempt}; {row.retries} retries"
