"""adc pause and resume: queues by their names; what stats and history say of them."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest

from adc.core.ids import DATABASE
from adc.kind import JobKind
from adc.queue import SqliteQueue

Adc = Callable[..., CompletedProcess[str]]

NOTE = JobKind("note", int)


def test_a_queue_is_paused_and_resumed(adc: Adc, queue: SqliteQueue) -> None:
    queue.schedule(NOTE.new(1))

    for _ in range(2):  # again is no trouble
        done = adc("pause", "default")
        assert (done.returncode, done.stdout, done.stderr) == (0, "default paused\n", "")
    assert queue.paused() == ("default",)
    assert queue.poll_next(NOTE) is None

    for _ in range(2):
        done = adc("resume", "default")
        assert (done.returncode, done.stdout, done.stderr) == (0, "default resumed\n", "")
    assert queue.paused() == ()
    assert queue.poll_next(NOTE) is not None
    assert [entry.actor.partition(":")[0] for entry in queue.history(DATABASE)] == ["cli", "cli"]


def test_several_are_named_at_once(adc: Adc, queue: SqliteQueue) -> None:
    assert adc("pause", "mail", "night", "mail").stdout == "mail paused\nnight paused\n"
    assert adc("resume", "night").stdout == "night resumed\n"
    assert queue.paused() == ("mail",)


def test_stats_say_which_are_paused(adc: Adc, queue: SqliteQueue) -> None:
    before = adc("stats").stdout
    adc("pause", "night", "mail")

    assert adc("stats").stdout == f"{before}queue mail is paused\nqueue night is paused\n"
    assert json.loads(adc("stats", "--json").stdout)["paused"] == ["mail", "night"]


def test_the_history_of_the_database_tells_of_it(adc: Adc, queue: SqliteQueue) -> None:
    assert len(adc("history", DATABASE).stdout.splitlines()) == 1  # the titles
    adc("pause", "mail")
    adc("resume", "mail")

    _, paused, resumed = adc("history", DATABASE).stdout.splitlines()
    assert ("QueuePaused" in paused, "QueueResumed" in resumed, resumed.endswith("mail")) == (True, True, True)
    entries = [json.loads(line) for line in adc("history", DATABASE, "--json").stdout.splitlines()]
    assert [(entry["type"], entry["jid"], entry["version"], entry["data"]) for entry in entries] == [
        ("QueuePaused", DATABASE, 1, {"queue": "mail"}),
        ("QueueResumed", DATABASE, 2, {"queue": "mail"}),
    ]
    assert "QueuePaused" in adc("events").stdout


@pytest.mark.parametrize("option", ["--at=1", "--timeline", "--follow"])
def test_what_is_drawn_of_a_job_cant_be_of_the_database(adc: Adc, queue: SqliteQueue, option: str) -> None:
    done = adc("history", DATABASE, option)

    assert (done.returncode, done.stdout) == (2, "")
    assert "is the database itself, and no job" in done.stderr


def test_the_database_is_no_job(adc: Adc, queue: SqliteQueue) -> None:
    adc("pause", "mail")

    for command in ("show", "cancel", "redrive"):
        assert adc(command, DATABASE).stderr == f"adc: no job has the id {DATABASE}\n"


@pytest.mark.parametrize("command", ["pause", "resume"])
@pytest.mark.parametrize("arguments", [(), ("",), ("a\nb",), ("x" * 201,)], ids=["none", "empty", "lines", "long"])
def test_what_cant_be_a_queue_is_refused(
    adc: Adc, queue: SqliteQueue, command: str, arguments: tuple[str, ...]
) -> None:
    assert adc(command, *arguments).returncode == 2
    assert queue.history(DATABASE) == ()


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_file_that_isnt_there_is_not_made(adc: Adc, command: str) -> None:
    assert adc(command, "mail").returncode == 1
