"""adc explain: why a job runs, doesn't run, or ran again; and the command to run next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

import click
from msgspec.structs import asdict

from adc.cli import records
from adc.cli.inert import inert
from adc.cli.life import unknown
from adc.cli.parameters import JID, as_json
from adc.cli.sentences import said_of
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.times import iso, relative, stamp
from adc.core.ids import Xid
from adc.core.instants import datetime_of
from adc.core.terms import Fault
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

WORK: Final = "adc work MODULE:ROUTER"


@click.command()
@click.argument("jid", type=JID)
@as_json
@choose_settings
@pass_settings
def explain(settings: Settings, jid: Xid, as_json: bool) -> None:
    """Say why a job doesn't run, why it ran again, or why it is dead; and, last, which command to run next.

    With --json one object a reason: its name in reason, then its fields.
    """
    with settings.open_existing() as opened:
        reasons = opened.explain(jid)
        now = datetime_of(opened.clock.now())
    if isinstance(reasons[0], NotKnown):
        raise unknown(jid)
    if as_json:
        for why in reasons:
            records.write(
                {"reason": type(why).__name__, **{name: _plain(value) for name, value in asdict(why).items()}}
            )
        return
    for why in reasons:
        click.echo(inert(sentence_of(why, now)))
    click.echo(f"next: {next_command(reasons, jid)}")


def sentence_of(why: Why, now: datetime) -> str:
    """What a reason says."""
    match why:
        case NotKnown(jid):
            return f"nothing is known of {jid}"
        case NotYetDue(due):
            return f"it is not due yet: {relative(due, now)} ({stamp(due)})"
        case WaitsForRetry(due, retry, max_retries, fault):
            return f"it waits for retry {retry} of {max_retries}, {relative(due, now)}, because {said_of(fault)}"
        case QueueIsPaused(queue, since):
            return f"queue {queue} is paused since {stamp(since)}"
        case NoRunner():
            return "no runner lives"
        case NoRunnerForQueue(queue):
            return f"no live runner serves queue {queue}"
        case NoRunnerForKind(kind):
            return f"no live runner of its queue has a handler for kind {kind}"
        case NoRunnerForVersion(kind, version, handled):
            known = ", ".join(map(str, handled))
            return f"its payload is of version {version} of kind {kind}, the handlers of live runners are for {known}"
        case MustRunAlone(crashes, max_crashes):
            died = f"{_times(crashes)} a runner died with it, and at {max_crashes} it is dead"
            return f"{died}: it waits for one that is idle, to run alone"
        case Behind(jobs, are_many):
            more = "more than " if are_many else ""
            return f"{more}{jobs} due {'job of its queue comes' if jobs == 1 else 'jobs of its queue come'} first"
        case NextInTurn():
            return "nothing stands in its way: a runner takes it when it has a free place"
        case IsHeld():
            return _held(why, now)
        case IsBeingCancelled(actor, at):
            return f"it is being cancelled: {actor} asked for it {relative(at, now)}"
        case WasCancelled(actor, at):
            return f"it was cancelled {relative(at, now)}, as {actor} asked"
        case IsDead(reason, at, fault):
            said = "" if fault is None else f", because {said_of(fault)}"
            return f"it is dead since {stamp(at)}: {reason}{said}"
        case IsDone(at, attempt):
            return f"it is done since {stamp(at)}, in attempt {attempt}"
        case RanAgain(attempt, how, because):
            return f"attempt {attempt} was not the last: {how}{f' ({because})' if because else ''}"
        case _:
            assert_never(why)


def next_command(reasons: Sequence[Why], jid: Xid) -> str:
    """What to do about the first reason that something can be done about."""
    commands = (_command(why, jid) for why in reasons)
    return next(filter(None, commands), f"adc history {jid} --follow")


def _command(why: Why, jid: Xid) -> str:
    """The command that helps; empty: time does, or another reason's."""
    match why:
        case QueueIsPaused(queue):
            return f"adc resume {queue}"
        case NoRunnerForQueue(queue):
            return f"{WORK} --queue {queue}"
        case NoRunner() | NoRunnerForKind() | NoRunnerForVersion():
            return WORK
        case MustRunAlone() | Behind():
            return "adc runners"
        case IsHeld(gone=gone):
            return "adc runners" if gone is None else WORK
        case IsDead(reason="Undecodable"):
            return f"adc show {jid}"
        case IsDead():
            return f"adc redrive {jid}"
        case IsDone() | WasCancelled():
            return f"adc show {jid}"
        case NotKnown() | NotYetDue() | WaitsForRetry() | NextInTurn() | IsBeingCancelled() | RanAgain():
            return ""
        case _:
            assert_never(why)


def _held(why: IsHeld, now: datetime) -> str:
    held = f"runner {why.runner} holds it since {stamp(why.since)}"
    if why.gone is not None:
        return f"{held}; but that runner is gone ({why.gone}): another one gives it back"
    return f"{held}" if why.beat_at is None else f"{held}; its last beat came {relative(why.beat_at, now)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _plain(value: object) -> object:
    match value:
        case datetime():
            return iso(value)
        case Fault(names, message):
            return {"error": names[0] if names else None, "message": message}
        case _:
            return value
