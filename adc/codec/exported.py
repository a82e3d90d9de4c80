"""Exported: one job as a JSON file, its events and its bytes, to be read where there is no database."""

from base64 import b64decode, b64encode
from typing import Final

import msgspec
from msgspec import Struct

from adc.codec.events import decode_event, encode_event, type_version_of
from adc.core.events import Event
from adc.core.ids import Xid
from adc.core.transition import Recorded

FORMAT: Final = 1
"""The format of the files that are written today."""


class NotAnExport(ValueError):
    """What was read isn't an exported job, or one of a later adc."""


class StoredBytes(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Bytes as a file has them: as text if they are UTF-8, else in base64."""

    text: str | None = None
    base64: str | None = None


class ExportedEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """An event as the log has it."""

    seq: int
    version: int
    type: str
    type_version: int
    actor: str
    cause: str | None
    data: msgspec.Raw


class ExportedAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """What a durable step gave, as JSON."""

    attempt: int
    """The attempt in which it was called."""
    step: str
    answer: StoredBytes


class Exported(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job with all that is known of it."""

    format: int = FORMAT
    adc: str
    """The version of the adc that wrote it."""
    jid: Xid
    redacted: bool
    """Whether something was taken out of it, so that hashes may be those of other bytes."""
    events: tuple[ExportedEvent, ...]
    payload: StoredBytes | None
    """None: it was erased."""
    result: StoredBytes | None
    """None: there is none, or it was erased."""
    answers: tuple[ExportedAnswer, ...] = ()
    """What durable steps recorded. No step does yet."""


class _Head(Struct, frozen=True):
    """All that is certain of a later format."""

    format: int


def write_export(exported: Exported) -> str:
    """The file's text, which people can read too."""
    return msgspec.json.format(msgspec.json.encode(exported), indent=2).decode() + "\n"


def read_export(file: bytes) -> Exported:
    """The job in a file; raises NotAnExport."""
    try:
        file.decode()  # msgspec doesn't read the text of what it passes over, and keeps as it is
        head = msgspec.json.decode(file, type=_Head)
        if head.format != FORMAT:
            raise NotAnExport(f"this export has format {head.format}, this adc reads format {FORMAT}: update adc")
        return msgspec.json.decode(file, type=Exported)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotAnExport(f"this isn't a job that adc exported: {error}") from error


def exported_event(recorded: Recorded) -> ExportedEvent:
    """An event for a file, in the shape of today."""
    event = recorded.event
    data = msgspec.Raw(encode_event(event).encode())
    return ExportedEvent(
        *(recorded.seq, recorded.version, type(event).__name__, type_version_of(event)),
        *(recorded.actor, recorded.cause, data),
    )


def events_of(exported: Exported) -> tuple[Event, ...]:
    """What happened to the job; raises UnknownEvent or DamagedEvent."""
    return tuple(
        decode_event(exported.jid, each.seq, each.version, each.type, each.type_version, bytes(each.data).decode())
        for each in exported.events
    )


def as_stored(stored: bytes) -> StoredBytes:
    """Bytes for a file."""
    try:
        return StoredBytes(text=stored.decode())
    except UnicodeDecodeError:
        return StoredBytes(base64=b64encode(stored).decode())


def bytes_of(stored: StoredBytes) -> bytes:
    """The bytes again; raises NotAnExport for what isn't base64."""
    try:
        return (stored.text or "").encode() if stored.base64 is None else b64decode(stored.base64, validate=True)
    except ValueError as error:
        raise NotAnExport(f"its base64 isn't any: {error}") from error
