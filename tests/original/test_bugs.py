"""The bugs of the original's release 0.2, each as a test that adc doesn't have it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import apsw
import pytest

import adc
from adc.core.instants import Instant, Span
from adc.system import SystemClock
from adc.testing.fixed import START, FixedClock

MAIL = adc.JobKind("mail", str)
RETRIED = adc.JobKind("mail", str, retry=adc.exponential(timedelta(seconds=8), max_retries=3))
OFTEN = timedelta(milliseconds=2)
HOUR = timedelta(hours=1)
ENOUGH = 10.0
"""Seconds, after which a test gives up on an event; none of them ever waits so long."""
MICROSECONDS = int(START.timestamp()) * 1_000_000


@pytest.fixture
def live(db: Path) -> Iterator[adc.SqliteQueue]:
    """A queue with the clock of the machine: a runner's time limits follow it."""
    with adc.SqliteQueue.open(db, durability="normal", busy_timeout=timedelta(milliseconds=20)) as queue:
        yield queue


def told(queue: adc.SqliteQueue, jid: adc.Xid) -> tuple[list[str], list[str]]:
    """What the state table says of a job, and what the log says happened."""
    return [row.state for row in queue.look() if row.jid == jid], [entry.type for entry in queue.history(jid)]


def asked(db: Path, query: str) -> list[tuple[object, ...]]:
    """What somebody else reads from the file."""
    with apsw.Connection(str(db)) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def runner(
    queue: adc.SqliteQueue,
    handler: Callable[[adc.Job[str]], None] = lambda job: None,
    *,
    concurrency: int = 2,
    shutdown_timeout: timedelta = timedelta(seconds=10),
) -> adc.JobRunner:
    router = adc.RunnerRouter()
    router.add_job_handler(MAIL, handler)
    return adc.JobRunner(queue, router, concurrency=concurrency, shutdown_timeout=shutdown_timeout)


def claim(queue: adc.SqliteQueue, kind: adc.JobKind[str] = MAIL) -> adc.Claimed[str, None]:
    claimed = queue.poll_next(kind)
    assert claimed is not None
    return claimed


def test_bug_01_02_a_dead_letter_is_committed_with_all_its_columns(
    db: Path, queue: adc.SqliteQueue, clock: FixedClock
) -> None:
    jid = queue.schedule(MAIL.new("hello", queue="slow", priority=5))
    claimed = queue.poll_next(MAIL, queue="slow")
    assert claimed is not None
    clock.advance(timedelta(microseconds=3))

    claimed.fail(adc.Permanent("no"))

    assert told(queue, jid) == (["dead"], ["JobScheduled", "JobStarted", "JobDied"])
    columns = "jid, queue, job_type, CAST(payload AS TEXT), retries, priority, enqueued_at, died_at"
    expected = (jid, "slow", "mail", '"hello"', 0, 5, MICROSECONDS, MICROSECONDS + 3)
    assert asked(db, f"SELECT {columns} FROM adc_dead_queue") == [expected]
    assert asked(db, "SELECT count(*) FROM adc_queue") == [(0,)]
    assert queue.history(jid)[1].at == START


def test_bug_04_a_handler_that_panics_leaves_no_job_behind(live: adc.SqliteQueue) -> None:
    def panic(job: adc.Job[str]) -> None:
        raise SystemExit(1)

    jid = live.schedule(MAIL.new("hello"))

    runner(live, panic).run_until_idle()

    assert told(live, jid) == (["dead"], ["JobScheduled", "JobStarted", "JobDied"])


