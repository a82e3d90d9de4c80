"""adc show and history: one job, in full."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import click

from adc.cli import records
from adc.cli.inert import inert, shortened
from adc.cli.life import Life, history_of, life_of
from adc.cli.parameters import JID, as_json
from adc.cli.sentences import attempt_of, said_of, says, when
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.tables import Column, show_fields, show_table, to_a_terminal
from adc.cli.times import stamp
from adc.core.ids import Xid
from adc.core.instants import datetime_of
from adc.core.transition import Recorded
from adc.reading import log_entry

MOST_SHOWN: Final = 2_000
"""So many characters of a payload or result are shown to people."""

TIME: Final = "TIME"
BEFORE_TIME: Final = (Column("SEQ", is_number=True),)
AFTER_TIME: Final = (
    Column("EVENT"),
    Column("ATTEMPT", is_number=True),
    Column("ACTOR", least=10),
    Column("SAYS", least=16),
)


@click.command()
@click.argument("jid", type=JID)
@as_json
@choose_settings
@pass_settings
def show(settings: Settings, jid: Xid, as_json: bool) -> None:
    """Show one job: its state, its payload, its result, and what went wrong last.

    With --json payload and result are JSON values if JSON is stored, else text; bytes that aren't text are base64, in
    payload_base64 and result_base64.
    """
    with settings.open_existing() as opened:
        life = life_of(opened, jid)
        now = datetime_of(opened.clock.now())
    if as_json:
        records.write(records.of_life(life))
        return
    show_fields(tuple(_fields(life, now)))
    if life.fault is not None and life.fault.traceback:
        click.echo("traceback")
        for line in life.fault.traceback.splitlines():
            click.echo(f"  {inert(line)}")


@click.command()
@click.argument("jid", type=JID)
@as_json
@choose_settings
@pass_settings
def history(settings: Settings, jid: Xid, as_json: bool) -> None:
    """Show what happened to one job, one event a line, in order. Times are UTC.

    With --json lengths in data are whole microseconds.
    """
    with settings.open_existing() as opened:
        happened = history_of(opened, jid)
    if as_json:
        for recorded in happened:
            records.write(records.of_entry(log_entry(recorded)))
    else:
        show_history(happened)


def show_history(happened: Sequence[Recorded]) -> None:
    """Show events as a table. In a terminal, where there is little room, a day that all have in common is a title."""
    times = [stamp(datetime_of(recorded.event.at)) for recorded in happened]
    days = {time.partition("T")[0] for time in times}
    title = TIME
    if to_a_terminal() and len(days) == 1:
        title = f"{days.pop()} UTC"
        times = [time.partition("T")[2].removesuffix("Z") for time in times]
    columns = (*BEFORE_TIME, Column(title), *AFTER_TIME)
    show_table(columns, [_cells(recorded, time) for recorded, time in zip(happened, times, strict=True)])


def _cells(recorded: Recorded, time: str) -> Sequence[str]:
    event = recorded.event
    return (str(recorded.seq), time, type(event).__name__, attempt_of(event), recorded.actor, says(event))


def _fields(life: Life, now: datetime) -> Iterator[tuple[str, str]]:
    row, terms = life.row, life.terms
    yield "job", row.jid
    yield "state", row.state if row.reason is None else f"{row.state}: {row.reason}"
    if row.due is not None:
        yield "due", when(row.due, now)
    yield "kind", terms.kind if terms.payload_version == 1 else f"{terms.kind}, version {terms.payload_version}"
    yield "queue", terms.queue
    yield "priority", str(terms.priority)
    if terms.key is not None:
        yield "key", terms.key
    yield from terms.meta
    yield "attempts", f"{row.attempt}; {row.retries} of {terms.retry.max_retries} retries, {life.tally.crashes} crashes"
    yield "scheduled", when(life.scheduled_at, now)
    yield "changed", when(life.changed_at, now)
    yield "payload", _stored_text(life.payload)
    if life.result is not None:
        yield "result", _stored_text(life.result)
    if life.fault is not None:
        yield "failure", said_of(life.fault)


def _stored_text(stored: bytes | None) -> str:
    """Text as it is, if it is text and short enough; else its size too."""
    if stored is None:
        return "erased"
    try:
        text = stored.decode()
    except UnicodeDecodeError:
        return f"{len(stored)} bytes that aren't text (--json has them)"
    return text if len(text) <= MOST_SHOWN else f"{shortened(text, MOST_SHOWN)} ({len(stored)} bytes; --json has all)"
