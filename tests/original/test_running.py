"""What the original promises of its runner: its lines 19-20 and 41-53, kept, or changed on purpose."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event, Lock, Thread

import apsw
import pytest

import adc
from adc.core.events import JobDone, JobStarted
from adc.core.ids import RunnerId
from adc.core.instants import SECOND, Instant, Span
from adc.running.loop import Plan
from adc.running.loop import run as loop
from adc.running.wishes import NextDue, Peek, Wait, Watch, Watched, Woken

MAIL = adc.JobKind("mail", str, retry=adc.exponential(max_retries=5))
OFTEN = timedelta(milliseconds=2)
ENOUGH = 10.0
"""Seconds, after which a test gives up on an event; none of them ever waits so long."""


@pytest.fixture
def live(db: Path) -> Iterator[adc.SqliteQueue]:
    """A queue with the clock of the machine: a runner's time limits follow it."""
    with adc.SqliteQueue.open(db, durability="normal", busy_timeout=timedelta(milliseconds=20)) as queue:
        yield queue


def told(queue: adc.SqliteQueue, jid: adc.Xid) -> tuple[list[str], list[str]]:
    """What the state table says of a job, and what the log says happened."""
    return [row.state for row in queue.look() if row.jid == jid], [entry.type for entry in queue.history(jid)]


def runner(
    queue: adc.SqliteQueue,
    handler: Callable[[adc.Job[str]], None],
    *,
    concurrency: int = 2,
    shutdown_timeout: timedelta = timedelta(seconds=10),
) -> adc.JobRunner:
    router = adc.RunnerRouter()
    router.add_job_handler(MAIL, handler)
    return adc.JobRunner(queue, router, concurrency=concurrency, shutdown_timeout=shutdown_timeout)


@contextmanager
def running(of: adc.JobRunner, poll_interval: timedelta = OFTEN) -> Iterator[Thread]:
    """The runner, at work in a thread; in the end it is stopped, and has returned."""
    thread = Thread(target=of.run, args=(poll_interval,))
    thread.start()
    try:
        yield thread
    finally:
        of.stop()
        thread.join(ENOUGH)
        assert not thread.is_alive()


@contextmanager
def locked(db: Path) -> Iterator[None]:
    """Somebody else writes, and takes their time."""
    other = apsw.Connection(str(db))
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_019_a_runner_polls_until_there_is_a_job(live: adc.SqliteQueue) -> None:
    done = Event()

    with running(runner(live, lambda job: done.set())):
        jid = live.schedule(MAIL.new("later"))
        assert done.wait(ENOUGH)

    assert told(live, jid) == (["done"], ["JobScheduled", "JobStarted", "JobDone"])


@pytest.mark.parametrize("interval", [timedelta(0), -OFTEN], ids=["zero", "negative"])
def test_020_a_poll_interval_is_above_zero(live: adc.SqliteQueue, interval: timedelta) -> None:
    with pytest.raises(ValueError, match="expected a poll_interval above 0"):
        runner(live, lambda job: None).run(interval)


def test_041_as_many_jobs_run_at_once_as_was_said_and_no_more(live: adc.SqliteQueue) -> None:
    together, lock, at_once, most = Barrier(3), Lock(), set[str](), list[int]()

    def handler(job: adc.Job[str]) -> None:
        with lock:
            at_once.add(job.jid)
            most.append(len(at_once))
        together.wait(ENOUGH)  # only three at once get past
        with lock:
            at_once.discard(job.jid)

    live.schedule_many(MAIL.new(f"{number}") for number in range(9))
    runner(live, handler, concurrency=3).run_until_idle()

    assert (max(most), live.counts()["done"]) == (3, 9)


def test_042_many_slots_are_one_poller_so_there_is_no_herd_to_spread() -> None:
    plan = Plan(
        RunnerId("r"),
        concurrency=10,
        poll_interval=SECOND,
        until="stopped",
        shutdown_timeout=SECOND,
        watch_interval=SECOND,
        most_hanging=10,
        first_rest=SECOND,
    )
    wishes = loop(plan)
    asked: list[str] = []

    wish = next(wishes)
    while len(asked) < 7:
        asked.append(type(wish).__name__)
        match wish:
            case Wait():
                wish = wishes.send(Woken((), Span(0), stopping=False))
            case Peek():
                wish = wishes.send(NextDue(None, Instant(0)))
            case Watch():
                wish = wishes.send(Watched({}, Span(0)))
            case _:
                wish = next(wishes)

    assert asked == ["Tell", "Watch", "Wait", "Peek", "Wait", "Peek", "Wait"]


def test_043_a_run_never_ends_by_itself(live: adc.SqliteQueue) -> None:
    done = Event()

    with running(runner(live, lambda job: done.set())) as thread:
        for payload in ("one", "another"):
            live.schedule(MAIL.new(payload))
            assert done.wait(ENOUGH)
            done.clear()
            assert thread.is_alive()


def test_044_045_a_run_without_jobs_stops_promptly_when_it_is_asked(live: adc.SqliteQueue) -> None:
    with running(runner(live, lambda job: None), timedelta(hours=1)) as thread:
        assert thread.is_alive()


def test_046_a_handler_that_heeds_its_token_may_finish(live: adc.SqliteQueue) -> None:
    began, heard = Event(), list[bool]()

    def handler(job: adc.Job[str]) -> None:
        began.set()
        heard.append(job.cancellation.wait(timedelta(seconds=ENOUGH)))

    jid = live.schedule(MAIL.new("hello"))
    with running(runner(live, handler)):
        assert began.wait(ENOUGH)

    assert heard == [True]
    assert told(live, jid) == (["done"], ["JobScheduled", "JobStarted", "JobDone"])


