"""adc runners: who runs jobs, and who is gone."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import click

from adc.cli import records
from adc.cli.ending import complain
from adc.cli.parameters import as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.tables import Column, show_table
from adc.cli.times import relative
from adc.core.instants import datetime_of
from adc.runners import RunnerRow

RUNNERS: Final = (
    Column("RUNNER"),
    Column("DRIVER"),
    Column("HOST", least=6),
    Column("PID", is_number=True),
    Column("STARTED", least=10),
    Column("LAST BEAT", least=10),
    Column("JOBS", is_number=True),
    Column("STATE"),
    Column("QUEUES", least=8),
)


@click.command()
@as_json
@choose_settings
@pass_settings
def runners(settings: Settings, as_json: bool) -> None:
    """Show who runs jobs of this file: since when, where, with how many jobs, and when it last gave a sign of life.

    One that is gone is shown until another runner has given its jobs to others: died (its process is dead, or let go of
    the queue), rebooted (the machine was started anew). With --json also the kinds that each can run.
    """
    with settings.open_existing() as opened:
        found = opened.runners()
        now = datetime_of(opened.clock.now())
    if as_json:
        for each in found:
            records.write(records.of_runner(each))
    elif found:
        show_table(RUNNERS, tuple(_rows(found, now)))
    else:
        complain("no runner: start one with adc work")


def _rows(found: Sequence[RunnerRow], now: datetime) -> Iterator[tuple[str, ...]]:
    for each in found:
        yield (
            *(each.runner, each.driver, each.host, str(each.pid), relative(each.started_at, now)),
            "" if each.beat_at is None else relative(each.beat_at, now),
            *(str(each.jobs), each.gone or "lives", ", ".join(each.queues)),
        )
