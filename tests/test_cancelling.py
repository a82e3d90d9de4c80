"""Cancelling a job that runs: its handler is told, wherever it runs, and the log says what came of it."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Thread
from typing import TypeAlias

import pytest

import adc
from tests.heeding import FINISHING, FINISHING_IN_PROCESS, HEEDING, POLL, router

Running: TypeAlias = "subprocess.Popen[bytes]"
ROOT = Path(__file__).parent.parent


@pytest.fixture
def queue(tmp_path: Path) -> Generator[adc.SqliteQueue, None, None]:
    with adc.SqliteQueue.open(tmp_path / "jobs.db") as opened:
        yield opened


@pytest.fixture
def pipes(tmp_path: Path) -> Path:
    """By which a handler says how far it is: it waits there until it is read."""
    for name in ("begun", "seen"):
        os.mkfifo(tmp_path / name)
    return tmp_path


@contextmanager
def here(queue: adc.SqliteQueue, pipes: Path) -> Generator[None, None, None]:
    """A runner in this process, on the same queue."""
    runner = adc.JobRunner(queue, router)
    thread = Thread(target=runner.run, args=(POLL,))
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join()


@contextmanager
def program(database: Path) -> Generator[Running, None, None]:
    running = subprocess.Popen([sys.executable, "-m", "tests.heeding", str(database)], cwd=ROOT)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@contextmanager
def elsewhere(queue: adc.SqliteQueue, pipes: Path) -> Generator[None, None, None]:
    """A runner in another process."""
    with program(pipes / "jobs.db") as running:
        yield
        running.terminate()
        assert running.wait(30) == 0


Somewhere: TypeAlias = Callable[[adc.SqliteQueue, Path], AbstractContextManager[None]]
ANYWHERE = pytest.mark.parametrize("somewhere", [here, elsewhere], ids=["here", "elsewhere"])


@ANYWHERE
@pytest.mark.parametrize("kind", HEEDING, ids=lambda kind: kind.name)
def test_its_handler_is_told_within_two_polls(
    queue: adc.SqliteQueue, pipes: Path, somewhere: Somewhere, kind: adc.JobKind[str, str]
) -> None:
    jid = queue.schedule(kind.new(str(pipes)))
    with somewhere(queue, pipes):
        assert (pipes / "begun").read_text() == "begun"
        assert queue.cancel_job(jid) == adc.Success(None)
        assert (pipes / "seen").read_text() == "told"

    history = queue.history(jid)
    assert [entry.type for entry in history] == ["JobScheduled", "JobStarted", "CancelAsked", "JobCancelled"]
    assert history[-1].data == {"how": "released"}
    assert history[-1].at - history[-2].at < 2 * POLL
    assert queue.result(kind, jid) == adc.Failure(adc.WrongState(jid, "cancelled"))


@ANYWHERE
@pytest.mark.parametrize("kind", [FINISHING, FINISHING_IN_PROCESS], ids=lambda kind: kind.name)
def test_one_that_finishes_all_the_same_is_done(
    queue: adc.SqliteQueue, pipes: Path, somewhere: Somewhere, kind: adc.JobKind[str, str]
) -> None:
    jid = queue.schedule(kind.new(str(pipes)))
    with somewhere(queue, pipes):
        assert (pipes / "begun").read_text() == "begun"
        assert queue.cancel_job(jid) == adc.Success(None)
        assert [row.state for row in queue.look()] == ["cancelling"]
        assert (pipes / "seen").read_text() == "at its end"

    assert [entry.type for entry in queue.history(jid)][1:] == ["JobStarted", "CancelAsked", "JobDone"]
    assert queue.result(kind, jid) == adc.Success("finished")
    assert queue.cancel_job(jid) == adc.Failure(adc.WrongState(jid, "done"))


def test_one_whose_runner_dies_before_it_could_be_told_is_cancelled(queue: adc.SqliteQueue, pipes: Path) -> None:
    jid = queue.schedule(FINISHING.new(str(pipes)))
    with program(pipes / "jobs.db"):
        assert (pipes / "begun").read_text() == "begun"
    assert queue.cancel_job(jid) == adc.Success(None)
    adc.JobRunner(queue, router).run_until_idle()

    assert [entry.type for entry in queue.history(jid)][2:] == ["CancelAsked", "JobCrashed", "JobCancelled"]