def test_bug_05_unscheduling_decodes_before_it_cancels(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    assert isinstance(queue.unschedule_job(adc.JobKind("mail", int), jid), adc.Failure)

    assert told(queue, jid) == (["scheduled"], ["JobScheduled"])
    assert queue.unschedule_job(MAIL, jid) == adc.Success("hello")


def test_bug_06_a_second_handler_is_neither_dropped_nor_taken_in_silence() -> None:
    router = adc.RunnerRouter()
    router.add_job_handler(MAIL, lambda job: None)

    with pytest.raises(adc.HandlerTaken):
        router.add_job_handler(RETRIED, lambda job: None)


def test_bug_07_no_claim_is_lost_at_shutdown(live: adc.SqliteQueue) -> None:
    live.schedule_many(MAIL.new(f"{number}") for number in range(100))
    some = Event()
    of = runner(live, lambda job: some.set(), concurrency=8)
    thread = Thread(target=of.run, args=(OFTEN,))
    thread.start()
    assert some.wait(ENOUGH)

    of.stop()
    thread.join(ENOUGH)

    counts = live.counts()
    assert (counts["started"], counts["scheduled"] + counts["done"]) == (0, 100)


def test_bug_08_a_failed_job_waits_before_its_next_attempt(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(RETRIED.new("hello"))

    claim(queue, RETRIED).fail(adc.Transient("busy"))

    assert [row.due for row in queue.look()] == [START + timedelta(seconds=4)]
    assert queue.poll_next(RETRIED) is None
    assert told(queue, jid)[1] == ["JobScheduled", "JobStarted", "JobRetried"]


def test_bug_09_a_deploy_costs_no_retry_and_completes_nothing(live: adc.SqliteQueue) -> None:
    began, go_on = Event(), Event()

    def slow(job: adc.Job[str]) -> None:
        began.set()
        go_on.wait(ENOUGH)

    jid = live.schedule(MAIL.new("hello"))
    of = runner(live, slow, shutdown_timeout=timedelta(0))
    thread = Thread(target=of.run, args=(OFTEN,))
    thread.start()
    assert began.wait(ENOUGH)

    of.stop()
    thread.join(ENOUGH)
    go_on.set()

    assert told(live, jid) == (["scheduled"], ["JobScheduled", "JobStarted", "JobReleased"])
    assert claim(live).job.retries == 0


def test_bug_10_jobs_of_one_priority_come_in_the_order_of_scheduling(queue: adc.SqliteQueue) -> None:
    jids = queue.schedule_many(MAIL.new("hello") for _ in range(20))

    assert tuple(claim(queue).job.jid for _ in jids) == jids


def test_bug_11_all_that_is_bound_is_asked_for(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule_in(MAIL.new("hello"), HOUR)

    assert (queue.poll_next(MAIL), queue.poll_next(MAIL, at=START + HOUR) is not None) == (None, True)
    assert [entry.at for entry in queue.history(jid)] == [START, START]  # claimed by the clock, not by `at`


def test_bug_12_all_times_are_integers_of_one_unit_by_one_clock(db: Path, queue: adc.SqliteQueue) -> None:
    queue.schedule(MAIL.new("hello"))
    claim(queue)

    for column in ("scheduled_at", "enqueued_at", "started_at"):
        assert asked(db, f"SELECT typeof({column}), {column} FROM adc_queue") == [("integer", MICROSECONDS)]
    assert asked(db, "SELECT DISTINCT typeof(at), at FROM job_events") == [("integer", MICROSECONDS)]


def test_bug_13_a_late_report_doesn_t_finish_somebody_else_s_attempt(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    late = claim(queue)
    late.snooze(timedelta(0))
    second = claim(queue)

    for outcome in (late.complete(None), late.fail(adc.Permanent("no")), late.snooze(HOUR)):
        assert outcome == adc.Failure(adc.LeaseLost(jid, 1))

    assert told(queue, jid) == (["started"], ["JobScheduled", "JobStarted", "JobSnoozed", "JobStarted"])
    assert second.complete(None) == adc.Success(None)


def test_bug_14_a_job_without_a_handler_isn_t_claimed(live: adc.SqliteQueue) -> None:
    letter = live.schedule(adc.JobKind("letter", str).new("hello"))
    newer = live.schedule(adc.JobKind("mail", int, version=2).new(7))

    runner(live).run_until_idle()

    assert told(live, letter) == told(live, newer) == (["scheduled"], ["JobScheduled"])


@pytest.mark.parametrize("interval", [timedelta(0), -HOUR], ids=["zero", "negative"])
@pytest.mark.parametrize("verb", ["run", "events"])
def test_bug_15_an_interval_of_zero_or_less_is_refused(live: adc.SqliteQueue, verb: str, interval: timedelta) -> None:
    with pytest.raises(ValueError, match="expected a poll_interval above 0"):
        getattr(runner(live), verb)(interval)


def test_bug_16_a_pause_ends_when_the_runner_is_asked_to_stop(live: adc.SqliteQueue) -> None:
    of = runner(live)
    thread = Thread(target=of.run, args=(HOUR,))
    thread.start()

    of.stop()
    thread.join(ENOUGH)

    assert not thread.is_alive()


def test_bug_17_a_queue_in_memory_is_one_database_for_all_its_threads() -> None:
    with adc.SqliteQueue.open(":memory:") as queue, ThreadPoolExecutor(4) as pool:
        list(pool.map(queue.schedule, [MAIL.new("hello") for _ in range(20)]))
        runner(queue, concurrency=4).run_until_idle()

        assert queue.counts()["done"] == 20


class Counting:
    """The machine's clock, which notes that it was asked: a runner asks for the time each time that it looks."""

    def __init__(self) -> None:
        self.looks = 0
        self.looked_often = Event()

    def now(self) -> Instant:
        self.looks += 1
        if self.looks == 10:
            self.looked_often.set()
        return SystemClock().now()

    def tick(self) -> Span:
        return SystemClock().tick()


def test_bug_18_22_an_idle_runner_is_one_reader_however_many_slots_it_has(db: Path) -> None:
    clock = Counting()
    other = apsw.Connection(str(db))
    with adc.SqliteQueue.open(db, clock=clock) as queue:
        queue.schedule_in(MAIL.new("later"), HOUR)
        events = runner(queue, concurrency=50).events(OFTEN)
        assert isinstance(next(events), adc.RunnerStarted)
        before = other.execute("PRAGMA data_version").get

        assert clock.looked_often.wait(ENOUGH)

        assert other.execute("PRAGMA data_version").get == before  # it changes when anybody commits
        events.close()
    other.close()


def test_bug_19_a_runner_serves_the_queues_that_it_is_given(live: adc.SqliteQueue) -> None:
    slow, fast = live.schedule_many([MAIL.new("hello", queue="slow"), MAIL.new("hello", queue="fast")])
    router = adc.RunnerRouter()
    router.add_job_handler(MAIL, lambda job: None)

    adc.JobRunner(live, router, queues=("slow",)).run_until_idle()

    assert (told(live, slow)[0], told(live, fast)[0]) == (["done"], ["scheduled"])


def test_bug_20_dead_letters_say_why_and_can_be_listed_and_redriven(queue: adc.SqliteQueue) -> None:
    jid = queue.schedule(MAIL.new("hello"))
    claim(queue).fail(adc.Permanent("no such address"))

    (row,) = queue.look(state="dead")
    assert (row.jid, row.reason) == (jid, "Permanent")
    assert "no such address" in str(queue.history(jid)[-1].data)
    assert queue.redrive(jid) == adc.Success(None)

    claim(queue).complete(None)
    assert told(queue, jid)[1][-3:] == ["JobRedriven", "JobStarted", "JobDone"]


def test_bug_21_retries_count_failures_and_the_table_holds_no_half_a_row(db: Path, queue: adc.SqliteQueue) -> None:
    queue.schedule(RETRIED.new("hello"))
    claimed = claim(queue, RETRIED)

    assert (claimed.job.retries, asked(db, "SELECT retries FROM adc_queue")) == (0, [(0,)])
    claimed.fail(adc.Transient("busy"))
    assert asked(db, "SELECT retries FROM adc_queue") == [(1,)]
    nullable = asked(db, "SELECT name FROM pragma_table_info('adc_jobs') WHERE NOT \"notnull\" AND NOT pk")
    assert [name for (name,) in nullable] == ["started_at", "runner", "cancel_asked_at", "died_at", "reason"]


def test_bug_23_the_schema_that_is_shown_is_the_one_that_is_made(db: Path, queue: adc.SqliteQueue) -> None:
    names = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    shown = apsw.Connection(":memory:")
    shown.execute(adc.SCHEMA_SQL)

    assert shown.execute(names).fetchall() == asked(db, names)
    shown.close()
