"""Records: what `--json` writes, one object a line; keys may be added, never renamed or taken away."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, TypeAlias, final

import click

from adc.cli.life import DeadLetter, Life
from adc.cli.times import iso
from adc.codec.payload import codec_for, decode_with
from adc.core.instants import Instant, datetime_of
from adc.core.outcome import Success
from adc.core.terms import Fault
from adc.reading import JobRow, LogEntry
from adc.runners import RunnerRow


@final
class Json(str):
    """JSON that was stored: it is written as it is, so that no digit of a number is lost."""


Record: TypeAlias = Mapping[str, object]

MOMENTS: Final = ("due",)
"""Fields of events that are moments."""


def write(record: Record) -> None:
    """Write one line, in ASCII: nothing in it can move a terminal's cursor."""
    import json  # noqa: PLC0415  5 ms, which only --json pays

    fields = ", ".join(
        f"{json.dumps(name)}: {_in_a_line(value) if isinstance(value, Json) else json.dumps(value)}"
        for name, value in record.items()
    )
    click.echo(f"{{{fields}}}")


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
        "ended": None if row.ended is None else iso(row.ended),
        "reason": row.reason,
        "key": row.key,
    }


def of_runner(row: RunnerRow) -> Record:
    """A runner in `adc runners`."""
    return {
        "runner": row.runner,
        "driver": row.driver,
        "host": row.host,
        "pid": row.pid,
        "started": iso(row.started_at),
        "last_beat": None if row.beat_at is None else iso(row.beat_at),
        "jobs": row.jobs,
        "gone": row.gone,
        "queues": list(row.queues),
        "kinds": [{"kind": kind, "payload_version": version} for kind, version in row.kinds],
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
    """An event in `adc history` and `adc events`; delays and limits in `data` are whole microseconds."""
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
        "state": entry.state,
        "actor": entry.actor,
        "cause": entry.cause,
        "data": data,
    }


def of_life(life: Life) -> Record:
    """A job in `adc show`; `payload` and `result` are JSON if that is stored, else text, else in base64 beside them."""
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
        else:
            text = Json(text) if isinstance(decode_with(codec_for(object), stored), Success) else text
    return {name: text, f"{name}_base64": encoded}


def _in_a_line(json: Json) -> str:
    """In ASCII and without line breaks: they stand between values only, other characters within texts only."""
    return re.sub("[^ -~]+", _escaped, json.translate(dict.fromkeys(map(ord, "\n\r\t"), " ")))


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
