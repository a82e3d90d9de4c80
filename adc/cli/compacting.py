"""adc compact: room that a queue's file no longer needs goes back to the system."""

import click

from adc.cli import records
from adc.cli.ending import complain
from adc.cli.parameters import as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.ports.upkeep import Compacted


@click.command()
@as_json
@choose_settings
@pass_settings
def compact(settings: Settings, as_json: bool) -> None:
    """Give free pages of the file back, a few in each transaction, and make the -wal empty. Runners may run meanwhile.

    Pages become free when adc prune or erase takes something away; until they are given back they are used again.
    """
    with settings.open_existing() as opened:
        done = opened.compact()
    if as_json:
        sizes = {"before": done.before, "after": done.after, "free": done.free, "wal": done.wal}
        records.write({**sizes, "gives_back": done.gives_back})
    else:
        click.echo(f"{done.before:,} bytes before, {done.after:,} bytes after")
    if left := _left(done, settings.database):
        complain(left)


def _left(done: Compacted, path: str) -> str:
    """What couldn't be done, and what to do; empty: all is done."""
    if done.wal:
        return f"{done.wal:,} bytes of it are in the -wal: others read it, or write; try again, or see adc doctor"
    if done.free and not done.gives_back:
        how = f"stop all that uses it, then: python -m apsw {path} VACUUM"
        return f"{done.free:,} bytes are free in it and stay, as adc didn't make the file. To have them, {how}"
    return ""
