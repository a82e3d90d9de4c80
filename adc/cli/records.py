"""Records: what `--json` writes, one object a line; keys may be added, never renamed or taken away."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Final, TypeAlias

import click

from adc.cli.life import DeadLetter, Life
from adc.cli.times import iso
from adc.core.instants import Instant, datetime_of
from adc.core.terms import Fault
from adc.reading import JobRow, LogEntry

Record: TypeAlias = Mapping[str, object]

MOMENTS: Final = ("due",)
"""Fields of events that are moments."""


def write(record: Record) -> None:
    """Write one line, in ASCII: nothing in it can move a terminal's cursor."""
    import json  # noqa: PLC0415  5 ms, which only --json pays

    click.echo(json.dumps(record, ensure_ascii=True))


def of_row(row: JobRow) -> Record:
    """A job in `adc list`."""
    return {
        "jid": row.jid,
        "kind": row.kind,
        "queue": row.queue,
        "state": row.state,
        "priority": row.priority,
        "attempt": row.attempt,
        "retries": row.retries,
        "due": None if row.due is None else iso(row.due),
        "reason": row.reason,
        "key": row.key,
    }


def of_letter(letter: DeadLetter) -> Record:
    """A dead letter in `adc dead`."""
    row, fault = letter.row, letter.fault
    return {
        "jid": row.jid,
        "kind": row.kind,
        "queue": row.queue,
        "reason": row.reason,
        "attempt": row.attempt,
        "retries": row.retries,
        "died_at": iso(letter.died_at),
        "error": _error(fault),
        "message": None if fault is None else fault.message,
    }


def of_entry(entry: LogEntry) -> Record:
    """An event in `adc history`; delays and limits in `data` are whole microseconds."""
    data = dict(entry.data)
    for name in MOMENTS:
        moment = data.get(name)
        if isinstance(moment, int):
            data[name] = iso(datetime_of(Instant(moment)))
    return {
        "seq": entry.seq,
        "jid": entry.jid,
        "version": entry.version,
        "at": iso(entry.at),
        "type": entry.type,
        "actor": entry.actor,
        "cause": entry.cause,
        "data": data,
    }


def of_life(life: Life) -> Record:
    """A job in `adc show`; `payload` and `result` are the text that is stored, or base64 if it isn't text."""
    row, terms = life.row, life.terms
    return {
        **of_row(row),
        "scheduled_at": iso(life.scheduled_at),
        "changed_at": iso(life.changed_at),
        "max_retries": terms.retry.max_retries,
        "crashes": life.tally.crashes,
        "payload_version": terms.payload_version,
        "payload_size": terms.payload.size,
        **_stored("payload", life.payload),
        **_stored("result", life.result),
        "error": _error(life.fault),
        "message": None if life.fault is None else life.fault.message,
        "traceback": None if life.fault is None else life.fault.traceback,
        "meta": dict(terms.meta),
    }


def _error(fault: Fault | None) -> str | None:
    """The full name of the exception's class."""
    return fault.names[0] if fault is not None and fault.names else None


def _stored(name: str, stored: bytes | None) -> Record:
    text, encoded = None, None
    if stored is not None:
        try:
            text = stored.decode()
        except UnicodeDecodeError:
            encoded = b64encode(stored).decode()
    return {name: text, f"{name}_base64": encoded}
