"""Payloads: from the text that was typed to a job of a kind, typed by the application or unchecked."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

import click

from adc.cli.ending import Complaint
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
        return sys.stdin.buffer.read()
    return text.encode(errors="surrogateescape")  # as the shell gave them


def typed_job(kinds: Iterable[AnyJobKind], name: str, stored: bytes, wishes: Wishes) -> NewJob:
    """A job of one of the application's kinds, its payload read as the kind's type."""
    kind = _kind_of(kinds, name)
    if isinstance(kind.payload_codec, JsonCodec):
        _check_json(stored)
    match decode_with(kind.payload_codec, stored):
        case Success(payload):
            return kind.new(payload, key=wishes.key, queue=wishes.queue, priority=wishes.priority)
        case Failure(malformed):
            raise Complaint(f"the payload doesn't fit kind {name}: {malformed.problem} - at {malformed.path}")


def unchecked_job(name: str, stored: bytes, wishes: Wishes) -> NewJob:
    """A job with any JSON as its payload, and nobody's retry policy: its first failure is final."""
    _check_json(stored)
    match decode_with(codec_for(object), stored):
        case Failure(malformed):
            raise click.UsageError(f"expected a payload that a runner can read: {malformed.problem}")
        case Success():
            as_it_is = JobKind(name, bytes)
            return as_it_is.new(stored, key=wishes.key, queue=wishes.queue, priority=wishes.priority)


def _kind_of(kinds: Iterable[AnyJobKind], name: str) -> JobKind[Any, Any]:  # its types are known at run time only
    """The kind of this name, in its latest version."""
    known = tuple(kinds)
    named = [kind for kind in known if kind.name == name]
    if not named:
        listed = ", ".join(sorted({kind.name for kind in known})) or "none"
        raise Complaint(f"the application has no kind {name}; it has: {listed}")
    return cast("JobKind[Any, Any]", max(named, key=lambda kind: kind.version))


def _check_json(stored: bytes) -> None:
    """A UsageError that says where the JSON breaks; codecs only say how."""
    import json  # noqa: PLC0415  5 ms, which only this command pays

    try:
        text = stored.decode()
        json.loads(text, parse_constant=_refuse_constant, parse_int=str)  # int() reads at most 4300 digits
    except UnicodeDecodeError as error:
        raise click.UsageError(f"the payload isn't UTF-8: {error.reason} at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise click.UsageError(
            f"the payload isn't JSON: {_lowered(error.msg)} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise click.UsageError("the payload is nested too deeply") from error


def _refuse_constant(constant: str) -> NoReturn:
    raise click.UsageError(f"the payload isn't JSON: {constant} is no JSON number")


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
