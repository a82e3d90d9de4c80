"""Polling: which job is claimed next, and that a poll which claims nothing writes nothing and waits for nobody."""

from datetime import datetime, timedelta
from pathlib import Path

import apsw
import pytest

from adc.core.ids import Xid
from adc.core.states import Absent, state_name
from adc.kind import JobKind, NewJob
from adc.queue import SqliteQueue
from adc.testing.fixed import START, FixedClock

MAIL = JobKind("mail", str)
SUM = JobKind("sum", list[int], result=int)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def told(queue: SqliteQueue, jid: Xid) -> tuple[str, list[str]]:
    """What the state table says of a job, and what the log says happened."""
    state = queue.store.load((jid,))[jid].state
    name = "absent" if isinstance(state, Absent) else state_name(state)
    return name, [entry.type for entry in queue.history(jid)]


def claimed_in_order(queue: SqliteQueue) -> list[str]:
    """The payloads of all that is due."""
    payloads = []
    while (claimed := queue.poll_next(MAIL)) is not None:
        payloads.append(claimed.job.payload)
    return payloads


def test_an_empty_queue_has_no_next_job(queue: SqliteQueue) -> None:
    assert queue.poll_next(MAIL) is None


def test_the_handler_s_view_of_a_job(queue: SqliteQueue, clock: FixedClock) -> None:
    jid = queue.schedule(MAIL.new("hello", queue="default", meta={"request": "r-1"}))
    clock.advance(SECOND)

    claimed = queue.poll_next(MAIL)

    assert claimed is not None
    job = claimed.job
    assert (job.jid, job.payload, job.attempt, job.retries, job.max_retries) == (jid, "hello", 1, 0, 0)
    assert (job.scheduled_at, job.queue, job.meta) == (START, "default", {"request": "r-1"})
    assert not job.cancellation.cancelled
    assert told(queue, jid) == ("started", ["JobScheduled", "JobStarted"])
    assert queue.history(jid)[1].at == START + SECOND


def test_a_job_that_runs_is_not_claimed_again(queue: SqliteQueue) -> None:
    queue.schedule(MAIL.new("hello"))

    assert (queue.poll_next(MAIL) is None, queue.poll_next(MAIL) is None) == (False, True)


def test_a_job_is_claimed_when_it_is_due_and_not_earlier(queue: SqliteQueue, clock: FixedClock) -> None:
    jid = queue.schedule_in(MAIL.new("hello"), SECOND)

    clock.advance(SECOND - timedelta(microseconds=1))
    assert queue.poll_next(MAIL) is None
    clock.advance(timedelta(microseconds=1))
    assert queue.poll_next(MAIL) is not None

    assert told(queue, jid) == ("started", ["JobScheduled", "JobStarted"])


@pytest.mark.parametrize(("at", "found"), [(START, False), (START + DAY - SECOND, False), (START + DAY, True)], ids=str)
def test_what_is_due_by_another_moment_can_be_claimed(queue: SqliteQueue, at: datetime, found: bool) -> None:
    jid = queue.schedule_in(MAIL.new("hello"), DAY)

    claimed = queue.poll_next(MAIL, at=at)

    assert found == (claimed is not None)
    assert told(queue, jid)[0] == ("started" if found else "scheduled")
    assert all(entry.at == START for entry in queue.history(jid))  # the log has the time when it was claimed


def test_what_is_due_now_may_not_be_due_by_an_earlier_moment(queue: SqliteQueue) -> None:
    queue.schedule(MAIL.new("hello"))

    assert queue.poll_next(MAIL, at=START - SECOND) is None


def test_the_order_is_priority_then_due_time_then_insertion(queue: SqliteQueue, clock: FixedClock) -> None:
    jobs: list[NewJob] = [
        MAIL.new("7: low", priority=-128),
        MAIL.new("5: late").after(2 * SECOND),
        MAIL.new("3: first in"),
        MAIL.new("4: second in"),
        MAIL.new("6: later").after(3 * SECOND),
        MAIL.new("2: high, but late", priority=127).after(SECOND),
        MAIL.new("1: high", priority=127),
    ]
    queue.schedule_many(jobs)
    clock.advance(DAY)

    assert claimed_in_order(queue) == sorted(str(job.encoded, "utf-8").strip('"') for job in jobs)


def test_insertion_decides_not_the_id(queue: SqliteQueue) -> None:
    made = [MAIL.new(f"{number}") for number in range(20)]
    queue.schedule_many(reversed(made))

    assert claimed_in_order(queue) == [f"{number}" for number in reversed(range(20))]


def test_other_kinds_and_other_queues_are_left_alone(queue: SqliteQueue) -> None:
    slow = JobKind("mail", str, queue="slow")
    queue.schedule_many([SUM.new([1], priority=9), slow.new("slow", priority=9), MAIL.new("hello")])

    assert claimed_in_order(queue) == ["hello"]
    assert [row.state for row in queue.look()] == ["scheduled", "scheduled", "started"]
    from_slow, from_named = queue.poll_next(slow), queue.poll_next(MAIL, queue="slow")
    assert from_slow is not None
    assert (from_slow.job.payload, from_slow.job.queue, from_named) == ("slow", "slow", None)


def test_the_name_of_a_queue_to_poll_is_checked(queue: SqliteQueue) -> None:
    with pytest.raises(ValueError, match="expected a queue, got an empty text"):
        queue.poll_next(MAIL, queue="")


def test_jobs_of_another_payload_version_are_left_alone(queue: SqliteQueue) -> None:
    newer = JobKind("mail", list[str], version=2)
    queue.schedule_many([newer.new(["hello"], priority=9), MAIL.new("hello")])

    assert claimed_in_order(queue) == ["hello"]
    claimed = queue.poll_next(newer)
    assert claimed is not None
    assert claimed.job.payload == ["hello"]


def test_an_unreadable_payload_is_a_dead_letter_and_the_job_behind_it_is_claimed(queue: SqliteQueue) -> None:
    other = JobKind("mail", list[int])
    bad = queue.schedule_many([other.new([1], priority=9), other.new([2])])
    good = queue.schedule(MAIL.new("hello"))

    claimed = queue.poll_next(MAIL)

    assert claimed is not None
    assert claimed.job.jid == good
    for jid in bad:
        assert told(queue, jid) == ("dead", ["JobScheduled", "JobStarted", "JobDied"])
    row, entry = queue.look(state="dead")[0], queue.history(bad[0])[-1]
    assert (row.reason, row.retries, row.attempt, entry.data["reason"]) == ("Undecodable", 0, 1, "Undecodable")
    assert "Expected `str`, got `array`" in str(entry.data["fault"])
    # Its bytes are kept: a kind that can read them can have it back.
    assert queue.redrive(bad[0]).unwrap() is None
    again = queue.poll_next(other)
    assert again is not None
    assert again.job.payload == [1]


def test_a_poll_that_finds_nothing_due_takes_no_write_lock(queue: SqliteQueue, db: Path) -> None:
    queue.schedule_in(MAIL.new("tomorrow"), DAY)
    other = apsw.Connection(str(db))
    other.execute("BEGIN IMMEDIATE")
    try:
        assert (queue.poll_next(MAIL), queue.poll_next(SUM)) == (None, None)
        assert [row.state for row in queue.look()] == ["scheduled"]
    finally:
        other.execute("ROLLBACK")
        other.close()
