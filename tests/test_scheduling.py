"""Scheduling: when a job is due, and that it is stored once, and all of it or nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from adc.core.ids import Xid
from adc.core.instants import NaiveDatetime, OutOfRange, instant_of
from adc.core.outcome import Failure, Success
from adc.core.refusals import JidTaken, KeyTaken
from adc.kind import JobKind, NewJob
from adc.queue import SqliteQueue
from adc.refused import Refused
from adc.testing.fixed import START, FixedClock

MAIL = JobKind("mail", str)
HOUR = timedelta(hours=1)
TOKYO = timezone(timedelta(hours=9))


def stored(queue: SqliteQueue) -> list[tuple[str, str, datetime | None]]:
    """What the state table says: kind, state, due."""
    return [(row.kind, row.state, row.due) for row in queue.look()]


def logged(queue: SqliteQueue) -> list[str]:
    """What the log says, of all jobs in it."""
    return [entry.type for row in queue.look() for entry in queue.history(row.jid)]


WAYS: dict[str, tuple[Callable[[SqliteQueue, NewJob], object], datetime]] = {
    "at once": (lambda queue, job: queue.schedule(job), START),
    "after a delay": (lambda queue, job: queue.schedule(job.after(HOUR)), START + HOUR),
    "the last delay holds": (lambda queue, job: queue.schedule(job.after(HOUR).after(2 * HOUR)), START + 2 * HOUR),
    "at a moment": (lambda queue, job: queue.schedule(job.at(START + HOUR)), START + HOUR),
    "a delay replaces a moment": (lambda queue, job: queue.schedule(job.at(START).after(HOUR)), START + HOUR),
    "a moment replaces a delay": (lambda queue, job: queue.schedule(job.after(HOUR).at(START)), START),
    "schedule_in": (lambda queue, job: queue.schedule_in(job, HOUR), START + HOUR),
    "schedule_in no time": (lambda queue, job: queue.schedule_in(job, timedelta(0)), START),
    "schedule_at": (lambda queue, job: queue.schedule_at(job, START + HOUR), START + HOUR),
    "schedule_at in the past": (lambda queue, job: queue.schedule_at(job, START - HOUR), START - HOUR),
    "schedule_at in Tokyo": (lambda queue, job: queue.schedule_at(job, START.astimezone(TOKYO)), START),
    "schedule_many": (lambda queue, job: queue.schedule_many([job.after(HOUR)]), START + HOUR),
    "try_schedule": (lambda queue, job: queue.try_schedule(job.after(HOUR)), START + HOUR),
}


@pytest.mark.parametrize(("schedule", "due"), WAYS.values(), ids=WAYS)
def test_a_job_is_due_when_it_was_said(
    queue: SqliteQueue, schedule: Callable[[SqliteQueue, NewJob], object], due: datetime
) -> None:
    job = MAIL.new("hello")

    schedule(queue, job)

    assert [("mail", "scheduled", due)] == stored(queue)
    (entry,) = queue.history(job.jid)
    assert ("JobScheduled", START, instant_of(due)) == (entry.type, entry.at, entry.data["due"])


def test_a_delay_counts_from_scheduling_not_from_making(queue: SqliteQueue, clock: FixedClock) -> None:
    job = MAIL.new("hello").after(HOUR)
    clock.advance(HOUR)

    queue.schedule(job)

    assert stored(queue) == [("mail", "scheduled", START + 2 * HOUR)]


def test_a_moment_in_the_past_is_due_at_once_and_the_wish_is_recorded(queue: SqliteQueue) -> None:
    jid = queue.schedule_at(MAIL.new("late"), START - HOUR)

    claimed = queue.poll_next(MAIL)

    assert claimed is not None
    assert (jid, START - HOUR) == (claimed.job.jid, claimed.job.scheduled_at)
    assert (START, instant_of(START - HOUR)) == (queue.history(jid)[0].at, queue.history(jid)[0].data["due"])


IMPOSSIBLE: dict[str, tuple[Callable[[SqliteQueue, NewJob], object], type[Exception], str]] = {
    "without a zone": (
        lambda queue, job: queue.schedule_at(job, datetime(2027, 1, 1)),  # noqa: DTZ001
        NaiveDatetime,
        "expected a datetime with a time zone, got 2027-01-01T00:00:00",
    ),
    "a negative delay": (
        lambda queue, job: queue.schedule_in(job, -HOUR),
        ValueError,
        "expected a delay of 0 or more, got -1 day, 23:00:00",
    ),
    "too long a delay": (
        lambda queue, job: queue.schedule_in(job, timedelta.max),
        OutOfRange,
        "999999999 days, 23:59:59.999999 after 2027-01-15T08:00:00.00:00 is past the year 9999",
    ),
    "too long a delay for try_schedule": (
        lambda queue, job: queue.try_schedule(job.after(timedelta.max)),
        OutOfRange,
        "is past the year 9999",
    ),
    "too long a delay among many": (
        lambda queue, job: queue.schedule_many([job, job.after(timedelta.max)]),
        OutOfRange,
        "is past the year 9999",
    ),
    "past the year 9999 in UTC": (
        lambda queue, job: queue.schedule_at(job, datetime.max.replace(tzinfo=timezone(-HOUR))),
        OutOfRange,
        "past the year 9999 in UTC",
    ),
}


@pytest.mark.parametrize(("schedule", "trouble", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_time_is_refused_and_nothing_is_stored(
    queue: SqliteQueue, schedule: Callable[[SqliteQueue, NewJob], object], trouble: type[Exception], message: str
) -> None:
    with pytest.raises(trouble, match=message):
        schedule(queue, MAIL.new("hello"))

    assert (stored(queue), logged(queue)) == ([], [])


def test_the_end_of_the_year_9999_is_possible(queue: SqliteQueue) -> None:
    end = datetime.max.replace(tzinfo=UTC)

    queue.schedule_at(MAIL.new("hello"), end)

    assert [("mail", "scheduled", end)] == stored(queue)


def test_many_unlike_jobs_are_stored_in_order_in_one_transaction(queue: SqliteQueue) -> None:
    total = JobKind("sum", list[int], result=int)
    jobs: list[NewJob] = [MAIL.new("a"), total.new([1, 2]).after(HOUR), MAIL.new("b")]

    jids = queue.schedule_many(jobs)

    assert tuple(job.jid for job in jobs) == jids == tuple(row.jid for row in queue.look())
    assert [(kind, due) for kind, _, due in stored(queue)] == [("mail", START), ("sum", START + HOUR), ("mail", START)]
    assert [queue.history(jid)[0].seq for jid in jids] == [1, 2, 3]


def test_many_may_come_from_a_generator(queue: SqliteQueue) -> None:
    def jobs() -> Iterator[NewJob[str]]:
        for number in range(100):
            assert queue.history(MAIL.new("not in a transaction").jid) == ()
            yield MAIL.new(f"{number}")

    jids = queue.schedule_many(jobs())

    assert (len(set(jids)), queue.counts()["scheduled"]) == (100, 100)


def test_many_may_be_none(queue: SqliteQueue) -> None:
    assert (queue.schedule_many([]), stored(queue)) == ((), [])


def test_of_many_jobs_all_are_stored_or_none(queue: SqliteQueue) -> None:
    first = queue.schedule(MAIL.new("hello", key="7"))
    before = MAIL.new("before")
    taken = MAIL.new("other", key="7")

    with pytest.raises(Refused) as refused:
        queue.schedule_many([before, taken, MAIL.new("after")])

    assert (taken.jid, KeyTaken("7", first)) == (refused.value.jid, refused.value.refusal)
    assert stored(queue) == [("mail", "scheduled", START)]
    assert (queue.history(before.jid), queue.history(taken.jid)) == ((), ())
    assert first < queue.schedule(before)  # and nothing of them stays behind


def test_a_generator_that_raises_stores_nothing(queue: SqliteQueue) -> None:
    def jobs() -> Iterator[NewJob[str]]:
        yield MAIL.new("a")
        raise LookupError

    with pytest.raises(LookupError):
        queue.schedule_many(jobs())

    assert stored(queue) == []


def test_many_jobs_may_share_a_key_and_a_payload(queue: SqliteQueue) -> None:
    jobs = [MAIL.new("hello", key="7"), MAIL.new("hello", key="7"), MAIL.new("hello", key="8")]

    assert (jobs[0].jid, jobs[0].jid, jobs[2].jid) == queue.schedule_many(jobs)
    assert queue.counts()["scheduled"] == 2


def test_many_jobs_may_hold_the_same_one_twice(queue: SqliteQueue) -> None:
    job = MAIL.new("hello")

    assert (job.jid, job.jid) == queue.schedule_many([job, job.after(HOUR)])
    assert stored(queue) == [("mail", "scheduled", START)]


def test_queue_and_priority_are_those_of_the_kind_or_of_the_job(queue: SqliteQueue) -> None:
    kind = JobKind("mail", str, queue="slow", priority=3)

    queue.schedule_many([MAIL.new("a"), kind.new("b"), kind.new("c", queue="fast", priority=-128)])

    assert [(row.queue, row.priority) for row in queue.look()] == [("default", 0), ("slow", 3), ("fast", -128)]
    assert [terms(queue, row.jid).get("queue", "default") for row in queue.look()] == ["default", "slow", "fast"]
    assert [terms(queue, row.jid).get("priority", 0) for row in queue.look()] == [0, 3, -128]


def terms(queue: SqliteQueue, jid: Xid) -> dict[str, object]:
    """What the log says was agreed."""
    said = queue.history(jid)[0].data["terms"]
    assert isinstance(said, dict)
    return said


def test_the_log_says_who_asked_and_meta_travels_along(queue: SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello", meta={"request": "r-1", "empty": ""}))

    (entry,) = queue.history(jid)
    claimed = queue.poll_next(MAIL)

    assert (entry.actor, entry.cause) == ("test", None)
    assert claimed is not None
    assert claimed.job.meta == {"request": "r-1", "empty": ""}
    (_, started) = queue.history(jid)
    assert started.actor == f"runner:{started.data['runner']}"


def test_by_default_the_log_names_the_process(tmp_path: Path) -> None:
    with SqliteQueue.open(tmp_path / "other.db") as queue:
        (entry,) = queue.history(queue.schedule(MAIL.new("hello")))

    assert entry.actor.startswith("caller:")


def test_refusals_of_try_schedule_are_values(queue: SqliteQueue) -> None:
    job = MAIL.new("hello", key="7")
    other = MAIL.new("other", key="7")

    assert Success(job.jid) == queue.try_schedule(job)
    assert Success(job.jid) == queue.try_schedule(MAIL.new("hello", key="7"))
    assert Failure(KeyTaken("7", job.jid)) == queue.try_schedule(other)
    assert Failure(JidTaken(job.jid)) == queue.try_schedule(with_id_of(job, MAIL.new("other")))
    assert stored(queue) == [("mail", "scheduled", START)]
    assert logged(queue) == ["JobScheduled"]


def with_id_of(job: NewJob, other: NewJob) -> NewJob:
    return NewJob(job.jid, other.kind, other.encoded, other.terms)
