"""adc redrive and cancel: a line for each job that was changed, a complaint for each that wasn't."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from adc.core.ids import Xid
from adc.handling.notdone import Permanent
from adc.kind import JobKind
from adc.queue import SqliteQueue

Adc = Callable[..., CompletedProcess[str]]

NOTE = JobKind("note", int)
NOBODY = Xid("d5k7nc8v2q0g0a1m5j60")


@pytest.fixture
def dead(queue: SqliteQueue) -> Xid:
    jid = queue.schedule(NOTE.new(1))
    claimed = queue.poll_next(NOTE)
    assert claimed is not None
    claimed.fail(Permanent("no"))
    return jid


def test_a_dead_job_is_redriven_once(adc: Adc, queue: SqliteQueue, dead: Xid) -> None:
    done = adc("redrive", dead, dead)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{dead} redriven\n", "")
    assert queue.counts()["scheduled"] == 1
    assert queue.history(dead)[-1].actor.startswith("cli:")


def test_what_is_refused_keeps_nothing_else_back(adc: Adc, queue: SqliteQueue, dead: Xid) -> None:
    waiting = queue.schedule(NOTE.new(2))

    done = adc("redrive", waiting, NOBODY, dead)

    assert (done.returncode, done.stdout) == (1, f"{dead} redriven\n")
    assert done.stderr.splitlines() == [
        f"adc: job {waiting} is scheduled: only a dead job can be redriven",
        f"adc: no job has the id {NOBODY}",
    ]


def test_a_job_that_waits_is_cancelled(adc: Adc, queue: SqliteQueue, dead: Xid) -> None:
    waiting = queue.schedule(NOTE.new(2))

    done = adc("cancel", waiting, dead)

    assert (done.returncode, done.stdout) == (0, f"{waiting} cancelled\n{dead} cancelled\n")
    assert queue.counts()["cancelled"] == 2
    assert adc("cancel", waiting).returncode == 0


def test_a_job_that_runs_isnt_retried_but_runs_on(adc: Adc, queue: SqliteQueue) -> None:
    jid = queue.schedule(NOTE.new(2))
    queue.poll_next(NOTE)

    assert adc("cancel", jid).stdout == (
        f"{jid} cancelling: its handler is asked to end; if it completes the job all the same, it is done\n"
    )


def test_a_job_that_is_done_cant_be_cancelled(adc: Adc, queue: SqliteQueue) -> None:
    jid = queue.schedule(NOTE.new(2))
    claimed = queue.poll_next(NOTE)
    assert claimed is not None
    claimed.complete(None)

    done = adc("cancel", jid)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"adc: job {jid} is done: it is over\n")


@pytest.mark.parametrize("command", ["redrive", "cancel"])
def test_jobs_are_named_by_their_ids(adc: Adc, queue: SqliteQueue, command: str) -> None:
    assert adc(command).returncode == 2
    assert adc(command, "--all").returncode == 2


def test_the_pipe_in_the_help_redrives_all(adc: Adc, queue: SqliteQueue) -> None:
    queue.schedule_many(NOTE.new(number) for number in range(250))
    while (claimed := queue.poll_next(NOTE)) is not None:
        claimed.fail(Permanent("no"))

    listed = adc("dead", "--json")
    done = adc("redrive", *(json.loads(line)["jid"] for line in listed.stdout.splitlines()))

    assert (done.returncode, done.stderr) == (0, "")
    assert queue.counts() == {"scheduled": 250, "started": 0, "cancelling": 0, "done": 0, "dead": 0, "cancelled": 0}
    assert "adc dead --json | jq -r .jid | xargs -r adc redrive" in adc("redrive", "--help").stdout
