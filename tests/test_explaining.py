"""Why a job runs, doesn't run, or ran again: a table from facts to reasons, a row for each reason; then real queues."""

from typing import get_args

import pytest
from msgspec.structs import replace

import adc
from adc.core.commands import Cancel, Claim, Command, Complete, Expire, Fail, Redrive, Release, Schedule, Snooze
from adc.core.ids import RunnerId
from adc.core.instants import SECOND, Instant, Span, datetime_of
from adc.core.liveness import Because
from adc.core.retry import exponential
from adc.core.terms import Body, Fault, Terms, Token
from adc.core.transition import Asked
from adc.explaining import FARTHEST, Facts, explain
from adc.runners import RunnerRow
from adc.shell import carry_out
from adc.stores.memory import MemoryStore
from adc.testing.samples import JOB, OTHER_RUNNER, RUNNER
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

NOW = Instant(1_000_000_000)
AT = datetime_of(NOW)
LATER = Instant(NOW + SECOND)
FAULT = Fault(("builtins.ValueError", "builtins.Exception"), "no such customer")
TERMS = Terms("mail", Body("", 2), retry=exponential(max_retries=2), max_crashes=2)
SCHEDULE = Schedule(JOB, NOW, TERMS, NOW)
CLAIM = Claim(JOB, NOW, RUNNER, LATER)


def token(attempt: int = 1) -> Token:
    return Token(attempt, RUNNER)


def runner(
    *, queue: str = "default", kind: str = "mail", version: int = 1, gone: Because | None = None, who: RunnerId = RUNNER
) -> RunnerRow:
    return RunnerRow(who, "threads", "here", 7, AT, (queue,), ((kind, version),), 0, AT, gone)


def facts(*commands: Command, runners: tuple[RunnerRow, ...] = (runner(),), **more: object) -> Facts:
    """What is known after these commands."""
    store = MemoryStore()
    with store.writing() as writing:
        for command in commands:
            (outcome,) = carry_out(writing, [Asked(command, "somebody")])
            assert isinstance(outcome, adc.Success), outcome
    known = Facts(NOW, store.load((JOB,))[JOB], store.history(JOB), runners)
    return replace(known, **more)


FAIL = Fail(JOB, NOW, token(), FAULT, "transient", None, 0.5)
FAIL_AT_ONCE = replace(FAIL, retry_in=Span(0))
CRASH = Expire(JOB, NOW, token(), "died")

TABLE: list[tuple[str, Facts, tuple[Why, ...]]] = [
    ("nothing is known", facts(), (NotKnown(JOB),)),
    ("its time hasn't come", facts(replace(SCHEDULE, due=LATER)), (NotYetDue(datetime_of(LATER)),)),
    ("nothing hinders it", facts(SCHEDULE), (NextInTurn(),)),
    (
        "its queue is paused",
        facts(SCHEDULE, paused_since=Instant(NOW - 5)),
        (QueueIsPaused("default", datetime_of(Instant(NOW - 5))),),
    ),
    ("nobody runs", facts(SCHEDULE, runners=()), (NoRunner(),)),
    ("who ran is gone", facts(SCHEDULE, runners=(runner(gone="died"),)), (NoRunner(),)),
    ("nobody serves its queue", facts(SCHEDULE, runners=(runner(queue="night"),)), (NoRunnerForQueue("default"),)),
    (
        "who handles its kind serves another queue",
        facts(SCHEDULE, runners=(runner(queue="night"), runner(kind="invoice"))),
        (NoRunnerForKind("mail"),),
    ),
    (
        "nobody handles its version",
        facts(SCHEDULE, runners=(runner(version=3), runner(version=2))),
        (NoRunnerForVersion("mail", 1, (2, 3)),),
    ),
    ("one of several will do", facts(SCHEDULE, runners=(runner(version=2), runner())), (NextInTurn(),)),
    ("others come first", facts(SCHEDULE, ahead=3), (Behind(3, are_many=False),)),
    ("many others come first", facts(SCHEDULE, ahead=FARTHEST + 1), (Behind(FARTHEST, are_many=True),)),
    (
        "everything hinders it",
        facts(replace(SCHEDULE, due=LATER), runners=(), paused_since=NOW, ahead=3),
        (NotYetDue(datetime_of(LATER)), QueueIsPaused("default", AT), NoRunner()),
    ),
    (
        "it waits for a retry",
        facts(SCHEDULE, CLAIM, FAIL),
        (
            WaitsForRetry(datetime_of(Instant(NOW + SECOND // 2)), 1, 2, FAULT),
            RanAgain(1, "failed", "ValueError: no such customer"),
        ),
    ),
    (
        "a runner died with it",
        facts(SCHEDULE, CLAIM, CRASH),
        (MustRunAlone(1, 2), RanAgain(1, "crashed", "died")),
    ),
    ("it runs", facts(SCHEDULE, CLAIM), (IsHeld(RUNNER, AT, AT, None),)),
    (
        "who runs it is gone",
        facts(SCHEDULE, CLAIM, runners=(runner(gone="silent"),)),
        (IsHeld(RUNNER, AT, AT, "silent"),),
    ),
    (
        "who runs it isn't on the roll",
        facts(SCHEDULE, CLAIM, runners=(runner(who=OTHER_RUNNER),)),
        (IsHeld(RUNNER, AT, None, "unlisted"),),
    ),
    (
        "it is being cancelled",
        facts(SCHEDULE, CLAIM, Cancel(JOB, NOW)),
        (IsHeld(RUNNER, AT, AT, None), IsBeingCancelled("somebody", AT)),
    ),
    ("it was cancelled", facts(SCHEDULE, Cancel(JOB, NOW)), (WasCancelled("somebody", AT),)),
    ("it is done", facts(SCHEDULE, CLAIM, Complete(JOB, NOW, token(), Body("", 4))), (IsDone(AT, 1),)),
    (
        "it is dead",
        facts(SCHEDULE, CLAIM, replace(FAIL, verdict="permanent")),
        (IsDead("Permanent", AT, FAULT),),
    ),
    (
        "its payload can't be read",
        facts(SCHEDULE, CLAIM, replace(FAIL, verdict="undecodable")),
        (IsDead("Undecodable", AT, FAULT),),
    ),
    (
        "it kills its runners",
        facts(SCHEDULE, CLAIM, CRASH, CLAIM, replace(CRASH, token=token(2))),
        (IsDead("Poison", AT, None), RanAgain(1, "crashed", "died")),
    ),
    (
        "it ran again, each time for another reason",
        facts(
            *(SCHEDULE, CLAIM, FAIL_AT_ONCE),
            *(CLAIM, Snooze(JOB, NOW, token(2), NOW)),
            *(CLAIM, Release(JOB, NOW, token(3), "shutdown", NOW)),
            *(CLAIM, replace(FAIL, token=token(4), verdict="permanent")),
            *(Redrive(JOB, NOW, NOW), CLAIM),
        ),
        (
            IsHeld(RUNNER, AT, AT, None),
            RanAgain(1, "failed", "ValueError: no such customer"),
            RanAgain(2, "snoozed", ""),
            RanAgain(3, "released", "shutdown"),
            RanAgain(4, "redriven", "somebody"),
        ),
    ),
]


@pytest.mark.parametrize(("known", "reasons"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_facts_give_reasons(known: Facts, reasons: tuple[Why, ...]) -> None:
    assert explain(known) == reasons


def test_each_reason_is_in_the_table() -> None:
    given = {type(why) for _, _, reasons in TABLE for why in reasons}

    assert given == set(get_args(Why))
