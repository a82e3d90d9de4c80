"""What the original promises of scheduling and polling: its lines 1-18, kept, or changed on purpose."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

import pytest

import adc
from adc.testing.fixed import START, FixedClock

MAIL = adc.JobKind("mail", str)
SUM = adc.JobKind("sum", list[int], result=int)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def told(queue: adc.SqliteQueue, jid: adc.Xid) -> tuple[list[str], list[str]]:
    """What the state table says of a job, and what the log says happened."""
    return [row.state for row in queue.look() if row.jid == jid], [entry.type for entry in queue.history(jid)]


def payloads(queue: adc.SqliteQueue) -> list[str]:
    """Of all that is due, in the order of claims."""
    found = []
    while (claimed := queue.poll_next(MAIL)) is not None:
        found.append(claimed.job.payload)
    return found


def test_001_scheduling_gives_the_id_of_the_job(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    assert told(queue, jid) == (["scheduled"], ["JobScheduled"])


@pytest.mark.parametrize(
    ("schedule", "due", "at_once"),
    [
        (lambda queue, job: queue.schedule(job), START, True),
        (lambda queue, job: queue.schedule_in(job, HOUR), START + HOUR, False),
        (lambda queue, job: queue.schedule_at(job, START + DAY), START + DAY, False),
        (lambda queue, job: queue.schedule_at(job, START - HOUR), START - HOUR, True),
    ],
    ids=["002 now", "003 in an hour", "004 at a time", "005 at a time in the past"],
)
def test_002_003_004_005_a_job_is_due_when_it_was_said(
    queue: adc.SqliteQueue,
    schedule: Callable[[adc.SqliteQueue, adc.NewJob], adc.Xid],
    due: datetime,
    at_once: bool,
) -> None:
    jid = schedule(queue, MAIL.new("hello"))

    assert [row.due for row in queue.look()] == [due]
    assert told(queue, jid) == (["scheduled"], ["JobScheduled"])
    assert (queue.poll_next(MAIL) is not None) == at_once


def test_005_the_wish_and_the_lateness_are_recorded(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule_at(MAIL.new("hello"), START - HOUR)
    queue.poll_next(MAIL)

    scheduled, started = queue.history(jid)

    wish = timedelta(microseconds=cast("int", scheduled.data["due"]))
    assert (scheduled.at, started.at) == (START, START)
    assert START.timestamp() - wish.total_seconds() == HOUR.total_seconds()


def test_006_a_job_may_start_later_than_it_is_due(queue: adc.SqliteQueue, clock: FixedClock) -> None:
    queue.schedule(MAIL.new("hello"))
    clock.advance(DAY)

    claimed = queue.poll_next(MAIL)

    assert claimed is not None
    assert claimed.job.scheduled_at == START
    assert queue.history(claimed.job.jid)[1].at == START + DAY


def test_007_a_payload_has_the_type_of_its_kind(queue: adc.SqliteQueue) -> None:
    with pytest.raises(adc.PayloadRefused, match="payload of kind sum: Expected `int`, got `str`"):
        SUM.new(["1"])  # type: ignore[list-item]  # strict mypy, which checks this file, refuses it

    assert queue.look() == ()


def test_008_a_payload_that_can_t_be_encoded_is_refused_and_nothing_is_stored(queue: adc.SqliteQueue) -> None:
    with pytest.raises(adc.PayloadRefused, match="lone surrogate"):
        queue.schedule(MAIL.new("\ud800"))

    assert queue.look() == ()


def test_009_queues_have_names(queue: adc.SqliteQueue) -> None:
    queue.schedule_many([MAIL.new("a"), MAIL.new("b", queue="slow")])

    assert [row.queue for row in queue.look()] == ["default", "slow"]
    claimed = queue.poll_next(MAIL, queue="slow")
    assert claimed is not None
    assert claimed.job.payload == "b"


def test_010_each_priority_of_a_signed_byte_is_accepted_and_no_other(queue: adc.SqliteQueue) -> None:
    queue.schedule_many(MAIL.new("hello", priority=priority) for priority in range(-128, 128))

    assert [row.priority for row in queue.look(limit=256)] == list(range(-128, 128))
    for priority in (-129, 128):
        with pytest.raises(ValueError, match="expected a priority from -128 to 127"):
            MAIL.new("hello", priority=priority)


def test_011_polling_an_empty_queue_gives_nothing_and_doesn_t_wait(queue: adc.SqliteQueue) -> None:
    assert queue.poll_next(MAIL) is None


def test_012_polling_gives_the_job_that_is_due(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    claimed = queue.poll_next(MAIL)

    assert claimed is not None
    assert claimed.job.jid == jid
    assert told(queue, jid) == (["started"], ["JobScheduled", "JobStarted"])


def test_013_a_job_in_progress_isn_t_polled_again(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    queue.poll_next(MAIL)

    assert queue.poll_next(MAIL) is None
    assert told(queue, jid) == (["started"], ["JobScheduled", "JobStarted"])


def test_014_a_completed_job_is_never_polled_again(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    claimed.complete(None)

    assert queue.poll_next(MAIL, at=START + 1000 * DAY) is None
    assert told(queue, jid) == (["done"], ["JobScheduled", "JobStarted", "JobDone"])


def test_015_a_job_due_tomorrow_isn_t_polled_today(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule_in(MAIL.new("hello"), DAY)

    assert queue.poll_next(MAIL) is None
    assert told(queue, jid) == (["scheduled"], ["JobScheduled"])


def test_016_a_job_due_tomorrow_is_polled_as_of_the_day_after(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule_in(MAIL.new("hello"), DAY)

    assert queue.poll_next(MAIL, at=START + DAY + SECOND) is not None
    assert told(queue, jid) == (["started"], ["JobScheduled", "JobStarted"])


def test_017_higher_priority_first_though_scheduled_later(queue: adc.SqliteQueue) -> None:
    queue.schedule_many([MAIL.new("A"), MAIL.new("B", priority=3)])

    assert payloads(queue) == ["B", "A"]


def test_018_only_the_kinds_that_are_asked_for_are_polled(queue: adc.SqliteQueue) -> None:
    queue.schedule(SUM.new([1]))
    queue.schedule(MAIL.new("hello"))

    assert payloads(queue) == ["hello"]
    assert [(row.kind, row.state) for row in queue.look()] == [("sum", "scheduled"), ("mail", "started")]
