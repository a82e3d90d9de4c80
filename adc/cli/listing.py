"""adc list, dead and stats: many jobs at a glance."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, get_args

import click

from adc.cli import records
from adc.cli.ending import complain
from adc.cli.inert import inert
from adc.cli.life import DeadLetter, letter_of, unknown
from adc.cli.parameters import JID, KIND, MOMENT, QUEUE, as_json
from adc.cli.sentences import said_of
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.tables import Column, show_table
from adc.cli.times import relative
from adc.core.ids import Xid
from adc.core.instants import datetime_of
from adc.core.states import Absent, StateName
from adc.queue import SqliteQueue
from adc.reading import JobRow

PAGE: Final = 100
"""So many jobs are read at a time, and shown to people if they don't say how many."""

MOST: Final = 1_000_000

JOBS: Final = (
    Column("JID"),
    Column("STATE"),
    Column("KIND", least=8),
    Column("QUEUE", least=7),
    Column("PRIO", is_number=True),
    Column("ATTEMPT", is_number=True),
    Column("DUE OR ENDED", least=10),
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
    command = click.option(
        "--limit", type=click.IntRange(1, MOST), metavar="N", help=f"Jobs a page.  [default: {PAGE}; with --json all]"
    )(command)
    command = click.option("--queue", type=QUEUE, help="Only jobs in this queue.")(command)
    return click.option("--kind", type=KIND, help="Only jobs of this kind.")(command)


@click.command("list")
@click.option(
    "--state",
    type=click.Choice(get_args(StateName)),
    metavar="STATE",
    help=f"Only jobs in this state: {', '.join(get_args(StateName))}.",
)
@click.option("--due-before", type=MOMENT, help="Only waiting jobs that are due before this time; now: that are due.")
@paged
@as_json
@choose_settings
@pass_settings
def list_jobs(
    settings: Settings,
    state: StateName | None,
    due_before: datetime | None,
    kind: str | None,
    queue: str | None,
    limit: int | None,
    after: Xid | None,
    as_json: bool,
) -> None:
    """List jobs, in the order of scheduling; those that are over too, for as long as their history is kept."""
    with settings.open_existing() as opened:
        _check_known(opened, after)
        look = partial(opened.look, state=state, kind=kind, queue=queue, due_before=due_before)
        chosen = Chosen(look, after, None if as_json and limit is None else limit or PAGE)
        if as_json:
            for row in chosen:
                records.write(records.of_row(row))
        else:
            now = datetime_of(opened.clock.now())
            show_table(JOBS, [_cells(row, now) for row in chosen])
        chosen.tell_of_more()


@click.command()
@paged
@as_json
@choose_settings
@pass_settings
def dead(
    settings: Settings,
    kind: str | None,
    queue: str | None,
    limit: int | None,
    after: Xid | None,
    as_json: bool,
) -> None:
    """List the dead letters: why they died, and what went wrong last.

    `adc show JID` has the traceback, `adc redrive JID` gives a job a new life.
    """
    with settings.open_existing() as opened:
        _check_known(opened, after)
        look = partial(opened.look, state="dead", kind=kind, queue=queue)
        chosen = Chosen(look, after, None if as_json and limit is None else limit or PAGE)
        letters = (letter_of(opened, row) for row in chosen)
        if as_json:
            for letter in letters:
                records.write(records.of_letter(letter))
        else:
            now = datetime_of(opened.clock.now())
            show_table(DEAD, [_letter_cells(letter, now) for letter in letters])
        chosen.tell_of_more()


@click.command()
@as_json
@choose_settings
@pass_settings
def stats(settings: Settings, as_json: bool) -> None:
    """Count the jobs in each state, and say which queues are paused.

    With --json one object, with a number for each state, and the names of the queues in paused.
    """
    with settings.open_existing() as opened:
        counts, paused = opened.counts(), opened.paused()
    if as_json:
        records.write({**{state: counts[state] for state in get_args(StateName)}, "paused": paused})
        return
    show_table(COUNTS, [(state, str(counts[state])) for state in get_args(StateName)])
    for queue in paused:
        click.echo(f"queue {inert(queue)} is paused")


class Chosen:
    """Jobs, up to a number, read in pages while they are given; None: all of them."""

    def __init__(self, look: Callable[..., Sequence[JobRow]], after: Xid | None, most: int | None) -> None:
        self._rows = _paged(look, after)
        self._most = most
        self._last = after

    def __iter__(self) -> Iterator[JobRow]:
        for row in islice(self._rows, self._most):
            self._last = row.jid
            yield row

    def tell_of_more(self) -> None:
        """Say how to go on, once all were given, if there are more than were wanted."""
        if next(self._rows, None) is not None:
            complain(f"there are more; the next page: --after {self._last}")


def _paged(look: Callable[..., Sequence[JobRow]], after: Xid | None) -> Iterator[JobRow]:
    while page := look(after=after, limit=PAGE):
        yield from page
        after = page[-1].jid


def _cells(row: JobRow, now: datetime) -> Sequence[str]:
    return (row.jid, row.state, row.kind, row.queue, str(row.priority), str(row.attempt), _when(row, now))


def _when(row: JobRow, now: datetime) -> str:
    if row.due is not None:
        return relative(row.due, now)
    if row.ended is None:
        return ""  # it runs
    ended = relative(row.ended, now)
    return ended if row.reason is None else f"{row.reason}, {ended}"


def _letter_cells(letter: DeadLetter, now: datetime) -> Sequence[str]:
    row, fault = letter.row, letter.fault
    return (row.jid, row.kind, relative(letter.died_at, now), row.reason or "", "" if fault is None else said_of(fault))


def _check_known(opened: SqliteQueue, after: Xid | None) -> None:
    if after is not None and isinstance(opened.store.load((after,))[after].state, Absent):
        raise unknown(after)
