"""A runner, its events matched to the end, and policies of retries."""

from collections.abc import Generator
from datetime import timedelta
from typing import assert_never, assert_type

from accepts_handlers import build

import adc


def run(queue: adc.SqliteQueue) -> None:
    runner = adc.JobRunner(queue, build(), concurrency=3, queues=("default", "mail"), lease=timedelta(seconds=9))
    runner.run(timedelta(seconds=1))
    runner.run_until_idle()
    runner.run_until_empty()
    runner.stop()
    assert_type(runner.events(), Generator[adc.RunnerEvent, None, None])
    for event in runner.events(timedelta(seconds=1)):
        print(told(event))


def told(event: adc.RunnerEvent) -> str:
    match event:
        case adc.RunnerStarted(runner) | adc.RunnerStopping(runner) | adc.RunnerStopped(runner):
            return runner
        case adc.Happened(jid, kind):
            return f"{jid} {kind}"
        case adc.ReportRefused(jid, attempt):
            return f"{jid} {attempt}"
        case adc.JobUnreadable(jid, problem):
            return f"{jid} {problem}"
        case adc.RunnerGone(runner, because, jobs, actor):
            assert_type(jobs, int)
            return f"{runner} {because} {actor}"
        case adc.StruckOff(runner):
            return runner
        case adc.AttemptAbandoned(jid) | adc.AttemptCancelled(jid):
            return jid
        case adc.StoreTroubled(problem):
            return problem
        case adc.WalGrowing(size):
            assert_type(size, int)
            return f"{size}"
        case adc.EventsDropped(count):
            return str(count)
        case _:
            assert_never(event)


def watched(queue: adc.SqliteQueue) -> None:
    try:
        adc.JobRunner(queue, build(), driver="threads", shutdown_timeout=timedelta(seconds=20)).run()
    except adc.HandlersHang as hang:
        assert_type(hang.count, int)
    for row in queue.runners():
        assert_type(row, adc.RunnerRow)
        assert_type(row.kinds, tuple[tuple[str, int], ...])
    adc.JobKind("render", str, max_crashes=1, shutdown_timeout=timedelta(seconds=5))


def describe(why: adc.NotDone) -> str:
    match why:
        case adc.Transient(message):
            return message
        case adc.Permanent():
            return "never"
        case _:
            return "later"


policy: adc.RetryPolicy = adc.linear(timedelta(seconds=1), max_retries=3, cap=timedelta(minutes=1), jitter=False)
assert_type(policy.delays(), tuple[timedelta, ...])
assert_type(policy.max_retries, int)
adc.fixed(timedelta(seconds=1), max_retries=1, give_up_on=(KeyError, adc.TimedOut))
schema: str = adc.SCHEMA_SQL
adc.guard_files()
