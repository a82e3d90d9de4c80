"""Rescue: what a runner held that is gone runs again elsewhere, at once if its process died, whatever the lease."""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

import adc
from adc.core.events import JobDone
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Span
from adc.ports.store import Enrolment, Wanted
from adc.testing.samples import RUNNER

RUN = adc.JobKind("run", str, result=str)
SHORT = timedelta(milliseconds=200)
POLL = timedelta(milliseconds=100)
LONG = timedelta(days=1)
"""A lease that no test outlives."""

RUNNER_PROGRAM = """
import ctypes, os, signal, sys, time
from datetime import timedelta

import adc

RUN = adc.JobKind("run", str, result=str)
router = adc.RunnerRouter()


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\\n").encode())  # at once: two threads say something


@router.handles(RUN)
def run(job: adc.Job[str]) -> str:
    say("began", job.jid)
    if job.payload == "exit":
        os._exit(3)
    if job.payload == "segfault":
        ctypes.string_at(0)
    if job.payload == "fork" and os.fork() == 0:
        sys.stdin.read()  # the child lives on, until the test ends
        os._exit(0)
    if job.payload != "wait for a line":
        while True:
            time.sleep(1)
    sys.stdin.readline()
    return "by the one that slept"


with adc.SqliteQueue.open(sys.argv[1]) as queue:
    lease = timedelta(seconds=float(sys.argv[2]))
    for event in adc.JobRunner(queue, router, concurrency=1, lease=lease).events(timedelta(seconds=0.05)):
        match event:
            case adc.Happened(jid, _, happened):
                say(type(happened).__name__, jid)
            case adc.ReportRefused(jid) | adc.AttemptAbandoned(jid):
                say(type(event).__name__, jid)
            case _:
                say(type(event).__name__)
"""


class Child:
    """A runner in a process of its own, and the lines that it prints."""

    def __init__(self, path: Path, lease: timedelta) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNER_PROGRAM, str(path), str(lease.total_seconds())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def until(self, line: str) -> list[str]:
        """Read lines up to this one."""
        assert self.process.stdout is not None
        read: list[str] = []
        for each in self.process.stdout:
            read.append(each.strip())
            if read[-1] == line:
                return read
        raise AssertionError(f"{line} never came: {read}")


@contextmanager
def child(path: Path, lease: timedelta = LONG) -> Generator[Child, None, None]:
    running = Child(path, lease)
    try:
        yield running
    finally:
        running.process.send_signal(signal.SIGCONT)
        running.process.kill()
        running.process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def queue(path: Path) -> Generator[adc.SqliteQueue, None, None]:
    with adc.SqliteQueue.open(path) as opened:
        yield opened


def finishing(queue: adc.SqliteQueue) -> tuple[adc.JobRunner, list[adc.RunnerEvent]]:
    """A runner that runs whatever comes, and what it tells."""
    router = adc.RunnerRouter()
    router.add_job_handler(RUN, lambda job: f"rescued in attempt {job.attempt}")
    events: list[adc.RunnerEvent] = []
    return adc.JobRunner(queue, router, lease=SHORT, listener=events.append), events


def told(queue: adc.SqliteQueue, jid: Xid) -> list[str]:
    return [entry.type for entry in queue.history(jid)][1:]


def until_done(queue: adc.SqliteQueue, jid: Xid) -> None:
    """Run until a job is done that somebody else has when this begins."""
    router = adc.RunnerRouter()
    router.add_job_handler(RUN, lambda job: f"rescued in attempt {job.attempt}")

    def listen(event: adc.RunnerEvent) -> None:
        if isinstance(event, adc.Happened) and event.jid == jid and isinstance(event.event, JobDone):
            runner.stop()

    runner = adc.JobRunner(queue, router, lease=SHORT, listener=listen)
    runner.run(POLL)


@pytest.mark.parametrize("payload", ["exit", "segfault", "killed", "fork"])
def test_what_a_dead_process_held_runs_again_whatever_the_lease(
    queue: adc.SqliteQueue, path: Path, payload: str
) -> None:
    jid = queue.schedule(RUN.new(payload))
    with child(path) as running:
        running.until(f"began {jid}")
        if payload in ("killed", "fork"):
            running.process.kill()
        running.process.wait(30)
        until_done(queue, jid)

    assert told(queue, jid) == ["JobStarted", "JobCrashed", "JobStarted", "JobDone"]
    assert queue.result(RUN, jid) == adc.Success("rescued in attempt 2")


def test_who_starts_on_a_file_whose_last_runner_died_finds_its_jobs_at_once(queue: adc.SqliteQueue, path: Path) -> None:
    jid = queue.schedule(RUN.new("killed"))
    with child(path) as running:
        running.until(f"began {jid}")
        running.process.kill()
        running.process.wait(30)

    runner, events = finishing(queue)
    runner.run_until_idle()  # it never waits

    assert told(queue, jid) == ["JobStarted", "JobCrashed", "JobStarted", "JobDone"]
    (gone,) = [event for event in events if isinstance(event, adc.RunnerGone)]
    assert (gone.because, gone.jobs) == ("died", 1)
    assert queue.runners() == ()


