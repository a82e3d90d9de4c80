"""Payload codecs: a value of the declared type to bytes and back, with every refusal as a value.

What is accepted can be read back: each value is encoded and then decoded once, strictly, before anybody stores it.
"""

import re
from typing import Final, Generic, Protocol, cast, final

import msgspec
from typing_extensions import TypeForm, TypeVar, override

from adc.codec.completing import completed
from adc.codec.foreign import flaw_of_text
from adc.codec.forms import UnsupportedType as UnsupportedType
from adc.codec.forms import form_of
from adc.codec.inspection import DEPTH_LIMIT as DEPTH_LIMIT
from adc.codec.inspection import first_flaw, nests_too_deep
from adc.codec.malformed import Malformed as Malformed
from adc.codec.malformed import malformed, malformed_by
from adc.core.outcome import Failure, Outcome, Success

Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)

PAYLOAD_LIMIT: Final = 1_048_576
"""The largest payload, in bytes as stored."""

RESULT_LIMIT: Final = 65_536
"""The largest result, in bytes as stored."""

_JSON: Final = msgspec.json.Encoder()
_MSGPACK: Final = msgspec.msgpack.Encoder()
_NAIVE_TIME: Final = re.compile(rb'\d\d:\d\d:\d\d(?:\.\d+)?"')  # an aware one goes on with Z or an offset


class Decoder(Protocol[Value_co]):
    """How values of a type are read."""

    def decode(self, stored: bytes, /) -> Outcome[Value_co, Malformed]:
        """The value; a Failure when these bytes aren't one."""
        ...


class Codec(Protocol[Value]):
    """How values of a type are stored. Yours may be any object with these two methods."""

    def encode(self, value: Value, /) -> Outcome[bytes, Malformed]:
        """The bytes to store; a Failure for a value that `decode` couldn't give back."""
        ...

    def decode(self, stored: bytes, /) -> Outcome[Value, Malformed]:
        """The value; a Failure when these bytes aren't one."""
        ...


def codec_for(form: TypeForm[Value]) -> Codec[Value]:
    """The codec that a kind gets by default: for exactly `bytes` the bytes as they are, for any other type JSON.

    Raises UnsupportedType when values of the type can't be stored: a string instead of a type, a class that msgspec
    doesn't know, a union whose members can't be told apart.
    """
    declared: object = form  # mypy holds that a TypeForm can't be a class
    if declared is bytes:
        return cast("Codec[Value]", BytesCodec())  # Value is bytes here, and no checker narrows a type variable
    return JsonCodec(form)


@final
class BytesCodec:
    """Bytes stored as they are."""

    __slots__ = ()

    def encode(self, value: bytes, /) -> Outcome[bytes, Malformed]:
        """The same bytes; a Failure for anything else, bytearray included: it could change after it was stored."""
        if _is_bytes(value):
            return Success(value)
        return Failure(malformed("$", f"Expected `bytes`, got `{type(value).__name__}`"))

    def decode(self, stored: bytes, /) -> Outcome[bytes, Malformed]:
        """The same bytes."""
        return Success(stored)


