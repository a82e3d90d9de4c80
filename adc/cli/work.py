"""adc work: a runner for the handlers of an application, in the foreground, with a line on stderr for what happens."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from typing import Final, assert_never

import click

from adc.cli.application import TARGET, router_of
from adc.cli.ending import Complaint
from adc.cli.inert import inert
from adc.cli.parameters import DURATION_ABOVE_ZERO, QUEUE
from adc.cli.sentences import attempt_of, says
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.times import stamp
from adc.core.instants import datetime_of
from adc.core.terms import DEFAULT_QUEUE
from adc.drivers.audience import Audience
from adc.drivers.turn import Listener
from adc.queue import SqliteQueue
from adc.router import RunnerRouter
from adc.runner import JobRunner
from adc.running.events import (
    AttemptAbandoned,
    AttemptCancelled,
    EventsDropped,
    Happened,
    JobUnreadable,
    ReportRefused,
    RunnerEvent,
    RunnerGone,
    RunnerStarted,
    RunnerStopped,
    RunnerStopping,
    StoreTroubled,
    StruckOff,
    WalGrowing,
)

MOST_AT_ONCE: Final = 10_000


@click.command()
@click.argument("target", metavar="[MODULE:NAME]", type=TARGET, envvar="ADC_APP", required=False)
@click.option(
    "-c",
    "--concurrency",
    type=click.IntRange(1, MOST_AT_ONCE),
    metavar="N",
    default=10,
    show_default=True,
    help="Jobs at once.",
)
@click.option(
    "--queue", "queues", type=QUEUE, multiple=True, default=(DEFAULT_QUEUE,), show_default=True, help="May be repeated."
)
@click.option(
    "--lease",
    type=DURATION_ABOVE_ZERO,
    default="30s",
    show_default=True,
    help="How long this runner may hang before others take its jobs; if its process dies they do so in seconds.",
)
@click.option("--until-idle", is_flag=True, help="End when nothing is due and nothing runs.")
@click.option("--quiet", is_flag=True, help="Say nothing of what happens.")
@choose_settings
@pass_settings
def work(
    settings: Settings,
    target: tuple[str, str] | None,
    concurrency: int,
    queues: tuple[str, ...],
    lease: timedelta,
    until_idle: bool,
    quiet: bool,
) -> None:
    """Run jobs with the handlers that MODULE:NAME gives, or ADC_APP if it isn't given.

    NAME is a RunnerRouter, a function that gives one, or a context manager that yields one; modules in the current
    directory are found. The queue's file is made if it isn't there. A file that stays locked for longer than
    --busy-timeout ends it at the start; later it tries again.

    SIGINT (Ctrl-C) and SIGTERM let running jobs finish; a second one ends at once. Jobs of a runner that was killed run
    again: in another one that lives, or in the next that starts.

    What happens is told on stderr; a closed stderr doesn't end it.
    """
    if target is None:
        raise click.UsageError("expected MODULE:NAME, or ADC_APP")
    with router_of(target) as router, settings.open_or_make() as queue, _lines(quiet) as tell:
        runner = _runner(queue, router, concurrency, queues, lease, tell)
        if until_idle:
            runner.run_until_idle()
        else:
            runner.run()


def _runner(
    queue: SqliteQueue,
    router: RunnerRouter,
    concurrency: int,
    queues: tuple[str, ...],
    lease: timedelta,
    tell: Listener | None,
) -> JobRunner:
    try:
        return JobRunner(queue, router, concurrency=concurrency, queues=queues, lease=lease, listener=tell)
    except (TypeError, ValueError) as error:
        raise Complaint(str(error)) from error


@contextmanager
def _lines(quiet: bool) -> Generator[Listener | None, None, None]:
    """Who writes lines on stderr, in a thread: the runner doesn't wait for a slow terminal. None for nobody."""
    if quiet:
        yield None
        return
    audience = Audience()
    writer = Thread(target=_write_lines, args=(audience,), name="adc-work-lines", daemon=True)
    writer.start()
    try:
        yield audience.tell
    finally:
        audience.end(None)
        writer.join()


def _write_lines(audience: Audience) -> None:
    for event in audience.read():
        try:
            click.echo(inert(line_of(event)), err=True)
        except OSError:  # whoever read them is gone; the jobs matter more
            return


def line_of(event: RunnerEvent) -> str:
    """What a runner's event says."""
    match event:
        case Happened(jid, kind, happened):
            return f"{stamp(datetime_of(happened.at))} {type(happened).__name__} {jid} {kind}{_detail(event)}"
        case RunnerStarted(runner):
            return f"runner {runner} started"
        case RunnerStopping(runner, running):
            return f"runner {runner} stops{_last_jobs(running)}"
        case RunnerStopped(runner):
            return f"runner {runner} stopped"
        case JobUnreadable(jid, problem):
            return f"{jid} can't be read, and stays as it is: {problem}"
        case AttemptAbandoned(jid, kind, attempt, why):
            return f"attempt {attempt} of {jid} {kind} was abandoned: {why}"
        case ReportRefused(jid, attempt, refusal):
            return f"attempt {attempt} of {jid} changed nothing: {type(refusal).__name__}"
        case AttemptCancelled(jid, kind, attempt):
            return f"attempt {attempt} of {jid} {kind} was told that its job is cancelled"
        case RunnerGone(runner, because, jobs):
            return f"runner {runner} is gone ({because}): {jobs} {'job' if jobs == 1 else 'jobs'} that it held expired"
        case StruckOff(runner):
            return f"runner {runner} was taken for gone by others, and has enrolled again"
        case StoreTroubled(problem):
            return f"{problem}. It is tried again"
        case WalGrowing(size):
            return f"the -wal has {size:,} bytes and grows: somebody reads how the file was before; adc doctor says who"
        case EventsDropped(count):
            return f"{count} lines were dropped: this terminal is too slow"
        case _:
            assert_never(event)


def _last_jobs(running: int) -> str:
    if not running:
        return ""
    jobs = "job" if running == 1 else "jobs"
    return f": {running} running {jobs} may finish; a second signal ends it at once"


def _detail(event: Happened) -> str:
    happened = event.event
    attempt = attempt_of(happened)
    numbered = f" attempt {attempt}" if attempt else ""
    said = says(happened)
    return f"{numbered}: {said}" if said else numbered
