"""adc rebuild: the states of jobs made anew from the log, in a new file or in place; what it doesn't prove is told."""

import os.path

import click

from adc import system
from adc.cli.ending import FAILED, Complaint, complain
from adc.cli.parameters import FILE, as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.verifying import counted, existing, path_of, show
from adc.core.instants import datetime_of, span_of
from adc.stores.sqlite.rebuilding import rebuild_into
from adc.stores.sqlite.righting import RIGHTED, put_right


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option("--to", "new", type=FILE, help="Make this file: the same log, and the states that follow from it.")
@click.option("--in-place", is_flag=True, help="Put the states in FILE itself right, in one transaction.")
@click.option("--backup", type=FILE, help="With --in-place: where FILE as it was is kept.  [default: FILE.backup-TIME]")
@click.option("--dry-run", is_flag=True, help="Show what would change, row by row, and change nothing.")
@as_json
@choose_settings
@pass_settings
@click.pass_context
def rebuild(
    context: click.Context,
    settings: Settings,
    file: str | None,
    new: str | None,
    in_place: bool,
    backup: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Compute the states of all jobs anew from the log: adc_jobs, and which queues are paused.

    The log itself is never repaired: what it doesn't prove is shown as by adc verify, and the exit code is 1. In a new
    file such jobs have no state, so that nobody runs them; their events are there as they are. In place nothing is
    changed then. Stop all runners of FILE before. FILE is that of --db, unless it is given.
    """
    if [new is not None, in_place, dry_run].count(True) != 1:
        raise click.UsageError("one of --to, --in-place and --dry-run is needed, and no more than one")
    if backup is not None and not in_place:
        raise click.UsageError("--backup goes with --in-place")
    path = path_of(settings, file)
    settings.let_in(path)
    if new is not None:
        settings.let_in(new)
        unproved = _make(path, new, as_json)
    elif in_place:
        unproved = _put_right(settings, path, backup or f"{path}.backup-{_now()}", as_json)
    else:
        unproved = _show_changes(path, as_json)
    context.exit(FAILED if unproved else 0)


def _make(path: str, new: str, as_json: bool) -> int:
    if not os.path.exists(path):  # noqa: PTH110  pathlib would cost 5 ms of each command
        raise Complaint(f"{path}: no such file. Name the queue's file")
    rebuilt = rebuild_into(os.path.abspath(path), os.path.abspath(new))  # noqa: PTH100  as above
    unproved = show(existing(new), as_json)
    complain(f"{new} has {counted(rebuilt.events, 'event')}, and {counted(rebuilt.jobs, 'job')} not over")
    if rebuilt.left_out:
        complain(f"{counted(rebuilt.left_out, 'event')} couldn't be taken over: something in such an event isn't text")
    if unproved:
        complain(
            f"{counted(unproved, 'finding')} in it: what is in {path} doesn't prove those jobs, and nobody runs them"
        )
    return unproved + rebuilt.left_out


def _put_right(settings: Settings, path: str, backup: str, as_json: bool) -> int:
    righted = put_right(os.path.abspath(path), os.path.abspath(backup), span_of(settings.busy_timeout))  # noqa: PTH100  as above
    unproved = show(righted.findings, as_json)
    if unproved:
        complain(
            "nothing was changed: the log doesn't prove all states. adc rebuild --to makes a file of what it proves"
        )
    elif righted.rows:
        complain(f"{counted(righted.rows, 'row')} put right; {backup} is {path} as it was")
    else:
        complain("nothing was wrong")
    return unproved


def _show_changes(path: str, as_json: bool) -> int:
    changes = unproved = 0
    for finding in existing(path):
        show((finding,), as_json)
        if finding.law in RIGHTED:
            changes += 1
        else:
            unproved += 1
    complain(f"{counted(changes, 'row')} would be put right; {counted(unproved, 'finding')} can't be")
    return unproved


def _now() -> str:
    """This second, for the name of a file."""
    return f"{datetime_of(system.SystemClock().now()):%Y%m%dT%H%M%SZ}"
