"""adc backup: a verified copy of one moment of a queue's file, while everything goes on."""

import os.path

import click

from adc.cli import records
from adc.cli.ending import Complaint
from adc.cli.parameters import FILE, as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.times import span_text
from adc.cli.verifying import counted, path_of
from adc.core.instants import timedelta_of
from adc.ports.trouble import NoQueue
from adc.stores.sqlite.backing_up import back_up_file
from adc.system import SystemClock


@click.command()
@click.argument("to", metavar="TO", type=FILE)
@as_json
@choose_settings
@pass_settings
def backup(settings: Settings, to: str, as_json: bool) -> None:
    """Write a copy of the file of --db to TO, verify it, and only then give it its name. TO mustn't be there yet.

    Everything goes on meanwhile. The copy is of one moment, on disk, and its owner's alone; it opens as a queue, in
    which the jobs that run now wait to run again. If something goes wrong there is no file TO. The file may be of a
    format that this adc would migrate: it stays as it is.
    """
    path = path_of(settings, None)
    try:
        made = back_up_file(os.path.abspath(path), os.path.abspath(to), SystemClock())  # noqa: PTH100  pathlib would cost 5 ms of each command
    except NoQueue as error:
        raise Complaint(f"{path}: {error.problem}. Name the queue's file with --db or ADC_DB") from error
    took = timedelta_of(made.took)
    if as_json:
        counts = {"events": made.events, "jobs": made.jobs, "bytes": made.bytes}
        records.write({"path": made.path, **counts, "seconds": took.total_seconds()})
        return
    what = f"{counted(made.events, 'event')}, {counted(made.jobs, 'job')} not over, {made.bytes:,} bytes"
    click.echo(f"{to} is a sound copy of {path}: {what}, in {span_text(took)}")
