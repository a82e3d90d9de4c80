"""Exporting: one job with all that is known of it, as the text of a file; a hook takes out what mustn't leave."""

from collections.abc import Callable
from functools import partial
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from adc import system
from adc.codec.events import body_of
from adc.codec.exported import Exported, StoredBytes, as_stored, bytes_of, exported_event, write_export
from adc.core.events import (
    Event,
    JobCancelled,
    JobCrashed,
    JobDied,
    JobDone,
    JobReleased,
    JobRetried,
    JobScheduled,
)
from adc.core.ids import Xid
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import NotFound
from adc.core.terms import Body, Fault
from adc.core.transition import Recorded
from adc.ports.store import Store

Part: TypeAlias = Literal["payload", "result", "message", "traceback", "key", "meta", "cause", "actor"]
"""What a text is of that an export may have: a message is that of a failure, or says why a job was given back."""

Redact: TypeAlias = Callable[[Part, str], str]
"""Gives the text that is to stand in a file instead; the same one, where nothing must be taken out.

Bytes that aren't UTF-8 come, and are given back, in base64. A payload should still be one of its kind's type.
"""

_PAYLOAD: Final = 1
"""The version of the event that has the payload beside it."""


def export_job(store: Store, jid: Xid, redact: Redact | None) -> Outcome[str, NotFound]:
    """The text of the file. What the hook raises comes out."""
    history = store.history(jid)
    if not history:
        return Failure(NotFound(jid))
    if redact is not None:
        redact = _held_to_texts(redact)
    done = next((each.version for each in history if isinstance(each.event, JobDone)), None)
    payload = _redacted("payload", store.body(jid, _PAYLOAD), redact)
    result = None if done is None else _redacted("result", store.body(jid, done), redact)
    told = history if redact is None else tuple(_told(each, payload, result, redact) for each in history)
    exported = Exported(
        adc=system.version(),
        jid=jid,
        redacted=redact is not None,
        events=tuple(map(exported_event, told)),
        payload=payload,
        result=result,
    )
    return Success(write_export(exported))


def _held_to_texts(redact: Redact) -> Redact:
    """The same hook; nothing else holds it to its types at run time."""

    def held(part: Part, text: str) -> str:
        kept: object = redact(part, text)
        if not isinstance(kept, str):
            raise TypeError(f"expected the text that is to stand in the file, got {type(kept).__name__} for a {part}")
        return kept

    return held


def _redacted(part: Part, stored: bytes | None, redact: Redact | None) -> StoredBytes | None:
    if stored is None:
        return None
    kept = as_stored(stored)
    if redact is None:
        return kept
    if kept.base64 is not None:
        return StoredBytes(base64=redact(part, kept.base64))
    return StoredBytes(text=redact(part, kept.text or ""))


def _told(recorded: Recorded, payload: StoredBytes | None, result: StoredBytes | None, redact: Redact) -> Recorded:
    """The event without what the hook takes out. A hash tells of its bytes, so it is that of those that are left."""
    return replace(
        recorded,
        actor=redact("actor", recorded.actor),
        cause=None if recorded.cause is None else redact("cause", recorded.cause),
        event=_told_event(recorded.event, payload, result, redact),
    )


def _told_event(event: Event, payload: StoredBytes | None, result: StoredBytes | None, redact: Redact) -> Event:
    match event:
        case JobScheduled(terms=terms):
            key = None if terms.key is None else redact("key", terms.key)
            meta = tuple((name, redact("meta", text)) for name, text in terms.meta)
            kept = replace(terms, payload=_body(terms.payload, payload), key=key, meta=meta)
            return replace(event, terms=kept)
        case JobDone(result=body):
            return replace(event, result=_body(body, result))
        case JobRetried(fault=fault) | JobDied(fault=Fault() as fault) | JobCancelled(fault=Fault() as fault):
            return replace(event, fault=_told_fault(fault, redact))
        case JobReleased(why=why):
            return replace(event, why=redact("message", why))
        case JobCrashed(because=because):
            return replace(event, because=redact("message", because))
        case _:
            return event


def _body(known: Body, kept: StoredBytes | None) -> Body:
    return Body("", known.size) if kept is None else body_of(bytes_of(kept))


def _told_fault(fault: Fault, redact: Redact) -> Fault:
    tell = partial(_or_empty, redact)
    return replace(fault, message=tell("message", fault.message), traceback=tell("traceback", fault.traceback))


def _or_empty(redact: Redact, part: Part, text: str) -> str:
    """An empty text has nothing to take out."""
    return redact(part, text) if text else text