def test_046_or_say_that_it_was_interrupted(live: adc.SqliteQueue) -> None:
    began = Event()

    def handler(job: adc.Job[str]) -> None:
        began.set()
        if job.cancellation.wait(timedelta(seconds=ENOUGH)):
            raise adc.Snooze(timedelta(0), "interrupted")

    jid = live.schedule(MAIL.new("hello"))
    with running(runner(live, handler)):
        assert began.wait(ENOUGH)

    assert told(live, jid) == (["scheduled"], ["JobScheduled", "JobStarted", "JobSnoozed"])
    assert [row.retries for row in live.look()] == [0]


def test_047_a_handler_that_ignores_its_token_was_interrupted_and_did_not_fail(live: adc.SqliteQueue) -> None:
    began, never = Event(), Event()

    def handler(job: adc.Job[str]) -> None:
        began.set()
        never.wait(ENOUGH)

    jid = live.schedule(MAIL.new("hello"))
    with running(runner(live, handler, shutdown_timeout=timedelta(milliseconds=20))):
        assert began.wait(ENOUGH)
    never.set()

    assert told(live, jid) == (["scheduled"], ["JobScheduled", "JobStarted", "JobReleased"])
    assert [(row.attempt, row.retries) for row in live.look()] == [(1, 0)]
    assert live.history(jid)[-1].data["why"] == "shutdown"


def test_048_what_finished_while_the_store_hangs_is_stored_before_the_run_ends(live: adc.SqliteQueue, db: Path) -> None:
    began, go_on = Event(), Event()

    def handler(job: adc.Job[str]) -> None:
        began.set()
        go_on.wait(ENOUGH)

    jid = live.schedule(MAIL.new("hello"))
    of = runner(live, handler, shutdown_timeout=timedelta(0))
    with running(of):
        assert began.wait(ENOUGH)
        with locked(db):
            go_on.set()
            of.stop()

    assert told(live, jid)[0] in (["done"], ["scheduled"])  # it finished, or was given back; it isn't left behind
    assert told(live, jid)[1][-1] in ("JobDone", "JobReleased")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shutdown_timeout": -OFTEN}, "expected a shutdown_timeout of 0 or more"),
        ({"concurrency": 0}, "expected a concurrency of 1 or more"),
        ({"lease": timedelta(0)}, "expected a lease above 0"),
        ({"queues": ()}, "expected at least one queue, got none"),
        ({"queues": "default"}, "expected names of queues"),
    ],
    ids=["shutdown_timeout", "concurrency", "lease", "queues", "a queue"],
)
def test_049_what_a_runner_is_given_is_checked_before_it_starts(
    live: adc.SqliteQueue, wrong: dict[str, object], message: str
) -> None:
    router = adc.RunnerRouter()
    router.add_job_handler(MAIL, lambda job: None)

    with pytest.raises(ValueError, match=message):
        adc.JobRunner(live, router, **wrong)  # type: ignore[arg-type]


def test_050_a_runner_that_is_asked_to_stop_claims_nothing_more(live: adc.SqliteQueue) -> None:
    began, go_on = Event(), Event()

    def handler(job: adc.Job[str]) -> None:
        began.set()
        go_on.wait(ENOUGH)

    first, second = live.schedule_many([MAIL.new("first"), MAIL.new("second")])
    of = runner(live, handler, concurrency=1)
    with running(of):
        assert began.wait(ENOUGH)
        of.stop()
        go_on.set()

    assert told(live, first) == (["done"], ["JobScheduled", "JobStarted", "JobDone"])
    assert told(live, second) == (["scheduled"], ["JobScheduled"])


def test_051_a_busy_store_is_told_and_tried_again(live: adc.SqliteQueue, db: Path) -> None:
    go_on = Event()

    def handler(job: adc.Job[str]) -> None:
        go_on.wait(ENOUGH)

    jid = live.schedule(MAIL.new("hello"))
    events = runner(live, handler).events(OFTEN)

    assert any(isinstance(event, adc.Happened) and isinstance(event.event, JobStarted) for event in events)
    with locked(db):
        go_on.set()
        assert any(isinstance(event, adc.StoreTroubled) for event in events)
    assert any(isinstance(event, adc.Happened) and isinstance(event.event, JobDone) for event in events)
    events.close()

    assert told(live, jid) == (["done"], ["JobScheduled", "JobStarted", "JobDone"])


@pytest.mark.parametrize("panic", [SystemExit(1), GeneratorExit(), KeyboardInterrupt()], ids=repr)
def test_052_a_handler_that_panics_has_failed_and_its_slot_goes_on(live: adc.SqliteQueue, panic: BaseException) -> None:
    def handler(job: adc.Job[str]) -> None:
        if job.payload == "panic":
            raise panic

    bad, good = live.schedule_many([MAIL.new("panic"), MAIL.new("hello")])
    runner(live, handler, concurrency=1).run_until_idle()

    assert told(live, bad) == (["scheduled"], ["JobScheduled", "JobStarted", "JobRetried"])
    assert type(panic).__name__ in str(live.history(bad)[-1].data["fault"])
    assert told(live, good) == (["done"], ["JobScheduled", "JobStarted", "JobDone"])


def test_053_one_slot_runs_jobs_one_by_one(live: adc.SqliteQueue) -> None:
    lock, order = Lock(), list[str]()

    def handler(job: adc.Job[str]) -> None:
        assert lock.acquire(blocking=False)
        order.append(job.payload)
        lock.release()

    live.schedule_many(MAIL.new(f"{number}") for number in range(5))
    runner(live, handler, concurrency=1).run_until_idle()

    assert (order, live.counts()["done"]) == (["0", "1", "2", "3", "4"], 5)
