"""adc history and events: what happened to one job, and in the whole log; then, and while it goes on."""

import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final, Literal

import click

from adc.cli import records
from adc.cli.ending import Complaint, complain
from adc.cli.following import every, follow_job, follow_log, history_of_job, read_log
from adc.cli.inert import inert
from adc.cli.life import history_of, unknown
from adc.cli.log_table import Happened, entry_of, line_of_event, show_events, show_history
from adc.cli.parameters import DURATION_ABOVE_ZERO, JID, Read, as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.tables import show_lines
from adc.cli.then import THEN, Then, show_then, write_then
from adc.cli.timeline import BLOCKS, LETTERS, can_be_shown, timeline
from adc.core.ids import DATABASE, Xid
from adc.core.transition import Recorded
from adc.history import Gaps
from adc.ports.store import Store
from adc.queue import SqliteQueue

PAGE: Final = 100
"""So many events are shown to people if they don't say how many."""
MOST: Final = 1_000_000_000

END: Final = "end"


def place_of(text: str) -> int | Literal["end"]:
    """The place in the log that a text says; a ValueError for one that says none.

    >>> place_of("17"), place_of("end")
    (17, 'end')
    """
    if text == END:
        return END
    if not (text.isascii() and text.isdigit() and len(text) < len(str(2**63))):
        raise ValueError(f"expected a place in the log, such as 17, or end, got {text!r}")
    return int(text)


PLACE: Final = Read("SEQ", place_of)

polled: Final = click.option(
    "--poll",
    type=DURATION_ABOVE_ZERO,
    default="250ms",
    show_default=True,
    help="With --follow, how often to look for more.",
)


@click.command()
@click.argument("jid", type=JID)
@click.option("--at", "then", type=THEN, help="Show the job as it was after N of its events, or at a time.")
@click.option("--timeline", is_flag=True, help="Draw it: when it waited, when it ran, and how that ended.")
@click.option("-f", "--follow", is_flag=True, help="Go on, until the job is done or cancelled.")
@polled
@as_json
@choose_settings
@pass_settings
def history(
    settings: Settings, jid: Xid, then: Then | None, timeline: bool, follow: bool, poll: timedelta, as_json: bool
) -> None:
    """Show what happened to one job, one event a line, in order. Times are UTC.

    With --json lengths in data are whole microseconds; with --at it has the keys of `adc list`, and version.
    What happened to the database itself, such as a queue that was paused, has the id 00000000000000000000.
    """
    if (then is not None) + timeline + follow > 1:
        raise click.UsageError("--at, --timeline and --follow are three things: choose one")
    if timeline and as_json:
        raise click.UsageError("--timeline is for people: without it, --json has all that it is drawn from")
    if jid == DATABASE and (then is not None or timeline or follow):
        raise click.UsageError(f"{jid} is the database itself, and no job; adc events --follow shows what comes")
    with settings.open_existing() as opened:
        happened = history_of_job(opened, jid)
        if not happened and jid != DATABASE:
            raise unknown(jid)
        if follow:
            _tell(follow_job(opened, jid, every(poll)), as_json)
        elif timeline:
            _show_timeline(opened, history_of(opened, jid))
        elif then is not None:
            (write_then if as_json else show_then)(jid, history_of(opened, jid), then)
        elif as_json:
            _tell(happened, as_json)
        else:
            show_history(happened)


@click.command()
@click.option("--after", type=PLACE, help="Only what is behind this place in the log; end: only what comes.")
@click.option(
    "--limit", type=click.IntRange(1, MOST), metavar="N", help=f"How many.  [default: {PAGE}; with --json or -f all]"
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@polled
@as_json
@choose_settings
@pass_settings
def events(
    settings: Settings,
    after: int | Literal["end"] | None,
    limit: int | None,
    follow: bool,
    poll: timedelta,
    as_json: bool,
) -> None:
    """Show the whole log, one event a line, in order. Times are UTC.

    Whoever goes on with --after and the last SEQ that they have seen gets each event once. If events behind it were
    pruned, that is an error; without --after the events that there are are shown.
    """
    with settings.open_existing() as opened:
        gaps: Gaps = "skip" if after is None or opened.is_archive else "refuse"
        place = _place(opened.store, after)
        found = follow_log(opened, place, every(poll), gaps) if follow else read_log(opened, place, gaps)
        if follow or as_json:
            _tell(islice(found, limit), as_json)
            return
        shown = tuple(islice(found, limit or PAGE))
        show_events(shown)
        if next(found, None) is not None:
            complain(f"there are more; the next page: --after {entry_of(shown[-1]).seq}")


def _place(store: Store, after: int | Literal["end"] | None) -> int:
    last = store.last_seq()
    if after == END:
        return last
    if after is not None and after > last:
        raise Complaint(f"the log ends at {last}: is it the same file in which you have seen {after}?")
    return after or 0


def _tell(found: Iterable[Happened], as_json: bool) -> None:
    for each in found:
        if as_json:
            records.write(records.of_entry(entry_of(each)))
        else:
            click.echo(inert(line_of_event(each)))


def _show_timeline(opened: SqliteQueue, happened: Sequence[Recorded]) -> None:
    from shutil import get_terminal_size  # noqa: PLC0415  4 ms, which only --timeline pays

    glyphs = BLOCKS if can_be_shown(BLOCKS, sys.stdout.encoding) else LETTERS
    show_lines(timeline(happened, opened.clock.now(), get_terminal_size().columns, glyphs))
