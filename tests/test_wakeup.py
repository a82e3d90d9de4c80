"""Wake-ups: a runner that rests for an hour starts at once what others commit, in its process or in another one."""

import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

import pytest

from adc.core.ids import Xid
from adc.core.instants import datetime_of
from adc.core.outcome import Success
from adc.handling.job import Job
from adc.handling.notdone import Permanent
from adc.kind import JobKind
from adc.queue import SqliteQueue, StoreQueue
from adc.router import RunnerRouter
from adc.runner import JobRunner
from adc.running.events import AttemptCancelled, RunnerEvent, RunnerStarted
from adc.testing.memory_queue import MemoryQueue

HOUR = timedelta(hours=1)
SOON = 30
"""Seconds: much less than an hour, however busy the machine."""
ACT = JobKind("act", int)

PRODUCER = """
import sys
import adc

ACT = adc.JobKind("act", int)
with adc.SqliteQueue.open(sys.argv[1], durability="normal") as queue:
    for line in sys.stdin:
        verb, argument = line.split()
        if verb == "schedule":
            queue.schedule(ACT.new(int(argument)))
        else:
            queue.cancel_job(adc.Xid(argument))
"""


@pytest.fixture
def queue(db: Path) -> Iterator[SqliteQueue]:
    """With the system's clock."""
    with SqliteQueue.open(db, durability="normal") as opened:
        yield opened


class Running:
    """A runner in a thread, which looks by itself once an hour only."""

    def __init__(self, queue: StoreQueue, handler: Callable[[Job[int]], None] | None = None) -> None:
        self.began = SimpleQueue[int]()
        self.events = SimpleQueue[RunnerEvent]()
        router = RunnerRouter()
        router.add_job_handler(ACT, self._act if handler is None else handler)
        self.runner = JobRunner(queue, router, concurrency=1, listener=self.events.put)
        self.thread = Thread(target=self.runner.run, args=(HOUR,))

    def _act(self, job: Job[int]) -> None:
        self.began.put(job.payload)

    def next(self) -> int:
        return self.began.get(timeout=SOON)


@contextmanager
def running(queue: StoreQueue, handler: Callable[[Job[int]], None] | None = None) -> Generator[Running, None, None]:
    one = Running(queue, handler)
    one.thread.start()
    try:
        assert isinstance(one.events.get(timeout=SOON), RunnerStarted)
        yield one
    finally:
        one.runner.stop()
        one.thread.join(SOON)
        assert not one.thread.is_alive()


@contextmanager
def producer(db: Path) -> Generator[Callable[[str], None], None, None]:
    command = [sys.executable, "-c", PRODUCER, str(db)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None

        def tell(line: str) -> None:
            assert process.stdin is not None
            process.stdin.write(f"{line}\n")
            process.stdin.flush()

        yield tell


def test_jobs_of_the_same_queue(queue: SqliteQueue) -> None:
    with running(queue) as one:
        for number in range(5):
            queue.schedule(ACT.new(number))
            assert one.next() == number


def test_jobs_of_another_queue_of_this_process(queue: SqliteQueue, db: Path) -> None:
    with running(queue) as one, SqliteQueue.open(db, durability="normal") as other:
        for number in range(5):
            other.schedule(ACT.new(number))
            assert one.next() == number


def test_jobs_of_another_process(queue: SqliteQueue, db: Path) -> None:
    with running(queue) as one, producer(db) as tell:
        for number in range(5):
            tell(f"schedule {number}")
            assert one.next() == number


def test_jobs_of_a_queue_in_memory() -> None:
    queue = MemoryQueue()
    with running(queue) as one:
        queue.schedule(ACT.new(1))
        assert one.next() == 1


def test_a_job_that_is_due_before_the_runner_would_look(queue: SqliteQueue) -> None:
    with running(queue) as one:
        queue.schedule_in(ACT.new(1), timedelta(milliseconds=100))
        assert one.next() == 1


def test_what_is_moved_resumed_or_redriven(queue: SqliteQueue) -> None:
    dead = queue.schedule(ACT.new(1))
    claimed = queue.poll_next(ACT)
    assert claimed is not None
    assert claimed.fail(Permanent("no")) == Success(None)
    moved = queue.schedule_in(ACT.new(2), 10 * HOUR)
    with running(queue) as one:
        assert queue.redrive(dead) == Success(None)
        assert one.next() == 1
        assert queue.reschedule(moved, due=datetime_of(queue.clock.now())) == Success(None)
        assert one.next() == 2
        queue.pause("default")
        queue.schedule(ACT.new(3))
        queue.resume("default")
        assert one.next() == 3


def test_several_runners_share_what_comes_at_once(queue: SqliteQueue, db: Path) -> None:
    """Each is busy with one until all have begun."""
    began, go_on = SimpleQueue[int](), Event()

    def act(job: Job[int]) -> None:
        began.put(job.payload)
        assert go_on.wait(SOON)

    with running(queue, act), running(queue, act), SqliteQueue.open(db, durability="normal") as other:
        other.schedule_many(ACT.new(number) for number in range(2))
        assert {began.get(timeout=SOON) for _ in range(2)} == {0, 1}
        go_on.set()


def cancelled_by(cancel: Callable[[Xid], None], queue: SqliteQueue) -> None:
    began = SimpleQueue[Xid]()

    def act(job: Job[int]) -> None:
        began.put(job.jid)
        assert job.cancellation.wait(timedelta(seconds=SOON))

    with running(queue, act) as one:
        queue.schedule(ACT.new(1))
        jid = began.get(timeout=SOON)
        cancel(jid)
        while not isinstance(one.events.get(timeout=SOON), AttemptCancelled):
            pass


def test_a_job_that_runs_is_told_at_once_that_it_was_cancelled(queue: SqliteQueue) -> None:
    def cancel(jid: Xid) -> None:
        assert queue.cancel_job(jid) == Success(None)

    cancelled_by(cancel, queue)


def test_by_another_process_too(queue: SqliteQueue, db: Path) -> None:
    with producer(db) as tell:
        cancelled_by(lambda jid: tell(f"cancel {jid}"), queue)


def test_nothing_is_left_when_the_last_runner_ends(queue: SqliteQueue, db: Path) -> None:
    with running(queue):
        assert len(list(db.with_name("jobs.db-wake").iterdir())) == 1

    assert not db.with_name("jobs.db-wake").exists()


def test_what_a_runner_left_that_was_killed_goes_when_the_next_one_begins(queue: SqliteQueue, db: Path) -> None:
    with running(queue):
        wake = db.with_name("jobs.db-wake")
        (wake / "99").touch()
        with running(queue):
            assert len(list(wake.iterdir())) == 2


def test_a_runner_that_nobody_can_call_looks_more_often(
    queue: SqliteQueue, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")  # as on a system without such sockets
    with running(queue) as one, producer(db) as tell:
        tell("schedule 1")
        assert one.next() == 1