def test_a_live_runner_keeps_its_jobs(queue: adc.SqliteQueue, path: Path) -> None:
    jid = queue.schedule(RUN.new("wait for a line"))
    with child(path) as running:
        running.until(f"began {jid}")
        for _ in range(3):
            finishing(queue)[0].run_until_idle()
        (row,) = queue.runners()
        assert (row.pid, row.jobs, row.gone, row.driver) == (running.process.pid, 1, None, "threads")
        assert row.kinds == (("run", 1),)

        assert running.process.stdin is not None
        running.process.stdin.write("\n")
        running.process.stdin.flush()
        running.until(f"JobDone {jid}")

    assert told(queue, jid) == ["JobStarted", "JobDone"]


def test_a_stopped_process_loses_its_jobs_and_goes_on_with_new_ones(queue: adc.SqliteQueue, path: Path) -> None:
    jid = queue.schedule(RUN.new("wait for a line"))
    with child(path, lease=SHORT) as running:
        running.until(f"began {jid}")
        running.process.send_signal(signal.SIGSTOP)
        until_done(queue, jid)
        assert told(queue, jid) == ["JobStarted", "JobCrashed", "JobStarted", "JobDone"]

        assert running.process.stdin is not None
        running.process.stdin.write("\n\n")
        running.process.stdin.flush()
        running.process.send_signal(signal.SIGCONT)
        another = queue.schedule(RUN.new("wait for a line"))
        lines = running.until(f"JobDone {another}")

    assert "StruckOff" in lines
    assert f"JobDone {jid}" not in lines
    assert queue.result(RUN, jid) == adc.Success("rescued in attempt 2")


def test_runners_and_queues_of_one_process_do_not_take_each_other_for_dead(path: Path) -> None:
    began, released = Event(), Event()
    router = adc.RunnerRouter()

    @router.handles(RUN)
    def run(job: adc.Job[str]) -> str:
        began.set()
        assert released.wait(30)
        return f"attempt {job.attempt}"

    with adc.SqliteQueue.open(path) as one, adc.SqliteQueue.open(path) as two:
        jid = one.schedule(RUN.new(""))
        runner = adc.JobRunner(one, router)
        events = runner.events(POLL)
        assert [type(next(events)) for _ in range(2)] == [adc.RunnerStarted, adc.Happened]
        assert began.wait(30)
        for queue in (two, one):
            finishing(queue)[0].run_until_idle()
        assert [row.gone for row in two.runners()] == [None]

        released.set()
        assert any(isinstance(event, adc.Happened) and event.jid == jid for event in events)
        events.close()
        assert two.result(RUN, jid) == adc.Success("attempt 1")


def test_what_was_claimed_by_hand_comes_back_when_the_queue_is_closed(queue: adc.SqliteQueue, path: Path) -> None:
    jid = queue.schedule(RUN.new(""))
    with adc.SqliteQueue.open(path) as other:
        assert other.poll_next(RUN) is not None
        finishing(queue)[0].run_until_idle()
        assert told(queue, jid) == ["JobStarted"]
        assert [(row.driver, row.jobs, row.gone) for row in queue.runners()] == [("poll", 1, None)]

    assert queue.poll_next(RUN) is not None  # who polls by hand rescues too
    assert told(queue, jid) == ["JobStarted", "JobCrashed", "JobStarted"]


def test_what_a_run_that_broke_off_held_comes_back(queue: adc.SqliteQueue) -> None:
    def break_off(event: adc.RunnerEvent) -> None:
        if isinstance(event, adc.Happened):
            raise KeyboardInterrupt

    router = adc.RunnerRouter()
    router.add_job_handler(RUN, lambda job: f"attempt {job.attempt}")
    jid = queue.schedule(RUN.new(""))
    with pytest.raises(KeyboardInterrupt):
        adc.JobRunner(queue, router, listener=break_off).run_until_idle()
    assert told(queue, jid) == ["JobStarted"]

    finishing(queue)[0].run_until_idle()
    assert told(queue, jid) == ["JobStarted", "JobCrashed", "JobStarted", "JobDone"]


def test_who_holds_jobs_and_is_not_on_the_roll_is_gone(queue: adc.SqliteQueue, path: Path) -> None:
    """As after an adc that kept no roll."""
    jid = queue.schedule(RUN.new(""))
    with adc.SqliteQueue.open(path) as other:
        claimed = other.poll_next(RUN)
        assert claimed is not None
        with queue.store.writing() as writing:
            (row,) = queue.runners()
            writing.strike(row.runner)
        runner, events = finishing(queue)
        runner.run_until_idle()
        assert claimed.complete("late") == adc.Failure(adc.LeaseLost(jid, 1))

    assert told(queue, jid) == ["JobStarted", "JobCrashed", "JobStarted", "JobDone"]
    assert [event.because for event in events if isinstance(event, adc.RunnerGone)] == ["unlisted"]


def test_after_a_reboot_the_jobs_come_back_at_once(queue: adc.SqliteQueue) -> None:
    queue.store.enrol(
        Enrolment(RUNNER, "threads", Wanted((), ()), "host", 1, "another start", queue.clock.now(), Span(9))
    )
    runner, events = finishing(queue)
    runner.run_until_idle()

    assert [(event.runner, event.because) for event in events if isinstance(event, adc.RunnerGone)] == [
        (RunnerId(RUNNER), "rebooted")
    ]


def test_a_side_file_that_was_removed_costs_nobody_its_jobs(queue: adc.SqliteQueue, path: Path) -> None:
    jid = queue.schedule(RUN.new("wait for a line"))
    with child(path) as running:
        running.until(f"began {jid}")
        Path(f"{path}-adc").unlink()
        finishing(queue)[0].run_until_idle()
        assert told(queue, jid) == ["JobStarted"]

        running.process.kill()
        running.process.wait(30)