@final
class JsonCodec(Generic[Value]):
    """JSON text by msgspec.

    A dataclass of three fields takes 3 to 5 µs to encode and 1 to 2 to decode, of which `Success` is 0.6 (CPython
    3.11). A value that looks odd is walked, at 2 µs a part.

    Three things come back changed. Under `Any` and `object` a value is as JSON has it: a tuple is a list, a datetime is
    text, and so is the key 1. An instance of a subclass is one of the declared class. Bytes, dates and UUIDs put
    where `str` is declared are text: a type checker refuses them, the JSON doesn't show them.
    """

    __slots__ = ("_decoder", "_form", "_has_any_keys", "_has_defaults", "_holds_moments", "_of_none")

    def __init__(self, form: TypeForm[Value]) -> None:
        self._form = form
        found = form_of(form)
        self._holds_moments = found.holds_moments
        self._has_defaults = found.has_defaults
        self._has_any_keys = found.has_any_keys
        self._decoder: msgspec.json.Decoder[Value] = msgspec.json.Decoder(form, strict=True)
        self._of_none: Outcome[bytes, Malformed] | None = None
        """What becomes of None, which most handlers return: found once."""

    @override
    def __reduce__(self) -> tuple[type["JsonCodec[Value]"], tuple[TypeForm[Value]]]:
        """To another process goes the type, by its name."""
        return (JsonCodec, (self._form,))

    def encode(self, value: Value, /) -> Outcome[bytes, Malformed]:
        """The JSON; a Failure, with the path, for what readers wouldn't get back.

        That is: NaN and infinities, lone surrogates, integers beyond 64 bits, keys that JSON has as one, nesting beyond
        DEPTH_LIMIT, datetimes and times without a zone, values of another type than declared, and objects that msgspec
        can't write.
        """
        if value is not None:
            return self._encoded(value)
        if self._of_none is None:
            self._of_none = self._encoded(value)
        return self._of_none

    def _encoded(self, value: Value) -> Outcome[bytes, Malformed]:
        try:
            stored = _JSON.encode(value)
            read_back = self._decoder.decode(stored)
        except Exception as error:  # noqa: BLE001  the value's own code runs here: properties, __post_init__
            return Failure(first_flaw(value) or malformed_by(error))
        may_double = self._has_any_keys and _JSON.encode(read_back) != stored
        if not self._looks_odd(stored) and not _may_lose(value, stored, read_back) and not may_double:
            return Success(stored)
        flaw = first_flaw(value) or (flaw_of_text(stored) if may_double else None)
        return Success(stored) if flaw is None else Failure(flaw)

    def decode(self, stored: bytes, /) -> Outcome[Value, Malformed]:
        """The value; a Failure for bytes that aren't JSON, or not of the type. Unknown fields are passed over.

        JSON that adc didn't write may also have what `encode` refuses, or a name twice: a Failure, too.
        """
        try:
            stored.decode()  # msgspec doesn't read the text of fields that it passes over: it may not be UTF-8
            value = self._decoder.decode(stored)
            if self._looks_odd(stored) or not _is_own(value, stored):
                flaw = flaw_of_text(stored) or first_flaw(value)
                if flaw is not None:
                    return Failure(flaw)
            return Success(completed(value) if self._has_defaults else value)
        except Exception as error:  # noqa: BLE001  __post_init__ runs here
            return Failure(malformed_by(error))

    def _looks_odd(self, stored: bytes) -> bool:
        """Whether the text could hold what no reader should meet, though it was read back without complaint."""
        naive = self._holds_moments and _NAIVE_TIME.search(stored) is not None
        return naive or b'nan":' in stored or b'inf":' in stored or nests_too_deep(stored)


def _is_own(value: object, stored: bytes) -> bool:
    """Whether adc would write these bytes for the value, as it did if it wrote them. It takes 1 µs for a small one."""
    try:
        _MSGPACK.encode(value)  # which refuses integers beyond 64 bits
        return _JSON.encode(value) == stored
    except Exception:  # noqa: BLE001  the value's own code runs here
        return False


def _may_lose(value: object, stored: bytes, read_back: object) -> bool:
    """Whether the JSON perhaps says something else than the value; False is certain.

    MessagePack refuses integers beyond 64 bits and keeps apart NaN and None, which are both null in JSON. `==` wouldn't
    do: a dataclass can leave fields out of it. A pattern for long numbers in the text would take longer.
    """
    try:
        packed = _MSGPACK.encode(value)
        return b"null" in stored and packed != _MSGPACK.encode(read_back)
    except Exception:  # noqa: BLE001  also for moments at the edges of year 1 and 9999, which JSON can write
        return True


def encode_within(codec: Codec[Value], value: Value, limit: int) -> Outcome[bytes, Malformed]:
    """The value as bytes by any codec, a user's too; a Failure when they are more than `limit`.

    An exception of the codec, or an answer that is none, is a Failure too.
    """
    try:
        outcome = codec.encode(value)
    except Exception as error:  # noqa: BLE001  a user's codec may raise anything
        return Failure(malformed_by(error))
    problem = _problem_of(outcome) or _excess(outcome, limit)
    return outcome if problem is None else Failure(malformed("$", problem))


def decode_with(codec: Decoder[Value], stored: bytes) -> Outcome[Value, Malformed]:
    """The value by any codec, a user's too. An exception of the codec, or an answer that is none, is a Failure."""
    try:
        outcome = codec.decode(stored)
    except Exception as error:  # noqa: BLE001  a user's codec may raise anything
        return Failure(malformed_by(error))
    problem = _problem_of(outcome)
    return outcome if problem is None else Failure(malformed("$", problem))


def _problem_of(outcome: object) -> str | None:
    """What is wrong with a codec's answer itself: nothing holds a user's codec to its types at run time."""
    kind: type[object] = type(outcome)
    if isinstance(outcome, Success):
        return None
    if isinstance(outcome, Failure) and isinstance(outcome.failure(), Malformed):
        return None
    return f"the codec gave {kind.__name__}, neither Success nor Failure of Malformed"


def _excess(outcome: Outcome[bytes, Malformed], limit: int) -> str | None:
    if not isinstance(outcome, Success):
        return None
    stored = outcome.unwrap()
    if not _is_bytes(stored):
        return f"the codec gave Success of {type(stored).__name__}, not of bytes"
    return f"{len(stored)} bytes, more than the limit of {limit}" if len(stored) > limit else None


def _is_bytes(given: object) -> bool:
    """Asked of what is declared as bytes: nothing holds a caller or a codec to that at run time."""
    return isinstance(given, bytes)
