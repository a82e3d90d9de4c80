"""Reading: jobs and events as people see them, and as programs can take them apart."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from adc.core.events import Event
from adc.core.instants import SECOND, Instant, datetime_of
from adc.core.states import JobState
from adc.core.terms import Tally
from adc.core.transition import Recorded, Snapshot
from adc.reading import JobRow, LogEntry, job_row, log_entry
from adc.testing.samples import (
    CANCELLED,
    CANCELLING,
    DEAD,
    DONE,
    DUE,
    EVENTS,
    JOB,
    JOB_DIED,
    NOW,
    SCHEDULED,
    STARTED,
    TERMS,
)


def row_of(state: JobState) -> JobRow:
    return job_row(Snapshot(JOB, state, 1, 1, b""))


def entry_of(event: Event) -> LogEntry:
    return log_entry(Recorded(3, JOB, 2, "runner:r", "request:q", b"", event), "started")


def test_a_row_has_all_that_a_list_shows() -> None:
    waiting = replace(SCHEDULED, terms=replace(TERMS, queue="slow", priority=5), tally=Tally(3, 2, 1))

    assert row_of(waiting) == JobRow(
        jid=JOB,
        kind="invoice",
        queue="slow",
        state="scheduled",
        priority=5,
        attempt=3,
        retries=2,
        due=datetime_of(DUE),
        ended=None,
        reason=None,
        key="order-7",
    )


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (SCHEDULED, ("scheduled", datetime(2027, 1, 15, 8, 1, tzinfo=UTC), None, None)),
        (STARTED, ("started", None, None, None)),
        (CANCELLING, ("cancelling", None, None, None)),
        (DONE, ("done", None, datetime_of(NOW), None)),
        (DEAD, ("dead", None, datetime_of(NOW), "Permanent")),
        (CANCELLED, ("cancelled", None, datetime_of(NOW), None)),
    ],
    ids=["scheduled", "started", "cancelling", "done", "dead", "cancelled"],
)
def test_due_and_end_and_reason_are_shown_where_they_mean_something(state: JobState, shown: tuple[object, ...]) -> None:
    row = row_of(state)

    assert (row.state, row.due, row.ended, row.reason) == shown


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_entry_says_what_happened_when_and_who_did_it(event: Event) -> None:
    entry = entry_of(event)

    assert (entry.seq, entry.jid, entry.version, entry.actor, entry.cause) == (3, JOB, 2, "runner:r", "request:q")
    assert (entry.type, entry.at, entry.state) == (type(event).__name__, datetime_of(Instant(event.at)), "started")
    assert "at" not in entry.data
    assert json.loads(json.dumps(entry.data)) is not None


def test_an_entry_has_what_else_the_event_says() -> None:
    assert entry_of(JOB_DIED).data == {
        "attempt": 1,
        "reason": "Permanent",
        "fault": {"names": ("builtins.ValueError", "builtins.Exception"), "message": "no such address"},
    }


def test_moments_are_in_utc() -> None:
    assert str(row_of(replace(SCHEDULED, due=Instant(SECOND))).due) == "1970-01-01 00:00:01+00:00"


def test_what_was_read_doesn_t_change_and_can_be_taken_apart() -> None:
    row = row_of(SCHEDULED)

    assert msgspec.structs.asdict(row)["kind"] == "invoice"
    with pytest.raises(AttributeError, match="immutable type"):
        row.queue = "other"  # type: ignore[misc]
