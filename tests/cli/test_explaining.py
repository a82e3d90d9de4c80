"""adc explain: a sentence for each reason, and the command that helps."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from subprocess import CompletedProcess
from typing import get_args

import pytest

from adc.cli.explaining import next_command, sentence_of
from adc.core.terms import Fault
from adc.kind import JobKind
from adc.queue import SqliteQueue
from adc.testing.samples import JOB, RUNNER
from adc.why import (
    Behind,
    IsBeingCancelled,
    IsDead,
    IsDone,
    IsHeld,
    MustRunAlone,
    NextInTurn,
    NoRunner,
    NoRunnerForKind,
    NoRunnerForQueue,
    NoRunnerForVersion,
    NotKnown,
    NotYetDue,
    QueueIsPaused,
    RanAgain,
    WaitsForRetry,
    WasCancelled,
    Why,
)

Adc = Callable[..., CompletedProcess[str]]

NOTE = JobKind("note", int)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
SOON = NOW + timedelta(minutes=5)
PAST = datetime(2020, 1, 1, tzinfo=UTC)
STAMP = "2027-01-01T00:00:00.000Z"
FAULT = Fault(("builtins.ValueError",), "no such customer")
FOLLOW = f"adc history {JOB} --follow"
WORK = "adc work MODULE:ROUTER"

SAID: list[tuple[Why, str, str]] = [
    (NotKnown(JOB), f"nothing is known of {JOB}", FOLLOW),
    (NotYetDue(SOON), "it is not due yet: in 5m (2027-01-01T00:05:00.000Z)", FOLLOW),
    (
        WaitsForRetry(SOON, 1, 3, FAULT),
        "it waits for retry 1 of 3, in 5m, because ValueError: no such customer",
        FOLLOW,
    ),
    (QueueIsPaused("mail", NOW), f"queue mail is paused since {STAMP}", "adc resume mail"),
    (NoRunner(), "no runner lives", WORK),
    (NoRunnerForQueue("mail"), "no live runner serves queue mail", f"{WORK} --queue mail"),
    (NoRunnerForKind("note"), "no live runner of its queue has a handler for kind note", WORK),
    (
        NoRunnerForVersion("note", 1, (2, 3)),
        "its payload is of version 1 of kind note, the handlers of live runners are for 2, 3",
        WORK,
    ),
    (
        MustRunAlone(1, 3),
        "once a runner died with it, and at 3 it is dead: it waits for one that is idle, to run alone",
        "adc runners",
    ),
    (Behind(1, are_many=False), "1 due job of its queue comes first", "adc runners"),
    (Behind(10_000, are_many=True), "more than 10000 due jobs of its queue come first", "adc runners"),
    (NextInTurn(), "nothing stands in its way: a runner takes it when it has a free place", FOLLOW),
    (IsHeld(RUNNER, NOW, None, None), f"runner {RUNNER} holds it since {STAMP}", "adc runners"),
    (
        IsHeld(RUNNER, NOW, NOW, None),
        f"runner {RUNNER} holds it since {STAMP}; its last beat came now",
        "adc runners",
    ),
    (
        IsHeld(RUNNER, NOW, NOW, "died"),
        f"runner {RUNNER} holds it since {STAMP}; but that runner is gone (died): another one gives it back",
        WORK,
    ),
    (IsBeingCancelled("cli:me", NOW), "it is being cancelled: cli:me asked for it now", FOLLOW),
    (WasCancelled("cli:me", NOW), "it was cancelled now, as cli:me asked", f"adc show {JOB}"),
    (
        IsDead("Permanent", NOW, FAULT),
        f"it is dead since {STAMP}: Permanent, because ValueError: no such customer",
        f"adc redrive {JOB}",
    ),
    (IsDead("Poison", NOW, None), f"it is dead since {STAMP}: Poison", f"adc redrive {JOB}"),
    (IsDead("Undecodable", NOW, None), f"it is dead since {STAMP}: Undecodable", f"adc show {JOB}"),
    (IsDone(NOW, 2), f"it is done since {STAMP}, in attempt 2", f"adc show {JOB}"),
    (RanAgain(1, "snoozed", ""), "attempt 1 was not the last: snoozed", FOLLOW),
    (RanAgain(1, "crashed", "died"), "attempt 1 was not the last: crashed (died)", FOLLOW),
]


@pytest.mark.parametrize(("why", "sentence", "command"), SAID, ids=[str(number) for number in range(len(SAID))])
def test_each_reason_is_a_sentence_and_a_command(why: Why, sentence: str, command: str) -> None:
    assert sentence_of(why, NOW) == sentence
    assert next_command((why,), JOB) == command


def test_no_reason_is_left_out() -> None:
    assert {type(why) for why, _, _ in SAID} == set(get_args(Why))


def test_the_command_is_that_of_the_first_reason_that_has_one() -> None:
    assert next_command((NotYetDue(SOON), QueueIsPaused("mail", NOW), NoRunner()), JOB) == "adc resume mail"


def test_a_waiting_job_without_a_runner(adc: Adc, queue: SqliteQueue) -> None:
    jid = queue.schedule(NOTE.new(1).at(PAST))
    queue.pause("default")

    done = adc("explain", jid)
    paused, nobody, command = done.stdout.splitlines()
    assert paused.startswith("queue default is paused since ")
    assert (nobody, command) == ("no runner lives", "next: adc resume default")
    records = [json.loads(line) for line in adc("explain", jid, "--json").stdout.splitlines()]
    assert [(each["reason"], each.get("queue")) for each in records] == [
        ("QueueIsPaused", "default"),
        ("NoRunner", None),
    ]


def test_behind_others_of_higher_priority(adc: Adc, queue: SqliteQueue) -> None:
    others = [NOTE.new(1, priority=1), NOTE.new(2), NOTE.new(3, queue="other"), NOTE.new(4, priority=-1)]
    queue.schedule_many([each.at(PAST) for each in others])
    jid = queue.schedule(NOTE.new(5).at(PAST))

    assert "2 due jobs of its queue come first" in adc("explain", jid).stdout


def test_an_unknown_job(adc: Adc, queue: SqliteQueue) -> None:
    done = adc("explain", JOB)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"no job has the id {JOB}" in done.stderr
