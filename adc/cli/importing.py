"""adc import: the jobs of a file of the Rust original, copied into the queue, and what came of them told."""

import os.path
from typing import Final

import click

from adc.cli import records
from adc.cli.ending import FAILED, Complaint, complain
from adc.cli.parameters import FILE, as_json
from adc.cli.settings import Settings, actor, choose_settings, pass_settings
from adc.cli.verifying import counted
from adc.core.retry import NEVER, exponential
from adc.importing import Imported, Wish, import_jobs, would_import
from adc.ports.trouble import NoQueue
from adc.stores.sqlite.originals import OriginalFile, original_in

CAUSE: Final = "request:adc import"


@click.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--max-retries", type=click.IntRange(0), metavar="N", default=0, show_default=True,
    help="How often the jobs are retried here, with exponential backoff.",
)  # fmt: skip
@click.option(
    "--payload-version", type=click.IntRange(1), metavar="N", default=1, show_default=True,
    help="The version of their kinds' payloads that theirs are.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be copied, and change nothing.")
@as_json
@choose_settings
@pass_settings
@click.pass_context
def import_original(
    context: click.Context,
    settings: Settings,
    file: str,
    max_retries: int,
    payload_version: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Copy all jobs that wait or are dead in FILE, of the Rust original aide-de-camp, 0.1 to 0.4, into the queue.

    Payloads are copied byte for byte: those of 0.2 are bincode, which a kind reads with a codec of its own. Each job
    keeps its times, and its id if that is an Xid; else it gets one that follows from it, and the old one is in its
    meta. So what was imported before isn't imported again. Stop all runners of FILE before; it is left as it is.

    The queue's file is made if it isn't there. A job that can't be stored is told, and the exit code is 1.
    """
    wish = Wish(actor(), CAUSE, exponential(max_retries=max_retries) if max_retries else NEVER, payload_version)
    if os.path.isdir(file):  # noqa: PTH112  pathlib would cost 5 ms of each command
        raise Complaint(f"{file}: this is a directory. Name a file of the Rust original")
    try:
        with original_in(file) as original:
            count = _dry(settings, original, wish) if dry_run else _carried_out(settings, original, wish)
            said, cron_jobs = original.said, original.cron_jobs
    except NoQueue as error:
        raise Complaint(f"{file}: {error.problem}. Name a file of the Rust original") from error
    if as_json:
        records.write({"original": said, **_record(count), "cron_jobs": cron_jobs, "dry_run": dry_run})
    else:
        click.echo(f"{file} is of {said}")
        click.echo(_said(count, dry_run))
    if cron_jobs:
        complain(f"{counted(cron_jobs, 'cron job')} stayed there: adc has no schedules yet")
    context.exit(FAILED if count.left else 0)


def _carried_out(settings: Settings, original: OriginalFile, wish: Wish) -> Imported:
    with settings.open_or_make() as opened:
        return import_jobs(original.jobs(), opened.store, wish, complain)


def _dry(settings: Settings, original: OriginalFile, wish: Wish) -> Imported:
    try:
        opened = settings.open(settings.database, "refuse")
    except NoQueue:  # it would be made
        return would_import(original.jobs(), None, wish, complain)
    with opened:
        return would_import(original.jobs(), opened.store, wish, complain)


def _record(count: Imported) -> records.Record:
    return {"waiting": count.waiting, "dead": count.dead, "known": count.known, "left": count.left}


def _said(count: Imported, dry_run: bool) -> str:
    done = f"{'would import' if dry_run else 'imported'} {counted(count.waiting, 'job')} to run"
    dead = f"{counted(count.dead, 'dead letter')}"
    return f"{done} and {dead}; {count.known} known already, {count.left} that can't be stored"
