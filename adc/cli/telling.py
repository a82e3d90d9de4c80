"""adc show: one job, in full."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import click

from adc.cli import records
from adc.cli.inert import inert, shortened
from adc.cli.life import Life, life_of
from adc.cli.parameters import JID, as_json
from adc.cli.sentences import said_of, when
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.tables import show_fields
from adc.core.ids import Xid
from adc.core.instants import datetime_of

MOST_SHOWN: Final = 2_000
"""So many characters of a payload or result are shown to people."""


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
