"""adc prune: the histories of jobs that have long been over leave the queue's file, into an archive or for good."""

from datetime import datetime, timedelta
from typing import Final, TypeAlias

import click

from adc import system
from adc.cli import records
from adc.cli.ending import Complaint, complain
from adc.cli.parameters import FILE, Read, as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.times import duration_of, moment_of, stamp
from adc.cli.verifying import counted
from adc.core.instants import datetime_of
from adc.ports.store import PruneCount

Age: TypeAlias = timedelta | datetime
"""So long ago, or a moment."""


def age_of(text: str) -> Age:
    """What a text says; a ValueError for one that says none.

    >>> str(age_of("30d")), age_of("2027-01-01T10:00Z").isoformat()
    ('30 days, 0:00:00', '2027-01-01T10:00:00+00:00')
    """
    if "T" in text or text == "now":
        return moment_of(text, datetime_of(system.SystemClock().now()))
    return duration_of(text)


AGE: Final = Read("DURATION|TIME", age_of)


@click.command()
@click.option(
    "--done-before", "age", type=AGE, required=True, help="Jobs that ended so long ago, as 30d, or before a time."
)
@click.option("--archive", type=FILE, help="Move them into this file, which is made if it isn't there.")
@click.option("--dry-run", is_flag=True, help="Say how many there are, and change nothing.")
@as_json
@choose_settings
@pass_settings
def prune(settings: Settings, age: Age, archive: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove the histories of jobs that were done or cancelled long ago, and give the room back.

    Jobs that wait, run or are dead stay whole. Keys of jobs that are removed are free again. Runners may run meanwhile.
    With --archive nothing is removed before it is on disk there and was read back; `adc --db ARCHIVE` shows it: list,
    show, history, events, export, verify.
    """
    if dry_run and archive is not None:
        raise click.UsageError("--dry-run changes nothing: leave --archive out")
    with settings.open_existing() as opened:
        moment = _moment(age, datetime_of(opened.clock.now()))
        count = opened.prunable(done_before=moment) if dry_run else opened.prune(done_before=moment, archive=archive)
    if as_json:
        records.write({"jobs": count.jobs, "events": count.events, "left": count.left, "archive": archive})
    else:
        click.echo(_said(count, moment, archive, dry_run))
    if count.left:
        complain(f"{counted(count.left, 'job')} stayed: their log doesn't prove that they are over; see adc verify")


def _moment(age: Age, now: datetime) -> datetime:
    if isinstance(age, datetime):
        return age
    try:
        return now - age
    except OverflowError as error:
        raise Complaint("that is before the year 1") from error


def _said(count: PruneCount, moment: datetime, archive: str | None, dry_run: bool) -> str:
    what = f"{counted(count.jobs, 'job')} that ended before {stamp(moment)}, {counted(count.events, 'event')}"
    if dry_run:
        return f"would remove {what}"
    return f"removed {what}" if archive is None else f"moved {what}, into {archive}"
