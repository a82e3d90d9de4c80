"""The stored form of events, and the digests that chain them.

The class of an event is its stored form: `type` is its name, `type_version` says which shape `data` has. Nothing stored
is ever rewritten; what this adc doesn't know is reported, never skipped.
"""

from hashlib import blake2b
from typing import Final, get_args

import msgspec

from adc.core.events import Event
from adc.core.ids import Xid
from adc.core.terms import Body

TYPE_VERSION: Final = 1
"""The shape in which events are written today."""

DIGEST_BYTES: Final = 16

_encoder = msgspec.json.Encoder()
_digest_encoder = msgspec.msgpack.Encoder()
_decoders: Final[dict[tuple[str, int], msgspec.json.Decoder[Event]]] = {
    (kind.__name__, TYPE_VERSION): msgspec.json.Decoder(kind) for kind in get_args(Event)
}


class UnreadableEvent(Exception):
    """An event in the log can't be read. Its job is left as it is; nothing was skipped."""

    def __init__(self, jid: Xid, seq: int, version: int, problem: str) -> None:
        super().__init__(f"event {seq} (job {jid}, version {version}): {problem}")
        self.jid = jid
        self.seq = seq
        self.version = version
        self.problem = problem


class UnknownEvent(UnreadableEvent):
    """The event is of a type, or in a shape, that this adc doesn't know: a later adc wrote it. Update adc."""


class DamagedEvent(UnreadableEvent):
    """The event's stored form isn't what adc wrote: the file was damaged or edited."""


def encode_event(event: Event) -> str:
    """The JSON text that is stored."""
    return _encoder.encode(event).decode()


def decode_event(jid: Xid, seq: int, version: int, kind: str, kind_version: int, stored: str) -> Event:
    """The event in a row of the log; raises UnknownEvent or DamagedEvent."""
    decoder = _decoders.get((kind, kind_version))
    if decoder is None:
        raise UnknownEvent(jid, seq, version, f"type {kind} version {kind_version} is unknown to this adc")
    try:
        return decoder.decode(stored)
    except msgspec.MsgspecError as error:
        raise DamagedEvent(jid, seq, version, f"{kind}: {error}") from error


def digest(
    previous: bytes, jid: Xid, version: int, kind: str, kind_version: int, actor: str, cause: str | None, stored: str
) -> bytes:
    """The digest of an event: blake2b-128 of the msgpack array (so every field carries its length) of the previous
    event's digest, and all that is stored of this one.

    The time is in `stored`, and so is the hash of the body: erasing the bytes of a body breaks no chain. To check a
    file, pass the text that it has: encoding its event again may give another one, for msgspec leaves out a default
    value only where it is that very object.
    """
    fields = (previous, jid, version, kind, kind_version, actor, cause, stored)
    return blake2b(_digest_encoder.encode(fields), digest_size=DIGEST_BYTES).digest()


def body_of(encoded: bytes) -> Body:
    """What the core knows of a payload or a result."""
    return Body(blake2b(encoded, digest_size=DIGEST_BYTES).hexdigest(), len(encoded))
