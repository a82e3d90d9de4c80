"""adc redrive, cancel and erase: change jobs that are named by their ids, each by itself; pause and resume: queues."""

from collections.abc import Callable, Sequence

import click

from adc.cli.ending import FAILED, complain
from adc.cli.parameters import JID, QUEUE
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.core.ids import Xid
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import NotFound, WrongState
from adc.core.states import Cancelling
from adc.queue import SqliteQueue


@click.command()
@click.argument("jids", metavar="JID...", type=JID, nargs=-1, required=True)
@choose_settings
@pass_settings
@click.pass_context
def redrive(context: click.Context, settings: Settings, jids: tuple[Xid, ...]) -> None:
    """Give dead letters a new life: due now, with all their retries.

    All of them: adc dead --json | jq -r .jid | xargs -r adc redrive
    """
    with settings.open_existing() as opened:
        refused = _each(jids, opened.redrive, lambda _: "redriven", "only a dead job can be redriven")
    context.exit(FAILED if refused else 0)


@click.command()
@click.argument("jids", metavar="JID...", type=JID, nargs=-1, required=True)
@choose_settings
@pass_settings
@click.pass_context
def cancel(context: click.Context, settings: Settings, jids: tuple[Xid, ...]) -> None:
    """Never run jobs that wait or are dead, and ask those that run to end.

    A job that runs isn't retried, whatever comes of it; if its handler completes it all the same, it is done.
    """
    with settings.open_existing() as opened:
        refused = _each(jids, opened.cancel_job, lambda jid: _cancelled(opened, jid), "it is over")
    context.exit(FAILED if refused else 0)


@click.command()
@click.argument("jids", metavar="JID...", type=JID, nargs=-1, required=True)
@choose_settings
@pass_settings
@click.pass_context
def erase(context: click.Context, settings: Settings, jids: tuple[Xid, ...]) -> None:
    """Remove the bytes of payloads and results of jobs that are done, cancelled or dead. Their histories stay.

    They are overwritten in the file. Backups, exports and archives aren't touched. A dead job can't be run again then.
    """
    with settings.open_existing() as opened:
        refused = _each(
            jids, opened.erase, lambda _: "erased", "only a job that is done, cancelled or dead can be erased"
        )
        if not opened.store.scrub():
            complain("somebody reads how it was before: the bytes are in -wal until this is called again after that")
    context.exit(FAILED if refused else 0)


@click.command()
@click.argument("queues", metavar="QUEUE...", type=QUEUE, nargs=-1, required=True)
@choose_settings
@pass_settings
def pause(settings: Settings, queues: tuple[str, ...]) -> None:
    """Claim no job from queues until they are resumed, whichever runner asks. Jobs that run go on.

    Jobs can be scheduled into them meanwhile. `adc stats` says which queues are paused.
    """
    with settings.open_existing() as opened:
        for queue in dict.fromkeys(queues):
            opened.pause(queue)
            click.echo(f"{queue} paused")


@click.command()
@click.argument("queues", metavar="QUEUE...", type=QUEUE, nargs=-1, required=True)
@choose_settings
@pass_settings
def resume(settings: Settings, queues: tuple[str, ...]) -> None:
    """Claim jobs from paused queues again. What fell due meanwhile is due at once."""
    with settings.open_existing() as opened:
        for queue in dict.fromkeys(queues):
            opened.resume(queue)
            click.echo(f"{queue} resumed")


def _each(
    jids: Sequence[Xid],
    change: Callable[[Xid], Outcome[None, NotFound | WrongState]],
    done: Callable[[Xid], str],
    rule: str,
) -> int:
    """Change each; a line on stdout for those that were, on stderr for those that weren't: how many."""
    refused = 0
    for jid in dict.fromkeys(jids):
        match change(jid):
            case Success():
                click.echo(f"{jid} {done(jid)}")
            case Failure(refusal):
                refused += 1
                complain(_why(refusal, rule))
    return refused


def _why(refusal: NotFound | WrongState, rule: str) -> str:
    match refusal:
        case NotFound(jid):
            return f"no job has the id {jid}"
        case WrongState(jid, state):
            return f"job {jid} is {state}: {rule}"


def _cancelled(opened: SqliteQueue, jid: Xid) -> str:
    if isinstance(opened.store.load((jid,))[jid].state, Cancelling):
        return "cancelling: its handler is asked to end; if it completes the job all the same, it is done"
    return "cancelled"
