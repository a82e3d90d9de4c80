"""Payloads: from the text that was typed to a job of a kind, typed by the application or unchecked."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

from adc.cli.ending import Complaint
from adc.codec.foreign import NotJson, parsed
from adc.codec.inspection import first_flaw
from adc.codec.payload import JsonCodec, codec_for, decode_with
from adc.core.outcome import Failure, Success
from adc.kind import AnyJobKind, JobKind, NewJob

FROM_STDIN: Final = "-"


@dataclass(frozen=True)
class Wishes:
    """What was asked for beside kind and payload; None leaves it to the kind."""

    queue: str | None
    priority: int | None
    key: str | None


def stored_text(text: str) -> bytes:
    """The bytes of what was typed, or of what stdin has if that was `-`."""
    if text == FROM_STDIN:
        return _read_stdin()
    return text.encode(errors="surrogateescape")  # as the shell gave them


def typed_job(kinds: Iterable[AnyJobKind], name: str, stored: bytes, wishes: Wishes) -> NewJob:
    """A job of one of the application's kinds, its payload read as the kind's type."""
    kind = _kind_of(kinds, name)
    json = _json_of(stored) if isinstance(kind.payload_codec, JsonCodec) else None
    match decode_with(kind.payload_codec, stored):
        case Success(payload):
            return kind.new(payload, key=wishes.key, queue=wishes.queue, priority=wishes.priority)
        case Failure(malformed):
            flaw = first_flaw(json) or malformed
            raise Complaint(f"the payload doesn't fit kind {name}: {flaw.problem} - at {flaw.path}")


def unchecked_job(name: str, stored: bytes, wishes: Wishes) -> NewJob:
    """A job with any JSON as its payload, and nobody's retry policy: its first failure is final."""
    flaw = first_flaw(_json_of(stored))
    if flaw is None and isinstance(decoded := decode_with(codec_for(object), stored), Failure):
        flaw = decoded.failure()
    if flaw is not None:
        raise Complaint(f"the payload can't be stored: {flaw.problem} - at {flaw.path}")
    return JobKind(name, bytes).new(stored, key=wishes.key, queue=wishes.queue, priority=wishes.priority)


def _kind_of(kinds: Iterable[AnyJobKind], name: str) -> JobKind[Any, Any]:  # its types are known at run time only
    """The kind of this name, in its latest version."""
    known = tuple(kinds)
    named = [kind for kind in known if kind.name == name]
    if not named:
        listed = ", ".join(sorted({kind.name for kind in known})) or "none"
        raise Complaint(f"the application has no kind {name}; it has: {listed}")
    return cast("JobKind[Any, Any]", max(named, key=lambda kind: kind.version))


def _read_stdin() -> bytes:
    if sys.stdin is None:
        raise Complaint("stdin can't be read: it is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise Complaint(f"stdin can't be read: {error.strerror}") from error


def _json_of(stored: bytes) -> object:
    """What the JSON says; a Complaint that says where it breaks: codecs only say how."""
    from json import JSONDecodeError  # noqa: PLC0415  5 ms, which only this command pays

    try:
        return parsed(stored.decode())
    except NotJson as error:
        raise Complaint(f"the payload isn't JSON: {error}") from error
    except UnicodeDecodeError as error:
        raise Complaint(f"the payload isn't UTF-8: {error.reason} at byte {error.start}") from error
    except JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Complaint(f"the payload isn't JSON: {_lowered(error.msg)} at {where}") from error
    except RecursionError as error:
        raise Complaint("the payload is nested too deeply") from error


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
