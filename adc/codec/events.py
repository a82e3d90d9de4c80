"""The stored form of events, and the digests that chain them.

The class of an event is its stored form: `type` is its name, `type_version` says which shape `data` has. Nothing stored
is ever rewritten; what this adc doesn't know is reported, never skipped.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, get_args

import msgspec
from msgspec import Struct
from typing_extensions import TypeVar, override

from adc.codec.upcasting import UPCASTS, NotUpcast, Upcasts, upcast, written_version
from adc.core.database import AnyEvent, DatabaseEvent
from adc.core.events import Event
from adc.core.ids import DATABASE, Xid
from adc.core.terms import NOTHING, Body

What = TypeVar("What", bound=AnyEvent)

DIGEST_BYTES: Final = 16

_encoder = msgspec.json.Encoder()
_digest_encoder = msgspec.msgpack.Encoder()
_versions: Final[dict[str, int]] = {
    kind.__name__: written_version(kind.__name__) for kind in (*get_args(Event), *get_args(DatabaseEvent))
}
_decoders: Final[dict[tuple[str, int], msgspec.json.Decoder[Event]]] = {
    (kind.__name__, _versions[kind.__name__]): msgspec.json.Decoder(kind) for kind in get_args(Event)
}
_database_decoders: Final[dict[tuple[str, int], msgspec.json.Decoder[DatabaseEvent]]] = {
    (kind.__name__, _versions[kind.__name__]): msgspec.json.Decoder(kind) for kind in get_args(DatabaseEvent)
}


class StoredEvent(Struct, frozen=True):
    """What the log has of an event, as it is there."""

    type: str
    type_version: int
    actor: str
    cause: str | None
    data: str


class UnreadableEvent(Exception):
    """An event in the log can't be read. Its job, or the database, is left as it is; nothing was skipped."""

    def __init__(self, jid: Xid, seq: int, version: int, problem: str) -> None:
        super().__init__(jid, seq, version, problem)
        self.jid = jid
        self.seq = seq
        self.version = version
        self.problem = problem
        self.stored: StoredEvent | None = None
        """What the log has of it, where somebody asked for that; None: nobody did."""

    @override
    def __str__(self) -> str:
        whose = "of the database" if self.jid == DATABASE else f"job {self.jid}"
        return f"event {self.seq} ({whose}, version {self.version}): {self.problem}"


class UnknownEvent(UnreadableEvent):
    """The event is of a type, or in a shape, that this adc doesn't know: a later adc wrote it. Update adc."""


class DamagedEvent(UnreadableEvent):
    """The event's stored form isn't what adc wrote: the file was damaged or edited."""


def encode_event(event: AnyEvent) -> str:
    """The JSON text that is stored."""
    return _encoder.encode(event).decode()


def type_version_of(event: AnyEvent) -> int:
    """The version of its stored form."""
    return _versions[type(event).__name__]


def decode_event(
    jid: Xid, seq: int, version: int, kind: str, kind_version: int, stored: str, upcasts: Upcasts = UPCASTS
) -> Event:
    """The event of a job in a row of the log; raises UnknownEvent or DamagedEvent."""
    return _decode(_decoders, jid, seq, version, kind, kind_version, stored, upcasts)


def decode_database_event(
    seq: int, version: int, kind: str, kind_version: int, stored: str, upcasts: Upcasts = UPCASTS
) -> DatabaseEvent:
    """The event of the database in a row of the log; raises UnknownEvent or DamagedEvent."""
    return _decode(_database_decoders, DATABASE, seq, version, kind, kind_version, stored, upcasts)


def _decode(
    decoders: Mapping[tuple[str, int], msgspec.json.Decoder[What]],
    jid: Xid,
    seq: int,
    version: int,
    kind: str,
    kind_version: int,
    stored: str,
    upcasts: Upcasts,
) -> What:
    decoder = decoders.get((kind, kind_version))
    try:
        if decoder is None:
            reached, stored = upcast(kind, kind_version, stored, upcasts)
            decoder = decoders.get((kind, reached))
        if decoder is not None:
            return decoder.decode(stored)
    except (msgspec.MsgspecError, NotUpcast) as error:
        raise DamagedEvent(jid, seq, version, f"{kind}: {error}") from error
    raise UnknownEvent(jid, seq, version, f"type {kind} version {kind_version} is unknown to this adc")


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
    if encoded == b"null":
        return NOTHING
    return Body(blake2b(encoded, digest_size=DIGEST_BYTES).hexdigest(), len(encoded))


def is_body(encoded: bytes, body: Body) -> bool:
    """Whether these are the bytes that the core knows of; 1 µs for short ones."""
    return blake2b(encoded, digest_size=DIGEST_BYTES).hexdigest() == body.hash
