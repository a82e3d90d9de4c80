"""adc list, dead and stats: many jobs at a glance."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, get_args

import click

from adc.cli import records
from adc.cli.ending import complain
from adc.cli.life import DeadLetter, letter_of, unknown
from adc.cli.parameters import JID, KIND, MOMENT, QUEUE, as_json
from adc.cli.sentences import said_of
from adc.cli.settings import Settings, choose_database, pass_settings
from adc.cli.tables import Column, show_table
from adc.cli.times import relative
from adc.core.ids import Xid
from adc.core.instants import datetime_of
from adc.core.states import Absent, StateName
from adc.queue import SqliteQueue
from adc.reading import JobRow

PAGE: Final = 100

JOBS: Final = (
    Column("JID"),
    Column("STATE"),
    Column("KIND", least=8),
    Column("QUEUE", least=7),
    Column("PRIO", is_number=True),
    Column("ATTEMPT", is_number=True),
    Column("DUE OR REASON", least=10),
)
DEAD: Final = (
    Column("JID"),
    Column("KIND", least=8),
    Column("DIED"),
    Column("REASON"),
    Column("LAST FAILURE", least=16),
)
COUNTS: Final = (Column("STATE"), Column("JOBS", is_number=True))


def paged(command: Callable[..., None]) -> Callable[..., None]:
    """Add what a list in pages has."""
    command = click.option("--after", type=JID, help="The last id of the page before.")(command)
    command = click.option("--limit", type=click.IntRange(min=1), default=PAGE, show_default=True, help="Jobs a page.")(
        command
    )
    command = click.option("--queue", type=QUEUE, help="Only jobs in this queue.")(command)
    return click.option("--kind", type=KIND, help="Only jobs of this kind.")(command)


@click.command("list")
@click.option("--state", type=click.Choice(get_args(StateName)), help="Only jobs in this state.")
@click.option("--due-before", type=MOMENT, help="Only waiting jobs that are due before this time; now: that are due.")
@paged
@as_json
@choose_database
@pass_settings
def list_jobs(
    settings: Settings,
    state: StateName | None,
    due_before: datetime | None,
    kind: str | None,
    queue: str | None,
    limit: int,
    after: Xid | None,
    as_json: bool,
) -> None:
    """List jobs, in the order of scheduling; those that are over too, for as long as their history is kept."""
    with settings.open_existing() as opened:
        _check_known(opened, after)
        rows = opened.look(state=state, kind=kind, queue=queue, due_before=due_before, after=after, limit=limit + 1)
        now = datetime_of(opened.clock.now())
    if as_json:
        for row in rows[:limit]:
            records.write(records.of_row(row))
    else:
        show_table(JOBS, [_cells(row, now) for row in rows[:limit]])
    _tell_of_more(rows, limit)


@click.command()
@paged
@as_json
@choose_database
@pass_settings
def dead(
    settings: Settings,
    kind: str | None,
    queue: str | None,
    limit: int,
    after: Xid | None,
    as_json: bool,
) -> None:
    """List the dead letters: why they died, and what went wrong last.

    `adc show JID` has the traceback, `adc redrive JID` gives a job a new life.
    """
    with settings.open_existing() as opened:
        _check_known(opened, after)
        rows = opened.look(state="dead", kind=kind, queue=queue, after=after, limit=limit + 1)
        letters = [letter_of(opened, row) for row in rows[:limit]]
        now = datetime_of(opened.clock.now())
    if as_json:
        for letter in letters:
            records.write(records.of_letter(letter))
    else:
        show_table(DEAD, [_letter_cells(letter, now) for letter in letters])
    _tell_of_more(rows, limit)


@click.command()
@as_json
@choose_database
@pass_settings
def stats(settings: Settings, as_json: bool) -> None:
    """Count the jobs in each state; with --json one object with a number for each."""
    with settings.open_existing() as opened:
        counts = opened.counts()
    if as_json:
        records.write({state: counts[state] for state in get_args(StateName)})
    else:
        show_table(COUNTS, [(state, str(counts[state])) for state in get_args(StateName)])


def _cells(row: JobRow, now: datetime) -> Sequence[str]:
    outlook = relative(row.due, now) if row.due is not None else row.reason or ""
    return (row.jid, row.state, row.kind, row.queue, str(row.priority), str(row.attempt), outlook)


def _letter_cells(letter: DeadLetter, now: datetime) -> Sequence[str]:
    row, fault = letter.row, letter.fault
    return (row.jid, row.kind, relative(letter.died_at, now), row.reason or "", "" if fault is None else said_of(fault))


def _check_known(opened: SqliteQueue, after: Xid | None) -> None:
    if after is not None and isinstance(opened.store.load((after,))[after].state, Absent):
        raise unknown(after)


def _tell_of_more(rows: Sequence[JobRow], limit: int) -> None:
    if len(rows) > limit:
        complain(f"there are more; the next page: --after {rows[limit - 1].jid}")
